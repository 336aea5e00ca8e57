import Checkpoints
import Execution
import FoundationEssentials
import Language
import Networks

/// What reads captions for a model: Limn's own encoder, small enough that the model's file holds it, or a pretrained one,
/// which the model names.
public enum SentenceEncoder: Sendable {
    /// Sizes, vocabulary, and parameters named from the encoder's root.
    case own(TextEncoderConfiguration, Vocabulary, NetworkArrays)
    /// A pretrained one, as it was read from its folder.
    case pretrained(PretrainedEncoder)

    /// The text half of a pair.
    public init(_ pair: EncoderPair) { self = .own(pair.text, pair.vocabulary, pair.arrays.below("text")) }

    /// What lies at `path`: a pair of encoders, or the folder of a pretrained one.
    public init(contentsOf path: String) throws {
        try SentenceEncoder.requireSomething(at: path)
        var isFolder = false
        _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        self =
            isFolder
            ? .pretrained(try PretrainedEncoder(contentsOf: path)) : SentenceEncoder(try EncoderPair(contentsOf: path))
    }

    /// Throws where there is nothing at `path`.
    package static func requireSomething(at path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ModelError(
                path: path, problem: "no such encoder; name a pair of encoders or the folder of a pretrained one")
        }
    }

    /// Width of its vectors.
    public var width: Int {
        switch self {
        case .own(let configuration, _, _): configuration.embedding
        case .pretrained(let encoder): encoder.width
        }
    }

    /// Differs where the vectors of a sentence may differ.
    package var checksum: String {
        switch self {
        case .own(let configuration, let vocabulary, let arrays):
            Checksum.of(
                arrays.sorted { $0.key < $1.key }.map {
                    NamedArray(name: $0.key, shape: $0.value.shape, floats: $0.value.values)
                }) + " \(configuration) \(vocabulary.count)"
        case .pretrained(let encoder): "\(encoder.checksum) \(encoder.pooling)"
        }
    }

    /// The encoder on a device.
    public func embedder(on device: CPUDevice) throws -> SentenceEmbedder {
        switch self {
        case .own(let configuration, let vocabulary, let arrays):
            try SentenceEmbedder(configuration, arrays: arrays, vocabulary: vocabulary, device: device)
        case .pretrained(let encoder): try SentenceEmbedder(encoder, device: device)
        }
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
    /// Width of its vectors.
    public var width: Int

    /// Names an encoder that lies in `folder`.
    public init(_ encoder: PretrainedEncoder, folder: String) {
        (name, checksum, pooling, width) = (encoder.name, encoder.checksum, encoder.pooling, encoder.width)
        self.folder = folder
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
        return encoder
    }
}
