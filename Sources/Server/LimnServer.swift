import Basics
import FoundationEssentials
import Glibc
import Inference
import NIOCore
import NIOHTTP1

/// Serves a `GenerationService` over HTTP: the playground, OpenAI's and AUTOMATIC1111's APIs, Limn's own, and a dashboard of
/// training runs.
public final class LimnServer: Sendable {
    /// How the log is written to standard error.
    public enum LogFormat: Sendable {
        /// One JSON object per line.
        case json
        /// A line for people.
        case text
        /// Not at all.
        case none
    }

    private let service: GenerationService
    private let router: Router
    private let keys: APIKeys?
    private let metrics: Metrics
    private let connections: Connections
    private let log: RequestLog
    private let limits: ServerLimits

    /// - Parameters:
    ///   - keys: a text with one API key per line, of which requests must present one; nil for none.
    ///   - runs: the folder whose training runs the dashboard shows; nil for none.
    ///   - version: Limn's version.
    /// - Throws: `ServerError` if `keys` has no key.
    public init(
        _ service: GenerationService, keys: String? = nil, runs: String? = nil, limits: ServerLimits = ServerLimits(),
        version: String, log: LogFormat
    ) throws {
        (self.service, self.limits) = (service, limits)
        self.keys = keys.map(APIKeys.init)
        if let keys = self.keys, keys.isEmpty { throw ServerError(.usage, "the file of API keys has no key") }
        let (metrics, connections) = (Metrics(version: version), Connections())
        (self.metrics, self.connections) = (metrics, connections)
        self.log = RequestLog(format: log)
        let generation = Generation(service: service, limits: limits)
        let (playground, dashboard) = (Page(EmbeddedFile.playground), Page(EmbeddedFile.dashboard))
        let pages = [
            Endpoint(.GET, "/", isProtected: false) { _, _ in playground.response },
            Endpoint(.GET, "/runs", isProtected: false) { _, _ in dashboard.response },
            Endpoint(.GET, "/openapi.json", isProtected: false) { _, _ in
                HTTPResponse(type: "application/json", body: .bytes(EmbeddedFile.openAPI))
            },
            Endpoint(.GET, "/healthz", isProtected: false) { _, _ in try .json(["status": "ok"]) },
            Endpoint(.GET, "/metrics") { _, _ in
                let text = metrics.text(service, connections: connections.count)
                return HTTPResponse(type: "text/plain; version=0.0.4; charset=utf-8", body: .bytes(Array(text.utf8)))
            },
        ]
        router = Router(
            endpoints: pages
                + LimnAPI(generation: generation, hasRuns: runs != nil, version: version).endpoints
                + OpenAIAPI(generation: generation, started: unixTime()).endpoints + A1111API(generation).endpoints
                + RunsAPI(folder: runs.map(RunFolder.init)).endpoints)
    }

    /// Method and path of all endpoints, such as `GET /healthz`.
    package var endpoints: [String] { router.endpoints.map { "\($0.method.rawValue) \($0.path)" } }

    /// A server that listens.
    public struct Listener: Sendable {
        /// The port, chosen by the system if 0 was given.
        public let port: Int
        fileprivate let server: HTTPServer
        fileprivate let channel: any Channel
        fileprivate let service: GenerationService

        /// Stops listening, and returns when all requests that were accepted are answered. After `seconds`, their connections are closed;
        /// then it returns when the batch that is being generated is done.
        /// - Throws: an error of SwiftNIO if its threads cannot be ended.
        public func stop(within seconds: Int) throws {
            try server.drain(channel, within: seconds)
            service.stop()
        }
    }

    /// Whether an address or a name to listen on is reached from this machine alone.
    package static func isLocal(_ host: String) -> Bool { ["127.0.0.1", "localhost", "::1"].contains(host) }

    /// Listens and answers requests from now on.
    /// - Parameters:
    ///   - host: an address or a name of this machine.
    ///   - port: 0 selects a free one.
    /// - Throws: `ServerError` if the port cannot be opened.
    public func listen(host: String, port: Int) throws -> Listener {
        let isLocal = LimnServer.isLocal(host)
        let (log, metrics, router) = (log, metrics, router)
        let server = HTTPServer(
            limits: limits, connections: connections,
            log: { request, status, duration, bytes in
                let path = (try? router.find(request.method, request.path))?.endpoint.path ?? "other"
                metrics.record(path: path, status: status.code, duration: duration)
                log.record(request, status: status.code, duration: duration, bytes: bytes)
            },
            route: { [self] request in route(request, isLocal: isLocal) })
        do {
            let channel = try server.listen(host: host, port: port)
            return Listener(
                port: channel.localAddress?.port ?? port, server: server, channel: channel, service: service)
        } catch let error as IOError {
            throw ServerError(
                .usage, "cannot listen on \(host), port \(port): \(String(cString: strerror(error.errnoCode)))")
        } catch {
            throw ServerError(.usage, "cannot listen on \(host): it is no address or name of this machine")
        }
    }

    // MARK: Requests

    /// Decides on a request by its head, so that nothing is stored for one that is refused.
    private func route(_ request: HTTPRequest, isLocal: Bool) -> HTTPServer.Route {
        do throws(APIError) {
            if isLocal { try requireLocalHost(request) }
            let (endpoint, parameters) = try router.find(request.method, request.path)
            if endpoint.isProtected { try requireKey(request) }
            let bodyBytes = endpoint.method == .POST ? limits.bodyBytes : 0
            let excess = APIError(
                status: .payloadTooLarge,
                message: bodyBytes > 0
                    ? "the body is larger than \(bodyBytes) bytes" : "a request of this method has no body")
            return HTTPServer.Route(bodyBytes: bodyBytes, excess: excess) {
                await LimnServer.answer($0, by: endpoint, parameters)
            }
        } catch {
            return HTTPServer.Route(bodyBytes: 0, excess: error) { error.response(to: $0) }
        }
    }

    private static func answer(
        _ request: HTTPRequest, by endpoint: Endpoint, _ parameters: [String]
    ) async -> HTTPResponse {
        do {
            return try await endpoint.handler(request, parameters)
        } catch let error as APIError {
            return error.response(to: request)
        } catch {
            let message = error is any ClassifiedError ? "\(error)" : "the request could not be served"
            return APIError(status: .internalServerError, message: message, type: "server_error").response(to: request)
        }
    }

    private func requireKey(_ request: HTTPRequest) throws(APIError) {
        guard let keys, !keys.accept(request.headers) else { return }
        throw APIError(
            status: .unauthorized, message: "an API key is required: Authorization: Bearer KEY",
            type: "authentication_error", code: "invalid_api_key")
    }

    /// Throws for a request to another host's name: a web page that has its own name resolve to this machine (DNS rebinding) would
    /// otherwise be let in like a local program.
    private func requireLocalHost(_ request: HTTPRequest) throws(APIError) {
        guard let host = request.headers.first(name: "host") else { return }
        let name = host.hasPrefix("[") ? host.prefix { $0 != "]" } + "]" : host.prefix { $0 != ":" }
        guard ["127.0.0.1", "localhost", "[::1]"].contains(name.lowercased()) else {
            throw APIError(
                status: .misdirectedRequest,
                message:
                    "this server is for this machine alone; to be reached as \(name.prefix(100)), start it with --host")
        }
    }
}

/// Why the server cannot start.
public struct ServerError: ClassifiedError {
    /// The kind of failure.
    public let kind: ErrorKind
    /// One line: what failed, and what to do.
    public let description: String

    init(_ kind: ErrorKind, _ description: String) { (self.kind, self.description) = (kind, description) }
}
