import RandomStreams

/// What a degradation does to an image; the raw value is its name in the text form.
public enum DegradationKind: String, Sendable, CaseIterable, CustomStringConvertible {
    /// Independent Gaussian noise on each sample. The strength is its standard deviation, in 8-bit levels.
    case noise
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
        case .haze: 0...10
        case .underwater: 0...100
        }
    }

    /// What the strength is, for messages.
    var quantity: String {
        switch self {
        case .noise: "a standard deviation in 8-bit levels"
        case .haze: "an optical depth"
        case .underwater: "a distance in metres"
        }
    }

    /// A text form, for messages.
    var example: String {
        switch self {
        case .noise: "noise 0-55"
        case .haze: "haze 0.5-2"
        case .underwater: "underwater 2-10"
        }
    }

    /// Why this machine cannot apply the kind, and what to do; nil if it can.
    var unavailable: String? { nil }

    /// The image degraded at one strength; the details are drawn from `stream`.
    func applied(to image: Image, strength: Float, _ stream: inout RandomStream) -> Image {
        switch self {
        case .noise: image.withGaussianNoise(deviation: strength, &stream)
        case .haze: image.inHaze(opticalDepth: strength, &stream)
        case .underwater: image.underWater(distance: strength, &stream)
        }
    }
}
