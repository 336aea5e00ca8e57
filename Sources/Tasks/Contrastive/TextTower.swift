import Corpora
import Execution
import Graphs
import Tokenizers
import Layers
import Networks
import RandomStreams
import Inference
import Models

/// The text encoder of a contrastive training: a built-in one, or a head on the vectors of a pretrained one.
package struct TextTower {
    /// The network, and its inputs for each caption.
    private enum Kind {
        case builtIn(TextEncoderConfiguration, Vocabulary, [TokenSequence])
        case head(ProjectionHeadConfiguration, PretrainedEncoder, StandardizedRows)
    }

    private let kind: Kind
    /// Probability that a token is dropped.
    private let tokenDropout: Float
    /// The number of each caption's set of tokens: captions of the same words, in any order and number, are no negatives of each
    /// other.
    let texts: [Int]

    /// Deviation of the noise added to a pretrained vector, in units of the vector's own. With it and dropout, recall of
    /// captions in the validation split hardly changes, and that of captions reworded with synonyms grows by an eighth.
    private static let noise: Float = 0.5

    /// A built-in encoder with the tokens of `vocabulary`.
    init(
        builtIn configuration: TextEncoderConfiguration, vocabulary: Vocabulary, captions: some Sequence<String>,
        tokenDropout: Float
    ) {
        self.tokenDropout = tokenDropout
        let tokens = Tokenizer(vocabulary: vocabulary).encode(Array(captions), limit: configuration.length)
        kind = .builtIn(configuration, vocabulary, tokens)
        texts = TextTower.numbers(tokens.map { Set($0.ids) })
    }

    /// A head on the vectors of `captions` by `encoder`, [captions × width].
    init(
        on encoder: PretrainedEncoder, embedding: Int, vectors: [Float], captions: some Sequence<String>
    ) {
        let configuration = ProjectionHeadConfiguration(inputs: encoder.width, embedding: embedding)
        tokenDropout = 0
        kind = .head(configuration, encoder, StandardizedRows(vectors, width: encoder.width))
        texts = TextTower.numbers(
            captions.map { Set($0.lowercased().split { !$0.isLetter && !$0.isNumber }) })
    }

    /// The text encoder of a recipe.
    /// - Parameters:
    ///   - known: the vocabulary of a built-in encoder; nil learns one from the captions.
    ///   - vectors: computes the vectors of all captions, [captions × width], with a pretrained encoder.
    package init(
        _ recipe: Recipe, captions: [String], vocabulary known: Vocabulary? = nil,
        vectors: (PretrainedEncoder) throws -> [Float]
    ) throws {
        let encoder = recipe.encoder
        if recipe.text.isBuiltIn {
            let vocabulary =
                try known
                ?? VocabularyTrainer(size: recipe.data.vocabulary).train(
                    on: captions, name: recipe.name, provenance: "\(captions.count) captions, recipe \(recipe.name)")
            self.init(
                builtIn: encoder.text(vocabulary: vocabulary.count), vocabulary: vocabulary, captions: captions,
                tokenDropout: encoder.tokenDropout)
        } else {
            let pretrained = try PretrainedEncoder(contentsOf: recipe.text.encoder)
            self.init(
                on: pretrained, embedding: encoder.embedding, vectors: try vectors(pretrained), captions: captions)
        }
    }

    private static func numbers<Words: Hashable>(_ sets: [Words]) -> [Int] {
        var numbers: [Words: Int] = [:]
        return sets.map { words in
            let number = numbers[words] ?? numbers.count
            numbers[words] = number
            return number
        }
    }

    /// Throws for sizes that are out of range.
    func validate() throws(ConfigurationError) {
        switch kind {
        case .builtIn(let configuration, _, _): try configuration.validate()
        case .head(let configuration, _, _): try configuration.validate()
        }
    }

    /// The network under `scope` for `batch` captions given by `inputs`.
    func callAsFunction(_ scope: ParameterScope, batch: Int) -> TextEmbedding {
        let graph = scope.graph
        switch kind {
        case .builtIn(let configuration, _, _):
            return TextEncoder(scope, configuration)(
                ids: graph.input("ids", [batch * configuration.length], .int32),
                mask: graph.input("tokens", [batch, configuration.length]))
        case .head(let configuration, _, _):
            return TextEmbedding(
                ProjectionHead(scope, configuration)(
                    graph.input("rows", [batch, configuration.inputs]),
                    kept: graph.input("kept", [batch, configuration.hidden])))
        }
    }

    /// The network's inputs for the captions with these numbers.
    /// - Parameter stream: of noise and dropout.
    func inputs(_ captions: [Int], _ stream: inout RandomStream) -> [String: HostArray] {
        switch kind {
        case .builtIn(let configuration, _, let tokens):
            var sequences = captions.map { tokens[$0].ids }
            if tokenDropout > 0 {
                for index in sequences.indices {
                    let last = sequences[index].count - 1
                    sequences[index] = sequences[index].enumerated().filter { place, _ in
                        place == 0 || place == last || stream.uniform() >= tokenDropout
                    }.map(\.element)
                }
            }
            let padded = PaddedTokens(sequences, length: configuration.length)
            return ["ids": .integers(padded.ids), "tokens": .floats(padded.mask)]
        case .head(let configuration, _, let rows):
            let noise = stream.normals(captions.count * configuration.inputs)
            var values = captions.flatMap { rows[$0] }
            for index in values.indices { values[index] += TextTower.noise * noise[index] }
            let kept = stream.dropoutFactors(captions.count * configuration.hidden)
            return ["rows": .floats(values), "kept": .floats(kept)]
        }
    }

    /// The vectors of the captions with these numbers by a network with these values.
    func vectors(of captions: [Int], by arrays: NetworkArrays, device: any Device) throws -> [Float] {
        switch kind {
        case .builtIn(let configuration, let vocabulary, let tokens):
            try SentenceEmbedder(configuration, arrays: arrays, vocabulary: vocabulary, device: device)
                .embed(tokens: captions.map { tokens[$0].ids })
        case .head(let configuration, _, let rows):
            try TrainedHead(configuration, arrays: arrays)(captions.flatMap { rows[$0] }, device: device)
        }
    }

    /// The encoder in a few words.
    var summary: String {
        switch kind {
        case .builtIn(let sizes, _, _):
            "\(sizes.layers) block\(sizes.layers == 1 ? "" : "s") of width \(sizes.width), \(sizes.vocabulary) tokens"
        case .head(let sizes, let encoder, _): "a head of width \(sizes.hidden) on \(encoder.name)"
        }
    }

    /// The values of the network in training that `encoder` would give these.
    func trainable(_ arrays: NetworkArrays) -> NetworkArrays {
        guard case .head(_, _, let rows) = kind else { return arrays }
        return rows.unfoldingStandardization(of: arrays)
    }

    /// The encoder with these values, named from the root of the network.
    func encoder(_ arrays: NetworkArrays) -> SentenceEncoder {
        switch kind {
        case .builtIn(let configuration, let vocabulary, _): .builtIn(configuration, vocabulary, arrays)
        case .head(let configuration, let encoder, let rows):
            .pretrained(
                encoder, TrainedHead(configuration, arrays: rows.foldingStandardization(into: arrays, configuration)))
        }
    }
}

extension Recipe {
    /// The width of the sentence vectors that images depend on: of the encoder that the training begins with, or of the one that the
    /// recipe names.
    /// - Throws: as `SentenceEncoder.init(contentsOf:)`.
    func sentenceWidth() throws -> Int {
        try text.isTrained ? encoder.embedding : SentenceEncoder(contentsOf: text.encoder).width
    }
}
