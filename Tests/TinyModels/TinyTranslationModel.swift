import CPUBackend
import Graphs
import Layers
import Models
import Networks

/// A small image-to-image model with random weights, twice as large as a training begins with, so that it changes images much.
package func tinyTranslationModel(
    name: String = "tiny", _ translator: TranslatorConfiguration, hasReverse: Bool = false, seed: UInt64 = 5
) throws -> TranslationModel {
    let (graph, store) = (Graph(), ParameterStore())
    for scope in ["translator"] + (hasReverse ? ["reverse"] : []) {
        _ = Translator(ParameterScope(graph, store) / scope, translator)
    }
    let values = try store.allocate(on: CPUDevice(), seed: seed)
    let arrays = NetworkArrays(
        uniqueKeysWithValues: store.arrays(from: values).map { ($0.path, ($0.shape, $0.values.map { 2 * $0 })) })
    return TranslationModel(
        configuration: .init(name: name, translator: translator, side: 16, hasReverse: hasReverse), arrays: arrays,
        card: "# tiny")
}
