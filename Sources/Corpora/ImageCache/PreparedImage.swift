import Images

/// An image as its form prepares it: 8-bit RGB, `[height, width, 3]`, in an array or in the cache.
struct PreparedImage: Sendable {
    /// Columns and rows.
    struct Size: Sendable, Equatable {
        let width: Int
        let height: Int

        init(_ width: Int, _ height: Int) { (self.width, self.height) = (width, height) }

        /// Both in one number.
        init(bits: UInt32) { self.init(Int(bits >> 16), Int(bits & 0xFFFF)) }
        var bits: UInt32 { UInt32(width) << 16 | UInt32(height) }
    }

    /// The value in −1…1 of each byte.
    private static let values = (0..<256).map { Float($0) / 127.5 - 1 }

    private enum Place: Sendable {
        case array([UInt8])
        /// Bytes that do not change any more and live as long as the cache.
        case cache(UInt, count: Int, ImageCache)
    }

    let size: Size
    private let place: Place

    init(_ image: Image) {
        size = Size(image.width, image.height)
        place = .array(image.pixels)
    }

    /// - Parameter slot: begins with the pixels.
    init(size: Size, at slot: UnsafeRawBufferPointer, of cache: ImageCache) {
        self.size = size
        place = .cache(UInt(bitPattern: slot.baseAddress), count: size.width * size.height * 3, cache)
    }

    /// Lends the pixels, row by row, `height × width × 3`.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch place {
        case .array(let pixels): pixels.withUnsafeBytes(body)
        case .cache(let address, let count, let cache):
            withExtendedLifetime(cache) {
                body(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count))
            }
        }
    }

    /// The top left corner of a crop of `side`.
    /// - Parameter place: 0 ..< 1 of the free space to the right and downward.
    private func corner(_ place: SIMD2<Float>, side: Int) -> (x: Int, y: Int) {
        func start(_ place: Float, _ length: Int) -> Int { min(Int(place * Float(length - side + 1)), length - side) }
        return (start(place.x, size.width), start(place.y, size.height))
    }

    /// A square crop as an image.
    func window(at place: SIMD2<Float>, side: Int) -> Image {
        let corner = corner(place, side: side)
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

    /// Writes a square crop to `output`, `[side, side, 3]` values in −1…1.
    /// - Parameter flipped: whether it is mirrored left to right.
    func write(window place: SIMD2<Float>, side: Int, flipped: Bool, to output: UnsafeMutablePointer<Float>) {
        let corner = corner(place, side: side)
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
