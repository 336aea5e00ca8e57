extension Image {
    /// The rectangle with its top left corner at (x, y).
    ///
    /// - Precondition: the rectangle is not empty and is within the image.
    public func cropped(x: Int, y: Int, width: Int, height: Int) -> Image {
        precondition(
            x >= 0 && y >= 0 && width > 0 && height > 0 && x <= self.width - width && y <= self.height - height,
            "\(width)×\(height) at (\(x), \(y)) is not within \(self.width)×\(self.height)")
        var samples: [UInt8] = []
        samples.reserveCapacity(width * height * 3)
        for row in y..<y + height {
            let begin = (row * self.width + x) * 3
            samples += pixels[begin..<begin + width * 3]
        }
        return Image(width: width, height: height, pixels: samples)
    }

    /// The image mirrored left to right.
    public func mirrored() -> Image {
        let right = width - 1
        return rearranged(width: width, height: height) { x, y in (right - x, y) }
    }

    /// The image whose pixel (x, y) is this one's pixel `source(x, y)`, which must be within the image.
    @inline(__always)
    func rearranged(width: Int, height: Int, from source: (Int, Int) -> (x: Int, y: Int)) -> Image {
        let count = width * height * 3
        let samples = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            pixels.withUnsafeBufferPointer { pixels in
                var to = 0
                for y in 0..<height {
                    for x in 0..<width {
                        let at = source(x, y)
                        let from = (at.y * self.width + at.x) * 3
                        target[to] = pixels[from]
                        target[to + 1] = pixels[from + 1]
                        target[to + 2] = pixels[from + 2]
                        to += 3
                    }
                }
            }
            initialized = count
        }
        return Image(width: width, height: height, pixels: samples)
    }
}
