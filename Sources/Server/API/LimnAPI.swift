import Basics
import Inference
import JSON
import NIOHTTP1

/// Limn's own endpoints: images as they become ready, variations and walks.
struct LimnAPI: Sendable {
    let generation: Generation
    let hasRuns: Bool
    let version: String

    var endpoints: [Endpoint] {
        [
            Endpoint(.GET, "/v1/limn/models") { _, _ in try .json(models) },
            Endpoint(.POST, "/v1/limn/images") { request, _ in try stream(images(request.json())) },
            Endpoint(.POST, "/v1/limn/walks") { request, _ in
                let (call, fractions) = try walk(request.json())
                return try stream(call, fractions)
            },
        ]
    }

    // MARK: Models

    private struct Models: Encodable {
        struct Entry: Encodable {
            let id: String
            let side: Int
            let card: String?
            let promptTokens: Int
        }
        struct Limits: Encodable {
            let promptCharacters: Int
            let images: Int
            let frames: Int
            let side: Int
        }
        let models: [Entry]
        let hasRuns: Bool
        let limits: Limits
        let version: String
    }

    private var models: Models {
        let limits = generation.limits
        return Models(
            models: generation.service.models.map {
                Models.Entry(id: $0.id, side: $0.side, card: $0.card, promptTokens: $0.promptTokens)
            },
            hasRuns: hasRuns,
            limits: Models.Limits(
                promptCharacters: limits.promptCharacters, images: limits.images, frames: limits.frames,
                side: limits.side),
            version: version)
    }

    // MARK: Images

    private func images(_ fields: JSONFields) throws -> GenerationCall {
        let limits = generation.limits
        let prompt = try generation.prompt(fields, "prompt")
        let seed = try fields.seed(default: 0)
        let count = try fields.integer("n", default: 1, in: 1...limits.images)
        let truncation = try generation.truncation(fields)
        var variation: Blend<UInt64>?
        if fields.optional("variation") != nil {
            let object = try fields.object("variation")
            let strength = try object.number("strength")
            guard (0...1).contains(strength) else {
                throw fields.fault("\"variation.strength\" is \(strength), expected 0 to 1")
            }
            variation = Blend(toward: try object.seed(default: 0), fraction: Float(strength))
        }
        let requests = (0..<count).map { index in
            // Variations share the noise of the first image, and differ in that toward which it is turned.
            var request = GenerationRequest(prompt: prompt, seed: seed, truncation: truncation, seedBlend: variation)
            if variation == nil { request.seed &+= UInt64(index) } else { request.seedBlend?.target &+= UInt64(index) }
            return request
        }
        let model = try generation.model(fields.optionalString("model"))
        return GenerationCall(model: model, requests: requests, side: try generation.side(fields))
    }

    /// The call of a walk, and for each of its frames the fraction of the way.
    private func walk(_ fields: JSONFields) throws -> (call: GenerationCall, fractions: [Double]) {
        func end(_ key: String) throws -> (prompt: String, seed: UInt64) {
            let object = try fields.object(key)
            return (try generation.prompt(object, "prompt"), try object.seed(default: 0))
        }
        let (first, last) = (try end("from"), try end("to"))
        let frames = try fields.integer("frames", in: 2...generation.limits.frames)
        let requests = GenerationRequest.walk(
            through: [first, last], frames: frames, truncation: try generation.truncation(fields))
        let model = try generation.model(fields.optionalString("model"))
        let call = GenerationCall(model: model, requests: requests, side: try generation.side(fields))
        return (call, (0..<frames).map { Double($0) / Double(frames - 1) })
    }

    // MARK: Answers

    /// One line of an answer. Seeds are strings, since JavaScript's numbers do not hold 64 bits.
    private struct Line: Encodable {
        struct Variation: Encodable {
            let seed: String
            let strength: Float
        }
        let index: Int
        let prompt: String
        let seed: String
        let truncation: Float?
        let variation: Variation?
        let fraction: Double?
        let ignoredTokens: Int?
        let model: String
        let width: Int
        let height: Int
        let png: String
    }

    /// One line of JSON per image, sent as it becomes ready. The call is queued before the response begins, so that a full queue is
    /// still a status.
    private func stream(_ call: GenerationCall, _ fractions: [Double]? = nil) throws -> HTTPResponse {
        let results = try generation.stream(call)
        return HTTPResponse(
            type: "application/x-ndjson", headers: ["cache-control": "no-store"],
            body: .stream { send in
                do {
                    for try await result in results {
                        let image = try generation.png(result, of: call)
                        try await send(jsonBytes(line(image, fractions)) + [UInt8(ascii: "\n")])
                    }
                    try Task.checkCancellation()
                } catch let error as any ClassifiedError {
                    // The status is sent already.
                    let failure = APIError(
                        status: .internalServerError, message: "\(error)", type: "server_error")
                    try await send(jsonBytes(failure.body) + [UInt8(ascii: "\n")])
                }
            })
    }

    private func line(_ image: GeneratedImage, _ fractions: [Double]?) -> Line {
        let request = image.request
        let isWalk = fractions != nil
        return Line(
            index: image.index, prompt: request.prompt, seed: "\(request.seed)",
            truncation: request.truncation.isFinite ? request.truncation : nil,
            variation: isWalk
                ? nil
                : request.seedBlend.map { Line.Variation(seed: "\($0.target)", strength: $0.fraction) },
            fraction: fractions?[image.index], ignoredTokens: image.ignoredTokens, model: image.metadata.model,
            width: image.side, height: image.side,
            png: image.base64)
    }
}
