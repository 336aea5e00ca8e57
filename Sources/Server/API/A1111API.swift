import FoundationEssentials
import Images
import Inference
import JSON
import NIOHTTP1
import Synchronization

/// The endpoints of AUTOMATIC1111's web interface that its clients use to generate images.
final class A1111API: Sendable {
    private let generation: Generation
    /// Index of the model that `options` selected, and the progress of running calls.
    private let state = Mutex(State())

    private struct State {
        var model = 0
        var done = 0
        var total = 0
    }

    init(_ generation: Generation) { self.generation = generation }

    var endpoints: [Endpoint] {
        [
            Endpoint(.POST, "/sdapi/v1/txt2img") { [self] request, _ in try await textToImage(request.json()) },
            Endpoint(.GET, "/sdapi/v1/sd-models") { [self] _, _ in try .json(models) },
            Endpoint(.GET, "/sdapi/v1/samplers") { _, _ in try .json([Sampler()]) },
            Endpoint(.GET, "/sdapi/v1/options") { [self] _, _ in try .json(options) },
            Endpoint(.POST, "/sdapi/v1/options") { [self] request, _ in try setOptions(request.json()) },
            Endpoint(.GET, "/sdapi/v1/progress") { [self] _, _ in try .json(progress) },
            Endpoint(.POST, "/sdapi/v1/png-info") { request, _ in try A1111API.info(request.json()) },
        ]
    }

    // MARK: Images

    private struct Images: Encodable {
        let images: [String]
        let parameters: Parameters
        /// JSON as a string, as the original has it.
        let info: String
    }

    private struct Parameters: Encodable {
        let prompt: String
        let seed: UInt64
        let subseed: UInt64
        let subseedStrength: Float
        let width: Int
        let height: Int
        let batchSize: Int
        var samplerName = "GAN"
    }

    private struct Info: Encodable {
        let prompt: String
        let allPrompts: [String]
        let seed: UInt64
        let allSeeds: [UInt64]
        let subseed: UInt64
        let allSubseeds: [UInt64]
        let subseedStrength: Float
        let width: Int
        let height: Int
        let sdModelName: String
        let infotexts: [String]
        let ignoredTokens: Int?
    }

    /// Generates the images of a request. Settings of diffusion models, such as steps, are ignored; -1 draws a seed.
    private func textToImage(_ fields: JSONFields) async throws -> HTTPResponse {
        let prompt = try generation.prompt(fields, "prompt")
        let limit = generation.limits.images
        let (size, repeats) = (
            try fields.integer("batch_size", default: 1, in: 1...limit),
            try fields.integer("n_iter", default: 1, in: 1...limit)
        )
        guard size * repeats <= limit else {
            throw fields.fault("\"batch_size\" · \"n_iter\" is \(size * repeats), at most \(limit)")
        }
        let count = size * repeats
        let seed = try drawnSeed(fields, "seed")
        let subseed = try drawnSeed(fields, "subseed")
        let strength = try fields.number("subseed_strength", default: 0)
        guard (0...1).contains(strength) else {
            throw fields.fault("\"subseed_strength\" is \(strength), expected 0 to 1")
        }
        let model = try selectedModel(fields)
        let side = try side(fields, of: model)
        let requests = (0..<count).map { index in
            // As in the original, a variation keeps the seed and counts the variation seeds up.
            strength == 0
                ? GenerationRequest(prompt: prompt, seed: seed &+ UInt64(index))
                : GenerationRequest(
                    prompt: prompt, seed: seed,
                    seedBlend: Blend(toward: subseed &+ UInt64(index), fraction: Float(strength)))
        }
        let images = try await generate(GenerationCall(model: model, requests: requests, side: side))
        let info = Info(
            prompt: prompt, allPrompts: images.map { _ in prompt }, seed: seed, allSeeds: requests.map(\.seed),
            subseed: subseed, allSubseeds: requests.map { $0.seedBlend?.target ?? subseed },
            subseedStrength: Float(strength), width: side, height: side,
            sdModelName: generation.service.models[model].id, infotexts: images.map { $0.metadata.parameters },
            ignoredTokens: images.first?.ignoredTokens)
        return try .json(
            Images(
                images: images.map(\.base64),
                parameters: Parameters(
                    prompt: prompt, seed: seed, subseed: subseed, subseedStrength: Float(strength), width: side,
                    height: side, batchSize: size),
                info: String(decoding: try jsonBytes(info), as: UTF8.self)))
    }

