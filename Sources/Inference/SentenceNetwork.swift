import Graphs
import Layers
import Models
import Networks

/// A text encoder, built-in or pretrained, with its parameters: from token ids to unit vectors.
package struct SentenceNetwork {
    /// Name in errors.
    package let name: String
    /// Number of token embeddings.
    package let vocabulary: Int
    /// Number of elements of a vector.
    package let width: Int
    /// The most tokens of a sequence.
    package let limit: Int
    /// The id that sequences are padded with up to `limit`, as if it were a token of theirs; nil for none.
    package let padding: Int32?
    /// How token states are pooled by the input `weights`; nil if the network does not read it.
    package let pooling: Pooling?
    /// Where the end token of a sequence is.
    package let end: EndToken
    /// The parameters by path from the network's root.
    package let arrays: NetworkArrays
    /// Traces the network.
    package let trace: (ParameterScope, SentenceInputs) -> TextEmbedding
    /// The error of parameters that do not match the network.
    private let failure: (ParameterMismatch) -> any Error

    /// A built-in encoder.
    /// - Parameter arrays: the encoder's parameters by path from its root: `tokens.weight`, ….
    package init(_ configuration: TextEncoderConfiguration, arrays: NetworkArrays, name: String) {
        self.name = name
        vocabulary = configuration.vocabulary
        width = configuration.embedding
        limit = configuration.length
        padding = nil
        pooling = nil
        end = .last
        self.arrays = arrays
        trace = { TextEncoder($0, configuration)(ids: $1.ids, mask: $1.mask) }
        failure = { $0 }
    }

    /// A pretrained encoder.
    /// - Parameters:
    ///   - head: projects its vectors to those of a model; nil returns them unchanged.
    ///   - padding: the tokenizer's padding id, which only SigLIP reads.
    package init(_ encoder: PretrainedEncoder, head: TrainedHead?, padding: Int32) {
        name = encoder.name
        vocabulary = encoder.vocabulary
        width = head?.configuration.embedding ?? encoder.width
        limit = encoder.limit
        let (architecture, modules) = (encoder.architecture, encoder.modules)
        self.padding = architecture.isPadded ? padding : nil
        pooling = encoder.pooling
        end = architecture.end
        arrays = encoder.arrays.merging(head?.arrays.above("head") ?? [:]) { $1 }
        trace = { scope, sentences in
            let pooled = architecture.vectors(scope, sentences)
            let vectors = modules.enumerated().reduce(pooled) { vectors, step in
                step.element(scope / "modules" / step.offset, vectors)
            }.l2Normalized()
            return TextEmbedding(head.map { ProjectionHead(scope / "head", $0.configuration)(vectors) } ?? vectors)
        }
        failure = { ModelError(path: encoder.weightsPath, problem: "\(encoder.named($0))") }
    }

    /// Declares the network's parameters.
    /// - Throws: `ParameterMismatch`, or `ModelError` with the names in a pretrained encoder's file, if parameters are missing, unused
    ///   or misshapen.
    package func declare(in store: ParameterStore) throws {
        let graph = Graph()
        _ = trace(ParameterScope(graph, store), SentenceInputs(graph, batch: 1, length: 1))
        do {
            try store.check(arrays)
        } catch {
            throw failure(error)
        }
    }
}
