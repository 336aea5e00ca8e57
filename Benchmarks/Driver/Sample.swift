import ArgumentParser
import Checkpoints
import CPUBackend
import Graphs
import Inference
import Layers
import Models
import Networks
import RandomStreams

/// Images and sentence vectors of random tokens and noise, for `scripts/check-onnx`.
struct Sample: ParsableCommand {
    @Option(help: "The model; with --encoder it is created, with random weights.") var model: String
    @Option(help: "The folder of a pretrained encoder.") var encoder: String?
    @Option(help: "Pooling of an encoder whose folder does not specify it.") var pooling: Pooling?
    @Option(help: "The generator of a model that is created.") var generator = GeneratorKind.dfGAN
    @Option(help: "Number of images.") var count = 24
    @Option(help: "The safetensors file to write: ids, mask, noise, images, sentences.") var out: String

    func run() throws {
        if let encoder {
            try created(on: PretrainedEncoder(contentsOf: encoder, pooling: pooling)).write(to: self.model)
        }
        let model = try Model(contentsOf: self.model)
        let device = CPUDevice(library: .openBLAS, precision: .float32)
        let embedder = try SentenceEmbedder(model, device: device)
        let (sequences, networks) = (try sequences(model, limit: embedder.limit), model.configuration.networks)
        let tokens = PaddedTokens(sequences, length: embedder.limit)
        var stream = RandomStream(seed: 1, purpose: "noise")
        let noise = stream.normals(count * networks.noise)
        let sentences = try embedder.embed(tokens: sequences)
        let generator = try ImageGenerator(model, device: device)
        var images: [Float] = []
        for row in 0..<count {
            let noise = Array(noise[row * networks.noise..<(row + 1) * networks.noise])
            let text = Array(sentences[row * embedder.width..<(row + 1) * embedder.width])
            images += try generator.pixels(noise: noise, text: text).map { max(-1, min(1, $0)) }
        }
        func floats(_ name: String, _ shape: [Int], _ values: [Float]) -> NamedArray {
            NamedArray(name: name, shape: [count] + shape, floats: values)
        }
        try Safetensors.write(
            [
                floats("ids", [embedder.limit], tokens.ids.map { Float($0) }),
                floats("mask", [embedder.limit], tokens.mask), floats("noise", [networks.noise], noise),
                floats("images", [networks.side, networks.side, 3], images),
                floats("sentences", [embedder.width], sentences),
            ], metadata: [:], to: out)
    }

    /// Sequences of random tokens, of 1 to `limit`, that have an end token.
    private func sequences(_ model: Model, limit: Int) throws -> [[Int32]] {
        var stream = RandomStream(seed: 1, purpose: "tokens")
        let (vocabulary, end): (Int, EndToken) =
            switch try model.encoder(at: nil) {
            case .builtIn(let sizes, _, _): (sizes.vocabulary, .last)
            case .pretrained(let encoder, _): (encoder.vocabulary, encoder.architecture.end)
            }
        return (0..<count).map { row in
            let length = row == 0 ? 1 : row == 1 ? limit : 1 + Int(stream.uniform() * Float(limit - 1))
            var ids = (0..<length).map { _ in min(Int32(stream.uniform() * Float(vocabulary)), Int32(vocabulary - 1)) }
            if case .id(let id) = end { ids[length - 1] = id }
            return ids
        }
    }

    /// A model with random weights. They differ from the initial ones, with which a DF-GAN does not depend on the sentence.
    private func created(on encoder: PretrainedEncoder) throws -> Model {
        let head = ProjectionHeadConfiguration(inputs: encoder.width, hidden: 24, embedding: 16)
        let networks = GeneratorConfiguration(
            kind: generator, side: 32, width: 8, noise: 10, condition: 16,
            output: generator == .dfGAN ? .linear : .tanh, textScale: 4)
        let store = ParameterStore()
        _ = Generator(ParameterScope(Graph(), store) / "generator", networks)
        let vectors = Graph()
        _ = ProjectionHead(ParameterScope(vectors, store) / "encoder", head)(
            vectors.input("vectors", [1, head.inputs]))
        var arrays = NetworkArrays()
        for entry in store.entries {
            var stream = RandomStream(seed: 2, purpose: entry.path)
            let noise = stream.normals(entry.shape.count)
            arrays[entry.path] = (
                entry.shape.dimensions, zip(entry.initialValues(seed: 1), noise).map { $0 + 0.03 * $1 }
            )
        }
        return Model(
            configuration: Model.Configuration(
                name: "random", encoder: nil, pretrained: PretrainedReference(encoder, head: head), networks: networks),
            vocabulary: nil, arrays: arrays)
    }
}

extension Pooling: ExpressibleByArgument {}
extension GeneratorKind: ExpressibleByArgument {}
