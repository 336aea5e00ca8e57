import CPUBackend
import Execution
import Foundation
import Graphs
import Inference
import Layers
import Models
import Networks
import RandomStreams
import Tokenizers
import TestSupport

private let device = CPUDevice(library: .openBLAS, threads: 1, precision: .float32)

/// A small model with random weights, and its text encoder.
struct RandomModel {
    let model: Model
    let text: SentenceNetwork

    /// A model on the pretrained encoder that scripts/golden/encoders.py wrote to the folder of this name.
    init(encoder name: String, pooling: Pooling? = nil, generator: GeneratorKind) throws {
        let encoder = try PretrainedEncoder(
            contentsOf: "\(repositoryRoot)/Tests/InferenceTests/Encoders/\(name)", pooling: pooling)
        let head = ProjectionHeadConfiguration(inputs: encoder.width, hidden: 12, embedding: 8)
        let networks = RandomModel.networks(generator, condition: 8)
        let arrays = RandomModel.arrays { store in
            let scope = ParameterScope(Graph(), store)
            _ = ProjectionHead(scope / "encoder", head)
            _ = Generator(scope / "generator", networks)
        }
        model = Model(
            configuration: Model.Configuration(
                name: name, encoder: nil, pretrained: PretrainedReference(encoder, head: head), networks: networks),
            vocabulary: nil, arrays: arrays)
        // SigLIP's padding, the "pad_token" in its folder, is 1.
        text = SentenceNetwork(encoder, head: TrainedHead(head, arrays: arrays.below("encoder")), padding: 1)
    }

    /// A model with a built-in encoder.
    init(_ encoder: TextEncoderConfiguration, vocabulary: Vocabulary, generator: GeneratorKind, card: String? = nil) {
        let networks = RandomModel.networks(generator, condition: encoder.embedding)
        let arrays = RandomModel.arrays { store in
            let scope = ParameterScope(Graph(), store)
            _ = TextEncoder(scope / "encoder", encoder)
            _ = Generator(scope / "generator", networks)
        }
        model = Model(
            configuration: Model.Configuration(name: "built-in", encoder: encoder, networks: networks),
            vocabulary: vocabulary, arrays: arrays, card: card)
        text = SentenceNetwork(encoder, arrays: arrays.below("encoder"), name: "built-in")
    }

    private static func networks(_ kind: GeneratorKind, condition: Int) -> GeneratorConfiguration {
        GeneratorConfiguration(
            kind: kind, side: 16, width: 4, noise: 6, condition: condition, output: kind == .dfGAN ? .linear : .tanh,
            textScale: 3, textInStart: kind == .dfGAN ? true : nil)
    }

    /// Random values of all parameters. They differ from the initial ones, with which a DF-GAN does not depend on the sentence.
    private static func arrays(_ declare: (ParameterStore) -> Void) -> NetworkArrays {
        let store = ParameterStore()
        declare(store)
        var arrays = NetworkArrays()
        for entry in store.entries {
            var stream = RandomStream(seed: 2, purpose: entry.path)
            let noise = stream.normals(entry.shape.count)
            arrays[entry.path] = (
                entry.shape.dimensions, zip(entry.initialValues(seed: 1), noise).map { $0 + 0.05 * $1 }
            )
        }
        return arrays
    }

    /// Random token ids with an end token.
    func sequence(length: Int, seed: UInt64) -> [Int32] {
        var stream = RandomStream(seed: seed, purpose: "tokens")
        var ids = (0..<length).map { _ in Int32(stream.uniform() * Float(min(text.vocabulary, 1000) - 1)) }
        switch text.end {
        case .last: break
        case .id(let id): ids[length - 1] = id
        // The first of two counts.
        case .largest: for position in [length / 2, length - 1] { ids[position] = Int32(text.vocabulary - 1) }
        }
        return ids
    }

    /// Limn's own images, [batch, side, side, 3], and sentence vectors.
    func images(_ sequences: [[Int32]], noise: [Float]) throws -> (images: [Float], sentences: [Float]) {
        let sentences = try TokenEmbedder(text, device: device).embed(sequences)
        let networks = model.configuration.networks
        let (graph, store) = (Graph(), ParameterStore())
        let generator = Generator(ParameterScope(graph, store) / "generator", networks)
        let images = generator(
            noise: graph.input("noise", [sequences.count, networks.noise]),
            text: TextEmbedding(graph.input("text", [sequences.count, networks.condition]))
        ).tensor
        let values = try store.allocate(on: device)
        try store.load(model.arrays.filter { $0.key.hasPrefix("generator.") }, into: values)
        let program = try device.compile(
            Outputs(results: ["images": images]), parameters: ParameterMap(store.slices(of: values)))
        return (try program.run(["noise": .floats(noise), "text": .floats(sentences)])["images"], sentences)
    }
}
