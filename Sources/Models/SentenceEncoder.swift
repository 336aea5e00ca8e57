import Checkpoints
import FoundationEssentials
import Tokenizers
import Networks

/// What reads captions for a model: Limn's own encoder, small enough that the model's file holds it, or a pretrained one,
/// which the model names, with a head that the file holds.
public enum SentenceEncoder: Sendable {
    /// Sizes, vocabulary, and parameters named from the encoder's root.
    case own(TextEncoderConfiguration, Vocabulary, NetworkArrays)
    /// A pretrained one as it was read from its folder, and the head that was trained on its vectors.
    case pretrained(PretrainedEncoder, TrainedHead)

    /// The text half of the pair of encoders at `path`.
    /// - Throws: `ModelError` where there is none.
    public init(contentsOf path: String) throws { self = try EncoderPair(contentsOf: path).text }

    /// Width of its vectors.
    public var width: Int {
        switch self {
        case .own(let configuration, _, _): configuration.embedding
        case .pretrained(_, let head): head.configuration.embedding
        }
    }

    /// What a file keeps of it: arrays named from the encoder's or the head's root.
    package var arrays: NetworkArrays {
        switch self {
        case .own(_, _, let arrays): arrays
        case .pretrained(_, let head): head.arrays
        }
    }
}

/// A head on a pretrained encoder's vectors, and its learnt values.
public struct TrainedHead: Sendable {
    /// Its sizes.
    public let configuration: ProjectionHeadConfiguration
    /// Parameters named from the head's root.
    public let arrays: NetworkArrays

    /// A head of these parts.
    public init(_ configuration: ProjectionHeadConfiguration, arrays: NetworkArrays) {
        (self.configuration, self.arrays) = (configuration, arrays)
    }
}

/// How a model names the pretrained encoder that reads for it.
public struct PretrainedReference: Codable, Equatable, Sendable {
    /// What the encoder is called: the name of its folder.
    public var name: String
    /// Where it lay when the model was trained.
    public var folder: String
    /// Of its weights.
    public var checksum: String
    /// How its states become a vector.
    public var pooling: Pooling
    /// Sizes of the head on its vectors.
    public var head: ProjectionHeadConfiguration

    /// Names an encoder where it lies now.
    public init(_ encoder: PretrainedEncoder, head: ProjectionHeadConfiguration) {
        (name, folder, checksum, pooling) = (encoder.name, encoder.path, encoder.checksum, encoder.pooling)
        self.head = head
    }

    /// Reads the encoder.
    /// - Parameters:
    ///   - path: its folder; nil looks where it lay when the model was trained, and then beside the model.
    ///   - model: the model's path, for messages.
    /// - Throws: `ModelError` where it is in none of these places, or is another one.
    func encoder(at path: String?, model: String) throws -> PretrainedEncoder {
        let beside = URL(filePath: model).deletingLastPathComponent().appending(path: name).path
        let places = path.map { [$0] } ?? [folder, beside]
        guard
            let place = places.first(where: {
                FileManager.default.fileExists(atPath: "\($0)/config.json") || $0 == path
            })
        else {
            throw ModelError(
                path: model,
                problem:
                    "reads prompts with the pretrained encoder \(name) (checksum \(checksum)), which is neither at "
                    + "\(places.joined(separator: " nor at ")); get that folder, on Hugging Face under its name, and say "
                    + "--encoder FOLDER")
        }
        let encoder = try PretrainedEncoder(contentsOf: place, pooling: pooling)
        guard encoder.checksum == checksum else {
            throw ModelError(
                path: place,
                problem:
                    "is not the encoder that \(model) was trained with: that is \(name) with checksum \(checksum), "
                    + "this has \(encoder.checksum)")
        }
        guard encoder.width == head.inputs else {
            throw ModelError(
                path: model,
                problem: "its head reads vectors of width \(head.inputs), those of \(name) have \(encoder.width)")
        }
        return encoder
    }
}
