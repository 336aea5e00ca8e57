import Inference
import JSON
import NIOHTTP1

/// OpenAI's endpoints for images (platform.openai.com/docs/api-reference/images).
struct OpenAIAPI: Sendable {
    let generation: Generation
    /// Unix time of the server's start, which stands for the creation of its models.
    let started: Int

    var endpoints: [Endpoint] {
        [
            Endpoint(.GET, "/v1/models") { _, _ in
                try .json(List(data: generation.service.models.map { ModelEntry(id: $0.id, created: started) }))
            },
            Endpoint(.GET, "/v1/models/{model}") { _, parameters in
                let index = try generation.model(parameters[0])
                return try .json(ModelEntry(id: generation.service.models[index].id, created: started))
            },
            Endpoint(.POST, "/v1/images/generations") { request, _ in try await generate(request.json()) },
        ]
    }

    private struct ModelEntry: Encodable {
        let id: String
        let created: Int
        var object = "model"
        var ownedBy = "limn"
    }

    private struct List: Encodable {
        var object = "list"
        let data: [ModelEntry]
    }

    private struct Images: Encodable {
        struct Entry: Encodable {
            let b64Json: String?
            let url: String?
            let seed: String
            let ignoredTokens: Int?
        }
        let created: Int
        let data: [Entry]
    }

    /// Generates the images of a request. Settings that have no meaning for Limn, such as `quality` and `user`, are ignored.
    /// `seed` and `truncation` are additions.
    private func generate(_ fields: JSONFields) async throws -> HTTPResponse {
        let prompt = try generation.prompt(fields, "prompt")
        let count = try fields.integer("n", default: 1, in: 1...generation.limits.images)
        // As with OpenAI's models, every call gives other images, unless it has a seed.
        let seed = try fields.seed(default: GenerationRequest.randomSeed())
        let format = try fields.string("response_format", default: "b64_json")
        guard ["b64_json", "url"].contains(format) else {
            throw fields.unsupported("response_format", format, ["b64_json", "url"])
        }
        let output = try fields.string("output_format", default: "png")
        guard output == "png" else { throw fields.unsupported("output_format", output, ["png"]) }
        guard try !fields.boolean("stream", default: false) else { throw fields.fault("\"stream\" is not available") }
        let truncation = try generation.truncation(fields)
        let call = GenerationCall(
            model: try generation.model(fields.optionalString("model")),
            requests: (0..<count).map {
                GenerationRequest(prompt: prompt, seed: seed &+ UInt64($0), truncation: truncation)
            },
            side: try side(fields))
        let entries = try await generation.images(of: call).map { image in
            let data = image.base64
            return Images.Entry(
                b64Json: format == "url" ? nil : data, url: format == "url" ? "data:image/png;base64,\(data)" : nil,
                seed: "\(image.request.seed)", ignoredTokens: image.ignoredTokens)
        }
        return try .json(Images(created: unixTime(), data: entries))
    }

    /// The side of `size`, WIDTHxHEIGHT with equal numbers; nil for `auto`.
    private func side(_ fields: JSONFields) throws -> Int? {
        let size = try fields.string("size", default: "auto")
        if size == "auto" { return nil }
        let sides = size.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard sides.count == 2, let side = sides[0], sides[1] == side, (16...generation.limits.side).contains(side)
        else {
            throw fields.fault(
                "\"size\" is \"\(size.prefix(20))\", expected auto or a square such as 256x256, of 16 to \(generation.limits.side)"
            )
        }
        return side
    }
}
