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

extension UInt8 {
    /// The nearest 8-bit level of a sample, clipped to 0…255.
    @inline(__always)
    init(nearest sample: Float) { self = UInt8(Swift.min(Swift.max(sample, 0), 255) + 0.5) }
}
