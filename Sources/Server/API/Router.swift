import JSON
import NIOHTTP1

/// An endpoint: a method and a path, and what answers it.
struct Endpoint: Sendable {
    typealias Handler = @Sendable (HTTPRequest, _ parameters: [String]) async throws -> HTTPResponse

    let method: HTTPMethod
    /// The path, in which `{name}` stands for any one component, as in OpenAPI.
    let path: String
    /// Whether it needs an API key if the server has any.
    let isProtected: Bool
    let handler: Handler

    init(_ method: HTTPMethod, _ path: String, isProtected: Bool = true, handler: @escaping Handler) {
        (self.method, self.path, self.isProtected, self.handler) = (method, path, isProtected, handler)
    }

    /// The components of `path` for which the endpoint has parameters; nil if it has another path.
    func parameters(of path: String) -> [String]? {
        let (pattern, components) = (self.path.split(separator: "/"), path.split(separator: "/"))
        guard pattern.count == components.count, path.hasSuffix("/") == self.path.hasSuffix("/") else { return nil }
        var parameters: [String] = []
        for (expected, component) in zip(pattern, components) {
            if expected.hasPrefix("{") {
                guard let value = percentDecoded(component) else { return nil }
                parameters.append(value)
            } else if expected != component {
                return nil
            }
        }
        return parameters
    }
}

/// Selects the endpoint of a request.
struct Router: Sendable {
    let endpoints: [Endpoint]

    /// The endpoint of a request with its parameters. HEAD is answered by the endpoint for GET.
    /// - Throws: `APIError` 404 for unknown paths, 405 for methods that a path does not have.
    func find(_ method: HTTPMethod, _ path: String) throws(APIError) -> (endpoint: Endpoint, parameters: [String]) {
        let candidates = endpoints.compactMap { endpoint in endpoint.parameters(of: path).map { (endpoint, $0) } }
        if let found = candidates.first(where: { $0.0.method == (method == .HEAD ? .GET : method) }) { return found }
        guard !candidates.isEmpty else {
            throw .notFound("there is no \(path.prefix(100)); /openapi.json lists all paths")
        }
        let allowed = candidates.map(\.0.method).flatMap { $0 == .GET ? ["GET", "HEAD"] : [$0.rawValue] }
        throw APIError(
            status: .methodNotAllowed, message: "\(path.prefix(100)) does not have \(method.rawValue.prefix(20))",
            allowed: allowed.joined(separator: ", "))
    }
}

extension HTTPRequest {
    /// The body, a JSON object.
    /// - Throws: `APIError` 415 if the content type is not JSON, which also keeps web pages of other origins from sending requests
    ///   without a preflight; 400 if it is not valid.
    func json() throws -> JSONFields {
        let type = headers.first(name: "content-type")?.split(separator: ";").first?.lowercased()
        guard type?.filter({ $0 != " " }) == "application/json" else {
            throw APIError(
                status: .unsupportedMediaType, message: "the content type must be application/json")
        }
        do {
            return try JSONFields(JSONValue(body), file: "the body") { _, reason in APIError.badRequest(reason) }
        } catch let fault as JSONScanner.Fault {
            throw APIError.badRequest("the body is not JSON at byte \(fault.offset): \(fault.reason)")
        }
    }
}
