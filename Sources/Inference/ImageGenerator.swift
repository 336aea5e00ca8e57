import Execution
import Graphs
import Images
import Layers
import Models
import Networks
import RandomStreams

/// One image to be generated.
public struct GenerationRequest: Hashable, Sendable {
    /// What to generate.
    public var prompt: String
    /// The seed of its noise: the same seed and prompt give the same image.
    public var seed: UInt64
    /// Noise beyond this bound is drawn again: smaller is safer and more alike (Brock et al. 2019). Infinity draws all.
    public var truncation: Float

    /// What to generate, from which seed; `truncation` must be positive.
    public init(prompt: String, seed: UInt64, truncation: Float = .infinity) {
        self.prompt = prompt
        self.seed = seed
        self.truncation = truncation
    }
}

/// Captions in, images out.
public final class ImageGenerator {
    private let name: String
    private let networks: GeneratorConfiguration
    private let embedder: SentenceEmbedder
    private let device: any Device
    private let store = ParameterStore()
    private let values: any Buffer
    private var programs: [Int: any Executable] = [:]

    /// Loads a model; its parameters must be complete.
    /// - Parameter encoder: the folder of the pretrained encoder that the model names; see `SentenceEmbedder.init`.
    public init(_ model: Model, device: any Device, encoder: String? = nil) throws {
        name = model.configuration.name
        networks = model.configuration.networks
        self.device = device
        embedder = try SentenceEmbedder(model, encoder: encoder, device: device)
        _ = Generator(ParameterScope(Graph(), store) / "generator", networks)
        values = try store.allocate(on: device)
        try store.load(model.arrays.filter { !$0.key.hasPrefix("encoder.") }, into: values)
    }

    /// Side of the images.
    public var side: Int { networks.side }

    /// The tokens of a prompt where they are more than the model reads, and how many it reads; nil where it reads all.
    public func excess(of prompt: String) -> (tokens: Int, limit: Int)? {
        let tokens = embedder.tokenCount(prompt)
        return tokens > embedder.limit ? (tokens, embedder.limit) : nil
    }

    /// Generates each request; the others change nothing but rounding, and with it a pixel by one level at most.
    /// - Parameter progress: called with the number of images done.
    /// - Throws: `ModelError` where the model's weights give what is no colour.
    public func generate(_ requests: [GenerationRequest], progress: (Int) -> Void = { _ in }) throws -> [Image] {
        let prompts = Array(Set(requests.map(\.prompt))).sorted()
        let rows = Dictionary(uniqueKeysWithValues: zip(prompts, prompts.indices))
        let vectors = try embedder.embed(prompts)
        var images: [Image] = []
        while images.count < requests.count {
            let size = requests.count - images.count >= 16 ? 16 : 1
            let batch = requests[images.count..<images.count + size]
            let noise = batch.flatMap { ImageGenerator.noise($0, networks.noise) }
            let text = batch.flatMap { request in
                let row = rows[request.prompt] ?? 0
                return vectors[row * embedder.width..<(row + 1) * embedder.width]
            }
            let count = side * side * 3
            let results = try program(batch: size).run(["noise": .floats(noise), "text": .floats(text)])
            let pixels = results["images"]
            guard pixels.allSatisfy(\.isFinite) else {
                throw ModelError(
                    path: name, problem: "its weights produce values that are not numbers; is the file damaged?")
            }
            for start in stride(from: 0, to: pixels.count, by: count) {
                images.append(Image(side: side, values: pixels[start..<start + count]))
            }
            progress(images.count)
        }
        return images
    }

    private static func noise(_ request: GenerationRequest, _ count: Int) -> [Float] {
        var stream = RandomStream(seed: request.seed, purpose: "noise")
        return request.truncation.isFinite
            ? stream.truncatedNormals(count, bound: request.truncation) : stream.normals(count)
    }

    private func program(batch: Int) throws -> any Executable {
        if let known = programs[batch] { return known }
        let shards = device.shardCount(forBatch: batch)
        let parameters = ParameterMap(store.slices(of: values))
        let program = try device.compile(shards: shards, parameters: parameters) { _ in
            let graph = Graph()
            let generator = Generator(ParameterScope(graph, store) / "generator", networks)
            let text = TextEmbedding(graph.input("text", [batch / shards, networks.condition]))
            let images = generator(noise: graph.input("noise", [batch / shards, networks.noise]), text: text)
            return Outputs(results: ["images": images.tensor])
        }
        programs[batch] = program
        return program
    }
}

extension Image {
    /// An image from values in −1…1, side·side·3 of them; values beyond are cut.
    package init(side: Int, values: some Sequence<Float>) {
        let pixels = values.map { UInt8(max(0, min(255, ($0 * 127.5 + 127.5).rounded()))) }
        self.init(width: side, height: side, pixels: pixels)
    }
}
