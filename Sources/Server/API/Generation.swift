import FoundationEssentials
import Images
import Inference
import JSON

/// Images that a request asks for, whatever the API.
struct GenerationCall: Sendable {
    /// Index of the model in the service.
    let model: Int
    let requests: [GenerationRequest]
    /// Width and height of the images; nil is the model's.
    let side: Int?
}

/// A generated image as the APIs return it.
struct GeneratedImage: Sendable {
    /// The position of its request in the call.
    let index: Int
    let request: GenerationRequest
    let metadata: ImageMetadata
    let side: Int
    let png: [UInt8]
    /// Tokens at the end of the prompt that the model did not read; nil if it read all.
    let ignoredTokens: Int?

    var base64: String { Data(png).base64EncodedString() }
}

/// Turns requests of any API into images.
struct Generation: Sendable {
    let service: GenerationService
    let limits: ServerLimits

    /// All images of a call, in order.
    /// - Parameter onImage: called for each as soon as it is ready.
    /// - Throws: `APIError` 429 if the queue is full; `CancellationError` if the client has left.
    func images(of call: GenerationCall, onImage: () -> Void = {}) async throws -> [GeneratedImage] {
        var images: [GeneratedImage] = []
        for try await result in try stream(call) {
            images.append(try png(result, of: call))
            onImage()
        }
        // A cancelled iteration ends like a finished one.
        try Task.checkCancellation()
        return images.sorted { $0.index < $1.index }
    }

    /// Queues a call.
    func stream(_ call: GenerationCall) throws(APIError) -> AsyncThrowingStream<GenerationService.Result, any Error> {
        do throws(GenerationService.Busy) {
            return try service.images(call.requests, model: call.model)
        } catch {
            throw APIError(
                status: .tooManyRequests, message: "the queue is full; try again in \(error.retryAfter) s",
                type: "rate_limit_error", code: "rate_limit_exceeded", retryAfter: error.retryAfter)
        }
    }

    func png(_ result: GenerationService.Result, of call: GenerationCall) throws -> GeneratedImage {
        let request = call.requests[result.index]
        var image = result.image
        if let side = call.side, side != image.width {
            image = image.resized(width: side, height: side, filter: .lanczos)
        }
        let metadata = ImageMetadata(request: request, model: service.models[call.model].id)
        return GeneratedImage(
            index: result.index, request: request, metadata: metadata, side: image.width,
            png: try image.pngData(text: metadata.pngText),
            ignoredTokens: result.ignoredTokens > 0 ? result.ignoredTokens : nil)
    }

    // MARK: Fields of requests

    /// The model that a request names; the first if it names none.
    /// - Throws: `APIError` 404.
    func model(_ id: String?) throws -> Int {
        guard let id, !id.isEmpty else { return 0 }
        guard let index = service.models.firstIndex(where: { $0.id == id }) else {
            let known = service.models.map(\.id).joined(separator: ", ")
            throw APIError.notFound(
                "the model \(id.prefix(100)) does not exist; there are \(known)", code: "model_not_found")
        }
        return index
    }

    /// A prompt: neither blank nor too long, without zero bytes.
    func prompt(_ fields: JSONFields, _ key: String) throws -> String {
        let prompt = try fields.string(key)
        guard !prompt.allSatisfy(\.isWhitespace) else { throw fields.fault("\(fields.name(key)) is empty") }
        guard prompt.unicodeScalars.count <= limits.promptCharacters else {
            throw fields.fault(
                "\(fields.name(key)) has \(prompt.unicodeScalars.count) characters, at most \(limits.promptCharacters) are allowed"
            )
        }
        guard !prompt.unicodeScalars.contains("\0") else {
            throw fields.fault("\(fields.name(key)) contains a zero byte")
        }
        return prompt
    }

    /// The bound of the noise; infinity if it is missing.
    func truncation(_ fields: JSONFields) throws -> Float {
        guard fields.optional("truncation") != nil else { return .infinity }
        let number = try fields.number("truncation")
        // A number just above the limit may round to it.
        let (bound, least) = (Float(number), GenerationRequest.leastTruncation)
        guard bound > least, number <= 100 else {
            throw fields.fault("\"truncation\" is \(number), expected above \(least), at most 100")
        }
        return bound
    }

    /// The side of a resized image; nil if it is missing.
    func side(_ fields: JSONFields) throws -> Int? {
        guard fields.optional("size") != nil else { return nil }
        return try fields.integer("size", in: 16...limits.side)
    }
}

extension JSONFields {
    /// A seed: a number, or a string of digits for those beyond the numbers that JavaScript has.
    func seed(_ key: String = "seed", default fallback: UInt64? = nil) throws -> UInt64 {
        switch optional(key) {
        case .string(let text)?: if let value = UInt64(text), !text.hasPrefix("+") { return value }
        case let value?: if let value = value.wholeNumber, value >= 0 { return UInt64(value) }
        case nil: if let fallback { return fallback }
        }
        throw fault(
            "\(name(key)) must be a number, 0 to 9223372036854775807, or a string of digits, up to 18446744073709551615"
        )
    }

    /// A string; nil if it is missing.
    func optionalString(_ key: String) throws -> String? { optional(key) == nil ? nil : try string(key) }
}
