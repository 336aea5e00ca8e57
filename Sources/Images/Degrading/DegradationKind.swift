import RandomStreams

/// What a degradation does to an image; the raw value is its name in the text form.
public enum DegradationKind: String, Sendable, CaseIterable, CustomStringConvertible {
    /// Independent Gaussian noise on each sample. The strength is its standard deviation, in 8-bit levels.
    case noise
    /// Photon noise: each sample is a Poisson number of photons. The strength is the mean number that a sample of 255 counts.
    case poisson
    /// A Gaussian blur. The strength is its standard deviation, in pixels.
    case blur
    /// Compression as JPEG, without chroma subsampling. The strength is libjpeg's quality, rounded to a whole number.
    case jpeg
    /// A reduction by area and a bicubic enlargement to the same size. The strength is the factor.
    case downsampling
    /// Atmospheric scattering. The strength is the optical depth at the far end of the scene.
    case haze
    /// Absorption and scattering in sea water. The strength is the distance to the far end of the scene, in metres.
    case underwater

    /// The name in the text form.
    public var description: String { rawValue }

    /// The strengths that the kind has.
    var limits: ClosedRange<Float> {
        switch self {
        case .noise: 0...255
        case .poisson: 1...10_000
        case .blur: 0...50
        case .jpeg: 1...100
        case .downsampling: 1...64
        case .haze: 0...10
        case .underwater: 0...100
        }
    }

    /// What the strength is, for messages.
    var quantity: String {
        switch self {
        case .noise: "a standard deviation in 8-bit levels"
        case .poisson: "a number of photons"
        case .blur: "a standard deviation in pixels"
        case .jpeg: "a quality"
        case .downsampling: "a factor"
        case .haze: "an optical depth"
        case .underwater: "a distance in metres"
        }
    }

    /// A usual text form, for messages.
    var example: String {
        switch self {
        case .noise: "noise 0-55"
        case .poisson: "poisson 30-300"
        case .blur: "blur 0.5-3"
        case .jpeg: "jpeg 30-95"
        case .downsampling: "downsampling 2-4"
        case .haze: "haze 0.5-2"
        case .underwater: "underwater 2-10"
        }
    }

    /// The image degraded at one strength; the details are drawn from `stream`.
    func applied(to image: Image, strength: Float, _ stream: inout RandomStream) -> Image {
        switch self {
        case .noise: image.withGaussianNoise(deviation: strength, &stream)
        case .poisson: image.withPhotonNoise(peak: strength, &stream)
        case .blur: image.blurred(deviation: strength)
        case .jpeg: image.compressedAsJPEG(quality: Int(strength.rounded()))
        case .downsampling: image.downsampled(factor: strength)
        case .haze: image.inHaze(opticalDepth: strength, &stream)
        case .underwater: image.underWater(distance: strength, &stream)
        }
    }
}
