import Checkpoints
import FoundationEssentials
import Tokenizers
import Networks

/// The text encoder of a model: a built-in one, which the model file contains, or a pretrained one, to which the file refers,
/// with a projection head that the file contains.
public enum SentenceEncoder: Sendable {
    /// A built-in encoder: its sizes, vocabulary, and parameters by path from its root.
    case builtIn(TextEncoderConfiguration, Vocabulary, NetworkArrays)
    /// A pretrained encoder and the head that was trained on its vectors.
    case pretrained(PretrainedEncoder, TrainedHead)

    /// The text encoder of the pair of encoders at `path`.
    /// - Throws: as `EncoderPair.init`.
    public init(contentsOf path: String) throws { self = try EncoderPair(contentsOf: path).text }

    /// Number of elements of a sentence vector.
    public var width: Int {
        switch self {
        case .builtIn(let configuration, _, _): configuration.embedding
        case .pretrained(_, let head): head.configuration.embedding
        }
    }

    /// The arrays that a model file contains, by path from the root of the encoder or of the head.
    package var arrays: NetworkArrays {
        switch self {
        case .builtIn(_, _, let arrays): arrays
        case .pretrained(_, let head): head.arrays
        }
    }
}

/// A trained projection head on the vectors of a pretrained encoder.
public struct TrainedHead: Sendable {
    /// Its sizes.
    public let configuration: ProjectionHeadConfiguration
    /// Parameters by path from the head's root.
    public let arrays: NetworkArrays

    /// A head with the given parameters.
    public init(_ configuration: ProjectionHeadConfiguration, arrays: NetworkArrays) {
        (self.configuration, self.arrays) = (configuration, arrays)
    }
}

/// A reference from a model file to the pretrained encoder that it needs.
public struct PretrainedReference: Codable, Equatable, Sendable {
    /// Name of the encoder, which is the name of its folder.
    public var name: String
    /// Path of its folder during training.
    public var folder: String
    /// Checksum of its weights.
    public var checksum: String
    /// How token states are pooled to a sentence vector.
    public var pooling: Pooling
    /// Sizes of the projection head on its vectors.
    public var head: ProjectionHeadConfiguration

    /// A reference to an encoder at its present path.
    public init(_ encoder: PretrainedEncoder, head: ProjectionHeadConfiguration) {
        (name, folder, checksum, pooling) = (encoder.name, encoder.path, encoder.checksum, encoder.pooling)
        self.head = head
    }

    /// Reads the encoder.
    /// - Parameters:
    ///   - path: its folder; nil tries the path during training, then the folder of the model.
    ///   - model: the model's path.
    /// - Throws: `ModelError` if the encoder is not found or has other weights.
    func encoder(at path: String?, model: String) throws -> PretrainedEncoder {
        let beside = URL(filePath: model).deletingLastPathComponent().appending(path: name).path
        let candidates = path.map { [$0] } ?? [folder, beside]
        guard
            let place = candidates.first(where: { candidate in
                // With modules.json the network may be in a subfolder.
                ["config.json", "modules.json"].contains(where: PretrainedFolder(path: candidate).has)
                    || candidate == path
            })
        else {
            throw ModelError(
                path: model,
                problem:
                    "needs the pretrained encoder \(name) (checksum \(checksum)), which was not found at "
                    + "\(candidates.joined(separator: " or ")); download it from Hugging Face and pass --encoder FOLDER",
                kind: .noInput)
        }
        let encoder = try PretrainedEncoder(contentsOf: place, pooling: pooling)
        guard encoder.checksum == checksum else {
            throw ModelError(
                path: place,
                problem:
                    "is not the encoder that \(model) was trained with: expected \(name) with checksum \(checksum), "
                    + "found checksum \(encoder.checksum)")
        }
        guard encoder.width == head.inputs else {
            throw ModelError(
                path: model,
                problem: "its head expects vectors of width \(head.inputs), but those of \(name) have \(encoder.width)")
        }
        return encoder
    }
}
