import Glibc

extension Image {
    /// The image after a Gaussian blur, whose kernel ends at three standard deviations and is normalized. Beyond its edges, the
    /// image continues with its outermost samples.
    ///
    /// - Parameter deviation: the standard deviation, in pixels.
    func blurred(deviation: Float) -> Image {
        // Of a smaller kernel, all samples but the middle one have less than a seven-hundredth of the weight, too little to change
        // an 8-bit level; and its weights may underflow.
        guard deviation >= 0.25 else { return self }
        let radius = Int((3 * deviation).rounded(.up))
        let weights = (-radius...radius).map { exp(-Float($0 * $0) / (2 * deviation * deviation)) }
        let sum = weights.reduce(0, +)
        let kernel = weights.map { $0 / sum }
        let count = width * 3
        return mappingSamples { samples, blurred in
            // A row after the blur along columns, with `radius` pixels more on either side.
            var row = [Float](repeating: 0, count: count + 6 * radius)
            var sums = [Float](repeating: 0, count: count)
            for y in 0..<height {
                for i in row.indices { row[i] = 0 }
                for (offset, weight) in kernel.enumerated() {
                    let source = min(max(y + offset - radius, 0), height - 1) * count
                    for i in 0..<count { row[3 * radius + i] += weight * Float(samples[source + i]) }
                }
                for i in 0..<3 * radius {
                    row[i] = row[3 * radius + i % 3]
                    row[3 * radius + count + i] = row[3 * radius + count - 3 + i % 3]
                }
                for i in sums.indices { sums[i] = 0 }
                for (offset, weight) in kernel.enumerated() {
                    for i in 0..<count { sums[i] += weight * row[3 * offset + i] }
                }
                for i in 0..<count { blurred[y * count + i] = UInt8(nearest: sums[i]) }
            }
        }
    }

    /// The image reduced by area, to at least one pixel a side, and enlarged to its size again by bicubic interpolation.
    ///
    /// - Parameter factor: of the reduction of each side, at least 1.
    func downsampled(factor: Float) -> Image {
        func reduced(_ side: Int) -> Int { max(1, Int((Float(side) / factor).rounded())) }
        return resized(width: reduced(width), height: reduced(height), filter: .box)
            .resized(width: width, height: height, filter: .bicubic)
    }

    /// The image after it was compressed as JPEG.
    ///
    /// - Precondition: libjpeg-turbo is installed; the image has at most 32,768 pixels a side and 64 million in all.
    func compressedAsJPEG(quality: Int) -> Image {
        do {
            return try Image(decoding: jpegData(quality: quality), named: "an image compressed as JPEG")
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
