import NIOHTTP1

/// A request that cannot be served: a status and one sentence.
struct APIError: Error {
    let status: HTTPResponseStatus
    let message: String
    /// OpenAI's type of error.
    var type = "invalid_request_error"
    /// OpenAI's code of error.
    var code: String?
    /// For 429: after how many seconds to try again.
    var retryAfter: Int?
    /// For 405: the methods that the path has.
    var allowed: String?

    static func badRequest(_ message: String) -> APIError { APIError(status: .badRequest, message: message) }

    static func notFound(_ message: String, code: String? = nil) -> APIError {
        APIError(status: .notFound, message: message, code: code)
    }

    /// The error as a response, in A1111's form for its endpoints and in OpenAI's for all others.
    func response(to request: HTTPRequest) -> HTTPResponse {
        let body =
            request.path.hasPrefix("/sdapi/")
            ? try? jsonBytes(A1111Body(error: type, detail: message, errors: message)) : try? jsonBytes(self.body)
        var headers: HTTPHeaders = [:]
        if let retryAfter { headers.add(name: "retry-after", value: "\(retryAfter)") }
        if let allowed { headers.add(name: "allow", value: allowed) }
        if status == .unauthorized { headers.add(name: "www-authenticate", value: "Bearer") }
        return HTTPResponse(status, type: "application/json", headers: headers, body: .bytes(body ?? []))
    }

    /// The error in OpenAI's form, which own endpoints use too.
    var body: Body { Body(error: Body.Details(message: message, type: type, param: nil, code: code)) }

    struct Body: Encodable {
        struct Details: Encodable {
            let message: String
            let type: String
            let param: String?
            let code: String?

            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(message, forKey: .message)
                try container.encode(type, forKey: .type)
                // OpenAI's clients expect both, null or not.
                try container.encode(param, forKey: .param)
                try container.encode(code, forKey: .code)
            }
            private enum CodingKeys: String, CodingKey { case message, type, param, code }
        }
        let error: Details
    }

    private struct A1111Body: Encodable {
        let error: String
        let detail: String
        let errors: String
    }
}
