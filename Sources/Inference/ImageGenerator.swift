import Execution
import Graphs
import Images
import Layers
import Models
import Networks
import RandomStreams

/// A request for one image.
public struct GenerationRequest: Hashable, Sendable {
    /// The prompt.
    public var prompt: String
    /// Seed of the noise: equal seeds and prompts give equal images.
    public var seed: UInt64
    /// Bound of the noise: values beyond ±`truncation` are drawn again (Brock et al. 2019). Smaller bounds give more typical and
    /// less varied images; infinity disables truncation.
    public var truncation: Float

    /// A request; `truncation` must be positive.
    public init(prompt: String, seed: UInt64, truncation: Float = .infinity) {
        self.prompt = prompt
        self.seed = seed
        self.truncation = truncation
    }
}

/// Generates images from prompts with a model. Must be used on one thread.
public final class ImageGenerator {
    private let name: String
    private let networks: GeneratorConfiguration
    private let embedder: SentenceEmbedder
    private let device: any Device
    private let store = ParameterStore()
    private let values: any Buffer
    private var programs: [Int: any Executable] = [:]

    /// Loads a model onto a device.
    /// - Parameter encoder: the folder of the pretrained encoder that the model refers to; see `SentenceEmbedder.init`.
    /// - Throws: `ModelError` if the encoder cannot be used, `ParameterMismatch` if parameters are missing or misshapen.
    public init(_ model: Model, device: any Device, encoder: String? = nil) throws {
        name = model.configuration.name
        networks = model.configuration.networks
        self.device = device
        embedder = try SentenceEmbedder(model, encoder: encoder, device: device)
        _ = Generator(ParameterScope(Graph(), store) / "generator", networks)
        values = try store.allocate(on: device)
        try store.load(model.arrays.filter { !$0.key.hasPrefix("encoder.") }, into: values)
    }

    /// Width and height of the images in pixels.
    public var side: Int { networks.side }

    /// The number of tokens of a prompt and the most that the model reads, if the prompt is longer; nil otherwise.
    public func excess(of prompt: String) -> (tokens: Int, limit: Int)? {
        let tokens = embedder.tokenCount(prompt)
        return tokens > embedder.limit ? (tokens, embedder.limit) : nil
    }

    /// Generates one image per request, in order. An image does not depend on the other requests, except for rounding: a pixel may
    /// differ by one level.
    /// - Parameter progress: called with the number of images generated so far.
    /// - Throws: `ModelError` if the model's weights give values that are not finite.
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
            let pixels = try pixels(noise: noise, text: text)
            guard pixels.allSatisfy(\.isFinite) else {
                throw ModelError(
                    path: name, problem: "its weights produce values that are not finite; is the file damaged?")
            }
            for start in stride(from: 0, to: pixels.count, by: count) {
                images.append(Image(side: side, values: pixels[start..<start + count]))
            }
            progress(images.count)
        }
        return images
    }

    /// Pixels before they are clamped to −1…1, [batch, side, side, 3], from noise [batch×noise] and sentence vectors [batch×width].
    package func pixels(noise: [Float], text: [Float]) throws -> [Float] {
        let program = try program(batch: noise.count / networks.noise)
        return try program.run(["noise": .floats(noise), "text": .floats(text)])["images"]
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
    /// An image from `side`·`side`·3 values in −1…1; values outside are clamped.
    package init(side: Int, values: some Sequence<Float>) {
        let pixels = values.map { UInt8(max(0, min(255, ($0 * 127.5 + 127.5).rounded()))) }
        self.init(width: side, height: side, pixels: pixels)
    }
}
