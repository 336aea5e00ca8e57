import Images

/// A preprocessed image: 8-bit RGB, `[height, width, 3]`, stored in an array or in the cache.
struct PreparedImage: Sendable {
    /// Width and height in pixels.
    struct Size: Sendable, Equatable {
        let width: Int
        let height: Int

        init(_ width: Int, _ height: Int) { (self.width, self.height) = (width, height) }

        /// Both packed into 32 bits, as the cache file stores them.
        init(bits: UInt32) { self.init(Int(bits >> 16), Int(bits & 0xFFFF)) }
        var bits: UInt32 { UInt32(width) << 16 | UInt32(height) }
    }

    /// The value of each byte, scaled to −1…1.
    private static let values = (0..<256).map { Float($0) / 127.5 - 1 }

    private enum Storage: Sendable {
        case array([UInt8])
        /// Address of bytes that no longer change and live as long as their owner.
        case cache(UInt, count: Int, owner: any AnyObject & Sendable)
    }

    let size: Size
    private let storage: Storage

    init(_ image: Image) {
        size = Size(image.width, image.height)
        storage = .array(image.pixels)
    }

    /// An image in the cache.
    /// - Parameter slot: memory that begins with the pixels and lives as long as `owner`.
    init(size: Size, at slot: UnsafeRawBufferPointer, ownedBy owner: any AnyObject & Sendable) {
        self.size = size
        storage = .cache(UInt(bitPattern: slot.baseAddress), count: size.width * size.height * 3, owner: owner)
    }

    /// Calls `body` with the pixels, `[height, width, 3]`.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch storage {
        case .array(let pixels): pixels.withUnsafeBytes(body)
        case .cache(let address, let count, let owner):
            withExtendedLifetime(owner) {
                body(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count))
            }
        }
    }

    /// The top left corner of a square crop.
    /// - Parameter window: position of the crop, each coordinate a fraction in 0 ..< 1 of the free space, from the top
    ///   left.
    private func corner(_ window: SIMD2<Float>, side: Int) -> (x: Int, y: Int) {
        func start(_ fraction: Float, _ length: Int) -> Int {
            min(Int(fraction * Float(length - side + 1)), length - side)
        }
        return (start(window.x, size.width), start(window.y, size.height))
    }

    /// A square crop as an image.
    func cropped(at window: SIMD2<Float>, side: Int) -> Image {
        let corner = corner(window, side: side)
        return withBytes { bytes in
            var pixels: [UInt8] = []
            pixels.reserveCapacity(side * side * 3)
            for row in corner.y..<corner.y + side {
                let start = (row * size.width + corner.x) * 3
                pixels += bytes[start..<start + side * 3]
            }
            return Image(width: side, height: side, pixels: pixels)
        }
    }

    /// Writes a square crop to `output`, `[side, side, 3]`, scaled to −1…1.
    /// - Parameter flipped: whether the crop is mirrored left to right.
    func write(at window: SIMD2<Float>, side: Int, flipped: Bool, to output: UnsafeMutablePointer<Float>) {
        let corner = corner(window, side: side)
        withBytes { bytes in
            PreparedImage.values.withUnsafeBufferPointer { values in
                for row in 0..<side {
                    let start = ((corner.y + row) * size.width + corner.x) * 3
                    let source = UnsafeRawBufferPointer(rebasing: bytes[start..<start + side * 3])
                    let target = output + row * side * 3
                    if flipped {
                        for column in 0..<side {
                            let from = (side - 1 - column) * 3
                            target[column * 3] = values[Int(source[from])]
                            target[column * 3 + 1] = values[Int(source[from + 1])]
                            target[column * 3 + 2] = values[Int(source[from + 2])]
                        }
                    } else {
                        for index in 0..<side * 3 { target[index] = values[Int(source[index])] }
                    }
                }
            }
        }
    }
}
