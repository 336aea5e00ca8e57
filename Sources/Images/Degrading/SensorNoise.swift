import Glibc
import RandomStreams

extension Image {
    /// The image with independent Gaussian noise on each sample, rounded and clipped.
    ///
    /// - Parameter deviation: the standard deviation, in 8-bit levels.
    func withGaussianNoise(deviation: Float, _ stream: inout RandomStream) -> Image {
        mappingSamples { samples, noisy in
            for i in stride(from: 0, to: samples.count, by: 2) {
                let (a, b) = stream.normalPair()
                noisy[i] = UInt8(nearest: Float(samples[i]) + deviation * a)
                if i + 1 < samples.count { noisy[i + 1] = UInt8(nearest: Float(samples[i + 1]) + deviation * b) }
            }
        }
    }

    /// The image as a sensor counts its photons: each sample has a Poisson distribution with a variance proportional to its
    /// mean, which is the sample.
    ///
    /// - Parameter peak: the mean number of photons of a sample of 255.
    func withPhotonNoise(peak: Float, _ stream: inout RandomStream) -> Image {
        let distributions = (0...255).map { PoissonDistribution(mean: Double(peak) * Double($0) / 255) }
        return mappingSamples { samples, noisy in
            for i in samples.indices {
                let photons = distributions[Int(samples[i])].quantile(Double(stream.uniform()))
                noisy[i] = UInt8(nearest: Float(photons) * 255 / peak)
            }
        }
    }

    /// An image of the same size, whose samples `body` computes from those of this one.
    func mappingSamples(
        _ body: (UnsafeBufferPointer<UInt8>, UnsafeMutableBufferPointer<UInt8>) -> Void
    ) -> Image {
        let mapped = [UInt8](unsafeUninitializedCapacity: pixels.count) { target, initialized in
            pixels.withUnsafeBufferPointer { body($0, target) }
            initialized = pixels.count
        }
        return Image(width: width, height: height, pixels: mapped)
    }
}

/// A Poisson distribution, sampled by inversion: one uniform number gives one count.
private struct PoissonDistribution {
    private let mean: Double
    private let mode: Double
    /// The probability of the mode.
    private let highest: Double

    init(mean: Double) {
        (self.mean, mode) = (mean, mean.rounded(.down))
        highest = mean == 0 ? 1 : exp(mode * log(mean) - mean - lgamma(mode + 1))
    }

    /// The count at a position in 0 ..< 1 among all counts in the order of their distance to the mode, each as wide as its
    /// probability. So about √mean steps are enough, and no probability underflows.
    func quantile(_ position: Double) -> Double {
        var rest = position - highest
        var (low, high, lowest, farthest) = (mode, mode, highest, highest)
        // Once both tails are below a double's precision, the rest is a rounding error.
        while rest >= 0, lowest + farthest > 1e-17 {
            high += 1
            farthest *= mean / high
            rest -= farthest
            if rest < 0 { return high }
            lowest *= low / mean
            low -= 1
            rest -= lowest
            if rest < 0 { return low }
        }
        return mode
    }
}

extension UInt8 {
    /// The nearest 8-bit level of a sample, clipped to 0…255.
    @inline(__always)
    init(nearest sample: Float) { self = UInt8(Swift.min(Swift.max(sample, 0), 255) + 0.5) }
}
