import Execution
import Graphs
import Images
import Layers
import Models
import Networks
import RandomStreams

/// Generates images from prompts with a model. Must be used on one thread.
public final class ImageGenerator {
    /// The model's name.
    public let name: String
    /// What messages call the model: its file, or its name.
    private let label: String
    private let networks: GeneratorConfiguration
    private let embedder: SentenceEmbedder
    private let device: any Device
    private let store = ParameterStore()
    private let parameters: FrozenParameters
    private var programs: [Int: any Executable] = [:]

    /// Loads a model onto a device.
    /// - Parameter encoder: the folder of the pretrained encoder that the model refers to; see `SentenceEmbedder.init`.
    /// - Throws: `ModelError` if the encoder cannot be used, or if parameters are missing or misshapen.
    public init(_ model: Model, device: any Device, encoder: String? = nil) throws {
        name = model.configuration.name
        label = model.label
        networks = model.configuration.networks
        self.device = device
        embedder = try model.building { try SentenceEmbedder(model, encoder: encoder, device: device) }
        _ = Generator(ParameterScope(Graph(), store) / "generator", networks)
        let store = store
        let values = try store.allocate(on: device)
        try model.building { try store.load(model.arrays.filter { !$0.key.hasPrefix("encoder.") }, into: values) }
        parameters = FrozenParameters(store.slices(of: values))
    }

    /// Width and height of the images in pixels.
    public var side: Int { networks.side }

    /// The most tokens of a prompt that the model reads, start and end excluded.
    public var promptTokens: Int { embedder.textLimit }

    /// The number of tokens of a prompt and the most that the model reads, start and end excluded, if the prompt is longer; nil
    /// otherwise.
    public func excess(of prompt: String) -> (tokens: Int, limit: Int)? {
        let tokens = embedder.tokenCount(prompt)
        return tokens > promptTokens ? (tokens, promptTokens) : nil
    }

    /// The number of tokens at the end of a request's prompt that the model does not read; of two prompts, the larger number.
    func ignoredTokens(of request: GenerationRequest) -> Int {
        request.prompts.compactMap { excess(of: $0) }.map { $0.tokens - $0.limit }.max() ?? 0
    }

    /// Generates one image per request, in order. An image does not depend on the other requests, except for rounding: a pixel may
    /// differ by one level.
    /// - Parameter progress: called with the number of images generated so far.
    /// - Throws: `ModelError` if the model's weights give values that are not finite.
    public func generate(_ requests: [GenerationRequest], progress: (Int) -> Void = { _ in }) throws -> [Image] {
        let vectors = try sentenceVectors(of: requests)
        var images: [Image] = []
        while images.count < requests.count {
            let size = ImageGenerator.batchSize(for: requests.count - images.count)
            let batch = requests[images.count..<images.count + size]
            let noise = batch.flatMap(noise)
            let text = batch.flatMap { request in
                let vector = vectors[request.prompt] ?? []
                guard let blend = request.promptBlend, let target = vectors[blend.target] else { return vector }
                return Blend(toward: target, fraction: blend.fraction).onLine(from: vector)
            }
            let count = side * side * 3
            let pixels = try pixels(noise: noise, text: text)
            try ModelError.requireFinite(pixels, of: label)
            for start in stride(from: 0, to: pixels.count, by: count) {
                images.append(Image(width: side, height: side, values: pixels[start..<start + count]))
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

    /// The largest batch that one run of the generator computes.
    public static let largestBatch = 16

    /// The size of the next batch of `count` images: a power of two, so that few programs serve any number.
    private static func batchSize(for count: Int) -> Int {
        var size = largestBatch
        while size > count { size /= 2 }
        return size
    }

    /// The vector of each prompt of the requests.
    private func sentenceVectors(of requests: [GenerationRequest]) throws -> [String: [Float]] {
        let prompts = Set(requests.flatMap(\.prompts)).sorted()
        let vectors = try embedder.embed(prompts)
        let width = embedder.width
        return Dictionary(
            uniqueKeysWithValues: prompts.enumerated().map { ($1, Array(vectors[$0 * width..<($0 + 1) * width])) })
    }

    private func noise(_ request: GenerationRequest) -> [Float] {
        func noise(_ seed: UInt64) -> [Float] {
            var stream = RandomStream(seed: seed, purpose: "noise")
            return request.truncation.isFinite
                ? stream.truncatedNormals(networks.noise, bound: request.truncation) : stream.normals(networks.noise)
        }
        guard let blend = request.seedBlend else { return noise(request.seed) }
        return Blend(toward: noise(blend.target), fraction: blend.fraction).onArc(from: noise(request.seed))
    }

    private func program(batch: Int) throws -> any Executable {
        if let known = programs[batch] { return known }
        let shards = device.shardCount(forBatch: batch)
        let program = try device.compile(shards: shards, parameters: ParameterMap(frozen: parameters)) { _ in
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
