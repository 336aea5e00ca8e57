import Glibc
import Images

// Measures of an image against the one it should be, of the same size.
extension Image {
    /// The peak signal-to-noise ratio to another image, in dB, from the mean squared difference of all samples and a peak of
    /// 255. Infinite for equal images.
    ///
    /// - Precondition: the sizes are equal.
    public func peakSignalToNoiseRatio(to other: Image) -> Double {
        requireSize(of: other)
        var sum = 0
        for (a, b) in zip(pixels, other.pixels) {
            let difference = Int(a) - Int(b)
            sum += difference * difference
        }
        return 10 * log10(255 * 255 * Double(pixels.count) / Double(sum))
    }

    /// The structural similarity to another image, −1…1 and 1 for equal images (Wang et al., "Image Quality Assessment: From
    /// Error Visibility to Structural Similarity", 2004): the mean over pixels and channels, with Gaussian windows of 11 × 11
    /// pixels and a standard deviation of 1.5 that are within the image, K₁ = 0.01 and K₂ = 0.03.
    ///
    /// scikit-image's `structural_similarity` gives the same with `gaussian_weights=True, sigma=1.5,
    /// use_sample_covariance=False, data_range=255`.
    ///
    /// - Returns: nil if a side is shorter than a window, 11 pixels.
    /// - Precondition: the sizes are equal.
    public func structuralSimilarity(to other: Image) -> Double? {
        requireSize(of: other)
        let radius = 5
        let window = 2 * radius + 1
        guard min(width, height) >= window else { return nil }
        let weights = (-radius...radius).map { exp(-Double($0 * $0) / (2 * 1.5 * 1.5)) }
        let kernel = weights.map { $0 / weights.reduce(0, +) }
        let (c1, c2) = (pow(0.01 * 255, 2), pow(0.03 * 255, 2))
        let row = width * 3
        let valid = row - 6 * radius
        // Weighted sums along columns of a, b, a², b² and ab, in the lanes of a vector.
        var columns = [SIMD8<Double>](repeating: .zero, count: row)
        var total = 0.0
        for top in 0...height - window {
            for i in 0..<row {
                var sum = SIMD8<Double>.zero
                for offset in 0..<window {
                    let at = (top + offset) * row + i
                    let (a, b) = (Double(pixels[at]), Double(other.pixels[at]))
                    sum += kernel[offset] * SIMD8(a, b, a * a, b * b, a * b, 0, 0, 0)
                }
                columns[i] = sum
            }
            for i in 0..<valid {
                var sum = SIMD8<Double>.zero
                for offset in 0..<window { sum += kernel[offset] * columns[i + 3 * offset] }
                let (a, b) = (sum[0], sum[1])
                let (varianceA, varianceB, covariance) = (sum[2] - a * a, sum[3] - b * b, sum[4] - a * b)
                total +=
                    (2 * a * b + c1) * (2 * covariance + c2)
                    / ((a * a + b * b + c1) * (varianceA + varianceB + c2))
            }
        }
        return total / Double(valid * (height - window + 1))
    }

    /// How much of the structure of another image this one has: the correlation (Pearson's) of the magnitudes of their
    /// gradients, by Sobel's operator on luma (Rec. 709) within the image. It is 1 for equal images, near 0 for unrelated
    /// ones, and does not change with brightness and contrast.
    ///
    /// - Returns: nil if either image has no edges, as one of less than 3 × 3 pixels.
    /// - Precondition: the sizes are equal.
    public func edgeCorrelation(with other: Image) -> Double? {
        requireSize(of: other)
        let (a, b) = (edges(), other.edges())
        guard !a.isEmpty else { return nil }
        let (meanA, meanB) = (a.reduce(0, +) / Double(a.count), b.reduce(0, +) / Double(b.count))
        var (varianceA, varianceB, covariance) = (0.0, 0.0, 0.0)
        for (a, b) in zip(a, b) {
            varianceA += (a - meanA) * (a - meanA)
            varianceB += (b - meanB) * (b - meanB)
            covariance += (a - meanA) * (b - meanB)
        }
        // A uniform slope has edges of one magnitude, up to rounding.
        let negligible = 1e-9 * Double(a.count)
        guard varianceA > negligible, varianceB > negligible else { return nil }
        return covariance / (varianceA * varianceB).squareRoot()
    }

    /// The magnitude of Sobel's gradient of luma at each pixel that has eight neighbours.
    private func edges() -> [Double] {
        guard min(width, height) >= 3 else { return [] }
        let luma = (0..<width * height).map { pixel -> Double in
            let i = pixel * 3
            return 0.2126 * Double(pixels[i]) + 0.7152 * Double(pixels[i + 1]) + 0.0722 * Double(pixels[i + 2])
        }
        /// Three pixels from `first` on, `step` apart, weighted 1, 2, 1.
        func weighted(_ first: Int, step: Int) -> Double {
            luma[first] + 2 * luma[first + step] + luma[first + 2 * step]
        }
        var edges: [Double] = []
        edges.reserveCapacity((width - 2) * (height - 2))
        for y in 0..<height - 2 {
            for x in 0..<width - 2 {
                let corner = y * width + x
                let across: Double = weighted(corner + 2, step: width) - weighted(corner, step: width)
                let down: Double = weighted(corner + 2 * width, step: 1) - weighted(corner, step: 1)
                edges.append(hypot(across, down))
            }
        }
        return edges
    }

    private func requireSize(of other: Image) {
        precondition(
            (width, height) == (other.width, other.height),
            "\(width)×\(height) and \(other.width)×\(other.height) are not the same size")
    }
}
