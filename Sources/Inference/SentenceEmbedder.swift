import Checkpoints
import Execution
import FoundationEssentials
import Tokenizers
import Layers
import Models
import Networks

/// Computes unit sentence vectors with a text encoder: that of a model or of a pair of encoders, or a pretrained one. Must be used
/// on one thread.
public final class SentenceEmbedder {
    /// Name of the encoder.
    public let name: String
    private let embedder: TokenEmbedder
    private let tokenizer: Tokenizer
    private let isLowercasing: Bool

    /// The `format` in the metadata of files with sentence vectors.
    package static let fileFormat = "limn-embeddings"

    /// A built-in encoder.
    /// - Parameter arrays: the encoder's parameters by path from its root: `tokens.weight`, ….
    /// - Throws: `ParameterMismatch` if parameters are missing, unused or misshapen.
    public init(
        _ configuration: TextEncoderConfiguration, arrays: NetworkArrays, vocabulary: Vocabulary, device: any Device,
        name: String = "the text encoder"
    ) throws {
        self.name = name
        tokenizer = Tokenizer(vocabulary: vocabulary)
        isLowercasing = false
        embedder = try TokenEmbedder(SentenceNetwork(configuration, arrays: arrays, name: name), device: device)
    }

    /// The text encoder of a model or of a pair.
    /// - Parameter name: the name of a built-in encoder.
    /// - Throws: `ParameterMismatch`, `TokenizerError` or `ModelError` if the encoder cannot be used.
    public convenience init(_ encoder: SentenceEncoder, name: String = "the text encoder", device: any Device) throws {
        switch encoder {
        case .builtIn(let configuration, let vocabulary, let arrays):
            try self.init(configuration, arrays: arrays, vocabulary: vocabulary, device: device, name: name)
        case .pretrained(let encoder, let head): try self.init(encoder, head: head, device: device)
        }
    }

    /// The text encoder of a model.
    /// - Parameter folder: the folder of the pretrained encoder that the model refers to; nil tries its original path, then the
    ///   folder of the model file. Must be nil for a model with a built-in encoder.
    /// - Throws: `ModelError` if the encoder is not found or has other weights.
    public convenience init(_ model: Model, encoder folder: String? = nil, device: any Device) throws {
        try self.init(model.encoder(at: folder), name: model.configuration.name, device: device)
    }

    /// A pretrained encoder, with the tokenizer in its folder.
    /// - Parameter head: projects its vectors to those of a model; nil leaves them unchanged.
    /// - Throws: `TokenizerError` if the tokenizer cannot be read, `ModelError` if it does not match the weights.
    public init(_ encoder: PretrainedEncoder, head: TrainedHead? = nil, device: any Device) throws {
        name = encoder.name
        tokenizer = try encoder.tokenizer()
        isLowercasing = encoder.isLowercasing
        embedder = try encoder.embedder(on: device, head: head, padding: tokenizer.padding)
    }

    /// The encoder at `path`: a model, a pair of encoders, or the folder of a pretrained encoder.
    /// - Parameter pooling: of a pretrained encoder; nil is the pooling that its folder specifies. Must be nil for others.
    /// - Throws: `CheckpointError`, `TokenizerError` or `ModelError`, one line that names the file.
    public convenience init(contentsOf path: String, pooling: Pooling? = nil, device: any Device) throws {
        var isFolder = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder {
            try self.init(PretrainedEncoder(contentsOf: path, pooling: pooling), device: device)
            return
        }
        guard pooling == nil else {
            throw ModelError(path: path, problem: "a pooling can be set only for pretrained encoders; omit it")
        }
        do {
            if try Safetensors(contentsOf: path).metadata["format"] == EncoderPair.format {
                let pair = try EncoderPair(contentsOf: path)
                try self.init(pair.text, name: pair.name, device: device)
            } else {
                let model = try Model(contentsOf: path)
                try self.init(model, device: device)
            }
        } catch let mismatch as ParameterMismatch {
            throw ModelError(path: path, problem: "\(mismatch)")
        }
    }

    /// Number of elements of a vector.
    public var width: Int { embedder.width }

    /// The most tokens of a sentence, including start and end.
    public var limit: Int { embedder.limit }

    /// The most tokens of a sentence that are read, start and end excluded.
    public var textLimit: Int { limit == .max ? .max : limit - tokens(of: [""])[0].count }

    /// The number of tokens of a sentence before truncation, start and end excluded.
    public func tokenCount(_ sentence: String) -> Int {
        let counts = tokens(of: [sentence, ""]).map(\.count)
        return counts[0] - counts[1]
    }

    /// The token ids of each sentence, without truncation, including start and end.
    package func tokens(of sentences: [String]) -> [[Int32]] {
        let texts = isLowercasing ? sentences.map { $0.lowercased() } : sentences
        return tokenizer.encode(texts, limit: .max).map(\.ids)
    }

    /// The vectors of `captions`, [captions×width], in order. Captions of more than `limit` tokens are truncated.
    /// - Parameter progress: called after each batch with the number of captions done.
    /// - Throws: `ModelError` for token ids without an embedding.
    public func embed(_ captions: [String], progress: (Int) -> Void = { _ in }) throws -> [Float] {
        try embed(tokens: tokens(of: captions), progress: progress)
    }

    /// The vectors of sentences from the results of `tokens(of:)`.
    package func embed(tokens: [[Int32]], progress: (Int) -> Void = { _ in }) throws -> [Float] {
        try embedder.embed(tokens, progress: progress)
    }
}