    private func generate(_ call: GenerationCall) async throws -> [GeneratedImage] {
        state.withLock { $0.total += call.requests.count }
        var count = 0
        defer {
            let done = count
            state.withLock {
                $0.total -= call.requests.count
                $0.done -= done
            }
        }
        return try await generation.images(of: call) {
            count += 1
            state.withLock { $0.done += 1 }
        }
    }

    private func drawnSeed(_ fields: JSONFields, _ key: String) throws -> UInt64 {
        if fields.optional(key)?.wholeNumber == -1 { return GenerationRequest.randomSeed() }
        return try fields.seed(key, default: GenerationRequest.randomSeed())
    }

    private func side(_ fields: JSONFields, of model: Int) throws -> Int {
        let (native, range) = (generation.service.models[model].side, 16...generation.limits.side)
        let width = try fields.integer("width", default: native, in: range)
        let height = try fields.integer("height", default: width, in: range)
        guard width == height else {
            throw fields.fault("\"width\" is \(width), \"height\" \(height); images are square")
        }
        return width
    }

    // MARK: Models and options

    private func selectedModel(_ fields: JSONFields) throws -> Int {
        if fields.optional("override_settings") != nil,
            let name = try fields.object("override_settings").optionalString("sd_model_checkpoint")
        {
            return try generation.model(name)
        }
        return state.withLock(\.model)
    }

    private struct ModelEntry: Encodable {
        let title: String
        let modelName: String
        let filename: String
        var hash = Null()
        var sha256 = Null()
        var config = Null()
    }

    /// A member that AUTOMATIC1111's answers have and this server does not know.
    private struct Null: Encodable {
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        }
    }

    private var models: [ModelEntry] {
        generation.service.models.map { ModelEntry(title: $0.id, modelName: $0.id, filename: "\($0.id).safetensors") }
    }

    private struct Sampler: Encodable {
        var name = "GAN"
        var aliases: [String] = []
        var options: [String: String] = [:]
    }

    private struct Options: Encodable {
        let sdModelCheckpoint: String
        var samplesFormat = "png"
    }

    private var options: Options {
        Options(sdModelCheckpoint: generation.service.models[state.withLock(\.model)].id)
    }

    /// Selects the model of further requests; other options are ignored.
    private func setOptions(_ fields: JSONFields) throws -> HTTPResponse {
        if let name = try fields.optionalString("sd_model_checkpoint") {
            let model = try generation.model(name)
            state.withLock { $0.model = model }
        }
        return try .json([String: String]())
    }

    // MARK: Progress and metadata

    private struct Progress: Encodable {
        struct State: Encodable {
            let jobCount: Int
            let jobNo: Int
            var skipped = false
            var interrupted = false
            var job = ""
            var samplingStep = 0
            var samplingSteps = 0
        }
        let progress: Double
        let etaRelative: Double
        let state: State
        var currentImage = Null()
        var textinfo = Null()
    }

    private var progress: Progress {
        let (done, total) = state.withLock { ($0.done, $0.total) }
        let rate = generation.service.imagesPerSecond
        return Progress(
            progress: total == 0 ? 0 : Double(done) / Double(total),
            etaRelative: rate > 0 ? Double(total - done) / rate : 0, state: .init(jobCount: total, jobNo: done))
    }

    private struct PNGInfo: Encodable {
        let info: String
        let items: [String: String]
        var parameters: [String: String] = [:]
    }

    /// The texts of an image, in base64 or as a data URL: of a JPEG or WebP, the Exif tag UserComment.
    private static func info(_ fields: JSONFields) throws -> HTTPResponse {
        var text = try fields.string("image")[...]
        if text.hasPrefix("data:"), let comma = text.firstIndex(of: ",") { text = text[text.index(after: comma)...] }
        guard let data = Data(base64Encoded: String(text)) else { throw fields.fault("\"image\" is not base64") }
        let texts: [(keyword: String, text: String)]
        do {
            texts = try Image.text(in: [UInt8](data), named: "\"image\"")
        } catch {
            throw fields.fault("\(error)")
        }
        let items = Dictionary(texts.map { ($0.keyword, $0.text) }) { first, _ in first }
        // Keywords are names of files' authors, not of Limn's types, and keep their case.
        let info = PNGInfo(info: items["parameters"] ?? items[Image.commentKeyword] ?? "", items: items)
        return HTTPResponse(type: "application/json", body: .bytes([UInt8](try jsonText(info).utf8)))
    }
}
