import Execution
import Layers
import Models
import Networks

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
        var network = TokenEmbedder.Network(
            name: name, vocabulary: vocabulary, width: head?.configuration.embedding ?? width, limit: limit
        ) { [architecture, modules] scope, sentences in
            let pooled = architecture.vectors(scope, sentences)
            let vectors = modules.enumerated().reduce(pooled) { vectors, step in
                step.element(scope / "modules" / step.offset, vectors)
            }.l2Normalized()
            return TextEmbedding(head.map { ProjectionHead(scope / "head", $0.configuration)(vectors) } ?? vectors)
        }
        let arrays = arrays.merging(head?.arrays.above("head") ?? [:]) { $1 }
        network.batchSizes = [64, 32, 16, 8, 4, 2]
        network.padding = architecture.isPadded ? padding : nil
        network.weights = { [architecture, pooling, name] ids, length in
            guard let end = architecture.endPosition(in: ids) else {
                throw ModelError(
                    path: name, problem: "a sentence has no end token, which \"eos_token_id\" in config.json gives")
            }
            return pooling.weights(ids, length: length) { _ in end }
        }
        do {
            return try TokenEmbedder(
                network, arrays: arrays, device: device.with(precision: .float32), precision: precision)
        } catch let mismatch as ParameterMismatch {
            throw ModelError(path: weightsPath, problem: "\(named(mismatch))")
        }
    }
}
