import CPUBackend
import Graphs
import Layers
import Models
import Networks
import Tokenizers

/// A small model with random weights; it makes images of 16×16 pixels.
package func tinyModel(name: String = "tiny", widthOfGenerator: Int = 4, seed: UInt64 = 5) throws -> Model {
    let vocabulary = try VocabularyTrainer(size: 270).train(
        on: ["a red circle", "a blue square"], name: "tiny", provenance: "test")
    let encoder = TextEncoderConfiguration(
        vocabulary: vocabulary.count, width: 16, layers: 1, heads: 2, length: 16, embedding: 8)
    let networks = GeneratorConfiguration(side: 16, width: widthOfGenerator, noise: 8, condition: 8)
    let (graph, store) = (Graph(), ParameterStore())
    _ = TextEncoder(ParameterScope(graph, store) / "encoder", encoder)
    _ = Generator(ParameterScope(graph, store) / "generator", networks)
    let values = try store.allocate(on: CPUDevice(), seed: seed)
    let arrays = NetworkArrays(
        uniqueKeysWithValues: store.arrays(from: values).map { ($0.path, ($0.shape, $0.values)) })
    return Model(
        configuration: .init(name: name, encoder: encoder, networks: networks), vocabulary: vocabulary,
        arrays: arrays, card: "# tiny")
}
