import Execution
import Models
import Tokenizers

extension PretrainedEncoder {
    /// Compiles the encoder for a device, in float32 regardless of the device's precision.
    /// - Parameters:
    ///   - head: projects the vectors to those of a model; nil returns them unchanged.
    ///   - padding: the tokenizer's padding id, which only SigLIP reads.
    ///   - precision: of the operands of matrix products with weights.
    /// - Throws: `ModelError` if the weights do not match the configuration.
    package func embedder(
        on device: any Device, head: TrainedHead? = nil, padding: Int32 = 0, precision: Precision = .float32
    ) throws -> TokenEmbedder {
        try TokenEmbedder(
            SentenceNetwork(self, head: head, padding: padding), device: device.with(precision: .float32),
            precision: precision)
    }

    /// The tokenizer in the encoder's folder.
    /// - Throws: `TokenizerError` if it cannot be read, `ModelError` if it does not match the weights.
    package func tokenizer() throws -> Tokenizer {
        let tokenizer = try Tokenizer(contentsOf: folder)
        guard tokenizer.count <= vocabulary else {
            throw ModelError(
                path: folder,
                problem: "its tokenizer has \(tokenizer.count) tokens, its weights \(vocabulary) embeddings; "
                    + "do the files belong to the same model?")
        }
        return tokenizer
    }
}
