import Checkpoints
import Networks
import Tokenizers

/// How the configuration of a model file or a pair of encoders describes its text encoder: built in, or a reference to a
/// pretrained one with the sizes of the head that the file contains.
enum StoredTextEncoder: Sendable {
    case builtIn(TextEncoderConfiguration)
    case pretrained(PretrainedReference)

    /// Nil unless exactly one of the two is given.
    init?(_ builtIn: TextEncoderConfiguration?, _ pretrained: PretrainedReference?) {
        switch (builtIn, pretrained) {
        case (let configuration?, nil): self = .builtIn(configuration)
        case (nil, let reference?): self = .pretrained(reference)
        default: return nil
        }
    }

    /// Number of elements of a sentence vector.
    var width: Int {
        switch self {
        case .builtIn(let configuration): configuration.embedding
        case .pretrained(let reference): reference.head.embedding
        }
    }

    /// Throws if a size is out of range.
    func validate() throws(ConfigurationError) {
        switch self {
        case .builtIn(let configuration): try configuration.validate()
        case .pretrained(let reference): try reference.head.validate()
        }
    }

    /// The vocabulary of a built-in encoder; nil for a pretrained one.
    /// - Parameters:
    ///   - text: the vocabulary of the file that describes the encoder; nil if it has none.
    ///   - path: of that file, for messages.
    /// - Throws: `CheckpointError`, `TokenizerError` or `ModelError`, one line that names the file.
    func vocabulary(in text: String?, path: String) throws -> Vocabulary? {
        guard case .builtIn(let configuration) = self else { return nil }
        guard let text else {
            throw CheckpointError.badMetadata(path: path, key: "vocabulary", reason: "is missing")
        }
        let vocabulary = try Vocabulary(json: Array(text.utf8), named: "the vocabulary in \(path)")
        guard vocabulary.count == configuration.vocabulary else {
            throw ModelError(
                path: path,
                problem: "its vocabulary has \(vocabulary.count) entries, its encoder \(configuration.vocabulary)")
        }
        return vocabulary
    }

    /// The encoder.
    /// - Parameters:
    ///   - folder: that of a pretrained encoder; nil tries its original path, then the folder of the model. Must be nil for a built-in
    ///     one.
    ///   - arrays: of the built-in encoder or of the head, by path from its root.
    ///   - path: of the model, for messages and to look for the encoder.
    /// - Throws: `ModelError` if the encoder is not found or has other weights.
    func encoder(at folder: String?, vocabulary: Vocabulary?, arrays: NetworkArrays, path: String) throws
        -> SentenceEncoder
    {
        switch self {
        case .pretrained(let reference):
            return .pretrained(
                try reference.encoder(at: folder, model: path), TrainedHead(reference.head, arrays: arrays))
        case .builtIn(let configuration):
            guard let vocabulary else { preconditionFailure("a model with a built-in encoder has a vocabulary") }
            guard folder == nil else {
                throw ModelError(path: path, problem: "has a built-in text encoder; omit --encoder", kind: .usage)
            }
            return .builtIn(configuration, vocabulary, arrays)
        }
    }
}

extension SentenceEncoder {
    /// How model files and pairs of encoders describe the encoder.
    package var stored: (builtIn: TextEncoderConfiguration?, pretrained: PretrainedReference?, vocabulary: Vocabulary?)
    {
        switch self {
        case .builtIn(let configuration, let vocabulary, _): (configuration, nil, vocabulary)
        case .pretrained(let encoder, let head): (nil, PretrainedReference(encoder, head: head.configuration), nil)
        }
    }
}
