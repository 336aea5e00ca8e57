import Checkpoints
import Execution
import FoundationEssentials
import Tokenizers
import Layers
import Models
import Networks

/// Captions to unit sentence vectors with a text encoder: of a model or a pair that Limn trained, or a pretrained one.
public final class SentenceEmbedder {
    /// What the encoder is called.
    public let name: String
    private let embedder: TokenEmbedder
    private let tokenizer: Tokenizer
    private let isLowercasing: Bool

    /// An encoder of Limn's own.
    /// - Parameter arrays: the encoder's parameters, named from its root: `tokens.weight`, ….
    /// - Throws: `ParameterMismatch` when they are not those of such an encoder.
    public init(
        _ configuration: TextEncoderConfiguration, arrays: NetworkArrays, vocabulary: Vocabulary, device: any Device,
        name: String = "the text encoder"
    ) throws {
        self.name = name
        tokenizer = Tokenizer(vocabulary: vocabulary)
        isLowercasing = false
        let network = TokenEmbedder.Network(
            name: name, vocabulary: configuration.vocabulary, width: configuration.embedding,
            limit: configuration.length
        ) { scope, sentences in
            TextEncoder(scope, configuration)(ids: sentences.ids, mask: sentences.mask)
        }
        embedder = try TokenEmbedder(network, arrays: arrays, device: device)
    }

    /// What reads for a model or in a pair.
    /// - Parameter name: what it is called where it is Limn's own.
    public convenience init(_ encoder: SentenceEncoder, name: String = "the text encoder", device: any Device) throws {
        switch encoder {
        case .own(let configuration, let vocabulary, let arrays):
            try self.init(configuration, arrays: arrays, vocabulary: vocabulary, device: device, name: name)
        case .pretrained(let encoder, let head): try self.init(encoder, head: head, device: device)
        }
    }

    /// The text encoder of a model.
    /// - Parameter folder: the folder of the pretrained encoder that the model names; nil looks at its original path, then
    ///   beside the model file. A model with a built-in encoder takes none.
    /// - Throws: `ModelError` if the encoder is missing or is another one.
    public convenience init(_ model: Model, encoder folder: String? = nil, device: any Device) throws {
        try self.init(model.encoder(at: folder), name: model.configuration.name, device: device)
    }

    /// A pretrained encoder, with the tokenizer in its folder.
    /// - Parameter head: what makes its vectors those of a model; nil leaves them as they are.
    /// - Throws: `TokenizerError` when the tokenizer cannot be read, `ModelError` when it is not the weights'.
    public init(_ encoder: PretrainedEncoder, head: TrainedHead? = nil, device: any Device) throws {
        name = encoder.name
        tokenizer = try Tokenizer(contentsOf: encoder.folder)
        isLowercasing = encoder.isLowercasing
        guard tokenizer.count <= encoder.vocabulary else {
            throw ModelError(
                path: encoder.folder,
                problem: "its tokenizer has \(tokenizer.count) tokens, its weights \(encoder.vocabulary) embeddings; "
                    + "are the files of one model?")
        }
        embedder = try encoder.embedder(on: device, head: head)
    }

    /// The encoder that lies at `path`: a model or a pair of encoders of Limn's, or the folder of a pretrained one.
    /// - Parameter pooling: how a pretrained encoder's states become a vector, where its folder does not say.
    public convenience init(contentsOf path: String, pooling: Pooling? = nil, device: any Device) throws {
        var isFolder = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder {
            try self.init(PretrainedEncoder(contentsOf: path, pooling: pooling), device: device)
            return
        }
        guard pooling == nil else {
            throw ModelError(path: path, problem: "only folders of pretrained encoders take a pooling; leave it out")
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

    /// Width of the vectors.
    public var width: Int { embedder.width }

    /// Most tokens of a sentence that are read, start and end included.
    public var limit: Int { embedder.limit }

    /// The tokens of a sentence before it is cut, start and end included.
    public func tokenCount(_ sentence: String) -> Int { tokens(of: [sentence])[0].count }

    /// The ids of each sentence's tokens, all of them, start and end included.
    package func tokens(of sentences: [String]) -> [[Int32]] {
        let texts = isLowercasing ? sentences.map { $0.lowercased() } : sentences
        return tokenizer.encode(texts, limit: .max).map(\.ids)
    }

    /// The vectors of `captions`, [captions×width], in order. Captions longer than the encoder reads are cut.
    /// - Parameter progress: called now and then with the number of captions done.
    public func embed(_ captions: [String], progress: (Int) -> Void = { _ in }) throws -> [Float] {
        try embed(tokens: tokens(of: captions), progress: progress)
    }

    /// The vectors of sentences given as `tokens(of:)` makes them.
    package func embed(tokens: [[Int32]], progress: (Int) -> Void = { _ in }) throws -> [Float] {
        try embedder.embed(tokens, progress: progress)
    }
}
