import FoundationEssentials
import JSON
import NIOHTTP1

/// A complete request.
struct HTTPRequest: Sendable {
    let method: HTTPMethod
    let version: HTTPVersion
    /// The path as it was sent, without the query.
    let path: String
    /// The query as it was sent, without the question mark.
    let query: String
    let headers: HTTPHeaders
    let body: [UInt8]
    /// The client's address, for the log.
    let client: String

    init(head: HTTPRequestHead, body: [UInt8], client: String) {
        // A proxy's clients send the whole URI (RFC 9112, section 3.2.2).
        let scheme = "http://"
        let target = head.uri.hasPrefix(scheme) ? head.uri.dropFirst(scheme.count).drop { $0 != "/" } : head.uri[...]
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = target.isEmpty ? "/" : String(parts[0])
        query = parts.count > 1 ? String(parts[1]) : ""
        (method, version, headers) = (head.method, head.version, head.headers)
        (self.body, self.client) = (body, client)
    }

    /// The value of a query parameter; nil if it is missing or not valid percent-encoded UTF-8.
    func queryValue(_ name: String) -> String? {
        let prefix = name + "="
        return query.split(separator: "&").first { $0.hasPrefix(prefix) }
            .flatMap { percentDecoded($0.dropFirst(prefix.count)) }
    }
}

/// A response.
struct HTTPResponse: Sendable {
    /// The content, complete or produced while it is sent.
    enum Body: Sendable {
        case bytes([UInt8])
        /// Sends parts through the closure that it is given, which waits until the client has taken them. Runs in the task of the
        /// request, which is cancelled when the client leaves.
        case stream(@Sendable (_ send: @Sendable ([UInt8]) async throws -> Void) async throws -> Void)
    }

    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    var body: Body

    init(_ status: HTTPResponseStatus = .ok, type: String, headers: HTTPHeaders = [:], body: Body) {
        self.status = status
        self.headers = headers
        self.headers.replaceOrAdd(name: "content-type", value: type)
        self.body = body
    }

    /// JSON with sorted keys in snake case.
    static func json(_ value: some Encodable, status: HTTPResponseStatus = .ok) throws -> HTTPResponse {
        HTTPResponse(status, type: "application/json", body: .bytes(try jsonBytes(value)))
    }
}

/// JSON on one line, with sorted keys in snake case.
func jsonBytes(_ value: some Encodable) throws -> [UInt8] {
    [UInt8](try jsonText(value, keys: .convertToSnakeCase).utf8)
}

/// A text in which %XX stand for bytes; nil if it is not valid, or not UTF-8.
func percentDecoded(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
            return nil
        }
        bytes.append(value)
        rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
}

/// Seconds since 1970.
func unixTime() -> Int { Int(Date().timeIntervalSince1970) }
