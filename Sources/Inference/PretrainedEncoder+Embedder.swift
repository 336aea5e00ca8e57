import Execution
import Layers
import Models
import Networks

extension PretrainedEncoder {
    /// Compiles the encoder for a device, in float32 regardless of the device's precision.
    /// - Parameters:
    ///   - head: projects the vectors to those of a model; nil returns them unchanged.
    ///   - precision: of the operands of matrix products with weights.
    /// - Throws: `ModelError` if the weights do not match the configuration.
    package func embedder(
        on device: any Device, head: TrainedHead? = nil, precision: Precision = .float32
    ) throws -> TokenEmbedder {
        let pooling = pooling
        var network = TokenEmbedder.Network(
            name: name, vocabulary: vocabulary, width: head?.configuration.embedding ?? width, limit: limit
        ) { [architecture] scope, sentences in
            let vectors =
                switch architecture {
                case .bert(let configuration): BERTEncoder(scope, configuration)(sentences)
                case .clip(let configuration): CLIPTextEncoder(scope, configuration)(sentences)
                }
            return head.map { TextEmbedding(ProjectionHead(scope / "head", $0.configuration)(vectors.tensor)) }
                ?? vectors
        }
        let arrays = arrays.merging(head?.arrays.above("head") ?? [:]) { $1 }
        network.batchSizes = [64, 32, 16, 8, 4, 2]
        network.weights = { [architecture, name] ids, length in
            var end = ids.count - 1
            if pooling == .eos, case .clip(let configuration) = architecture {
                guard let position = configuration.endPosition(in: ids) else {
                    throw ModelError(
                        path: name, problem: "a sentence has no end token \(configuration.end)")
                }
                end = position
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
