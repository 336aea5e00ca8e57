/// An image: 8-bit sRGB without alpha, `[height, width, 3]`, rows from the top, samples in the order R, G, B.
public struct Image: Sendable, Equatable {
    /// Width in pixels, at least 1.
    public let width: Int
    /// Height in pixels, at least 1.
    public let height: Int
    /// The samples, `[height, width, 3]`.
    public internal(set) var pixels: [UInt8]

    /// An image with the given samples.
    ///
    /// - Precondition: width and height are positive and `pixels` has `height × width × 3` samples.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0, "an image has at least one pixel")
        precondition(pixels.count == width * height * 3, "\(pixels.count) samples for \(width)×\(height)×3")
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// An image of one colour.
    ///
    /// - Precondition: width and height are positive.
    public init(width: Int, height: Int, color: RGB) {
        precondition(width > 0 && height > 0, "an image has at least one pixel")
        let count = width * height * 3
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { samples, initialized in
            Self.fill(samples, count: count, with: color)
            initialized = count
        }
        self.init(width: width, height: height, pixels: pixels)
    }

    /// An image from samples in −1…1, `[height, width, 3]`; others are clamped.
    ///
    /// - Precondition: as for `init(width:height:pixels:)`.
    public init(width: Int, height: Int, values: some Collection<Float>) {
        self.init(
            width: width, height: height, pixels: values.map { UInt8(max(0, min(255, ($0 * 127.5 + 127.5).rounded()))) }
        )
    }

    /// The samples scaled to −1…1, `[height, width, 3]`: what networks read.
    public var values: [Float] { pixels.map { Float($0) / 127.5 - 1 } }

    /// Fills RGB samples with one colour.
    static func fill(_ samples: UnsafeMutableBufferPointer<UInt8>, count: Int, with color: RGB) {
        for i in stride(from: 0, to: count, by: 3) {
            samples[i] = color.red
            samples[i + 1] = color.green
            samples[i + 2] = color.blue
        }
    }
}
