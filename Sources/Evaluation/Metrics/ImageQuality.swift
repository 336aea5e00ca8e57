import Glibc
import Images

extension Image {
    /// The peak signal-to-noise ratio to another image of the same size, in dB, from the mean squared difference of all
    /// samples and a peak of 255. Infinite for equal images.
    ///
    /// - Precondition: the sizes are equal.
    public func peakSignalToNoiseRatio(to other: Image) -> Double {
        precondition(
            (width, height) == (other.width, other.height),
            "\(width)×\(height) and \(other.width)×\(other.height) are not the same size")
        var sum = 0
        for (a, b) in zip(pixels, other.pixels) {
            let difference = Int(a) - Int(b)
            sum += difference * difference
        }
        return 10 * log10(255 * 255 * Double(pixels.count) / Double(sum))
    }
}
