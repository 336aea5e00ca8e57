import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP/1.1 server: SwiftNIO's sockets and parser, with limits on what clients may send and how long they may take.
final class HTTPServer: Sendable {
    typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse

    /// How a request is answered, decided by its head.
    struct Route: Sendable {
        /// The most bytes of its body.
        let bodyBytes: Int
        /// Why it is refused if its body is larger.
        let excess: APIError
        let handler: Handler
    }

    /// Called after each response with its request and status, the duration from the end of the request to the end of the response,
    /// and the bytes of its body.
    typealias Log = @Sendable (HTTPRequest, HTTPResponseStatus, Duration, _ bytes: Int) -> Void

    let limits: ServerLimits
    let connections: Connections
    /// Decides on a request without its body.
    let route: @Sendable (HTTPRequest) -> Route
    let log: Log
    /// Requests that are being answered.
    private let answering = Mutex(0)
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    init(
        limits: ServerLimits, connections: Connections, log: @escaping Log,
        route: @escaping @Sendable (HTTPRequest) -> Route
    ) {
        (self.limits, self.connections, self.log, self.route) = (limits, connections, log, route)
    }

    /// Listens, and answers requests from now on.
    /// - Parameter port: 0 selects a free one.
    /// - Returns: the channel that accepts connections.
    func listen(host: String, port: Int) throws -> any Channel {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = self.limits.headerBytes
        limits.maxHeaderListSize = self.limits.headerBytes
        limits.maxHeaderFieldCount = self.limits.headers
        return try ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { [limits] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
                    try channel.pipeline.syncOperations.addHandler(HTTPConnection(self))
                }
            }
            .bind(host: host, port: port).wait()
    }

    /// Stops listening, lets requests that were accepted finish, and closes all connections, after `seconds` at the latest.
    func drain(_ listener: any Channel, within seconds: Int) throws {
        try? listener.close().wait()
        let clock = ContinuousClock()
        let end = clock.now + .seconds(seconds)
        while !connections.all.isEmpty && clock.now < end {
            // Each time, because a connection may have been accepted while the listener was closed.
            for channel in connections.all {
                channel.pipeline.fireUserInboundEventTriggered(HTTPConnection.Event.drain)
            }
            usleep(10_000)
        }
        for channel in connections.all { channel.close(promise: nil) }
        // Requests whose client is gone end soon: their tasks are cancelled.
        while answering.withLock({ $0 > 0 }) { usleep(1000) }
        try group.syncShutdownGracefully()
    }

    // MARK: Answers

    /// Counts a request for which `answer` will be called, so that the server does not end before that.
    func willAnswer() { answering.withLock { $0 += 1 } }

    /// Has a request answered and sends the response.
    /// - Returns: whether the response was sent completely.
    func answer(_ request: HTTPRequest, by handler: Handler, keepAlive: Bool, on channel: any Channel) async -> Bool {
        defer { answering.withLock { $0 -= 1 } }
        let clock = ContinuousClock()
        let begin = clock.now
        let response = await handler(request)
        var isSent = true
        let count = Mutex(0)
        do {
            try await send(response, to: request, keepAlive: keepAlive, on: channel) { part in
                count.withLock { $0 += part }
            }
        } catch {
            // The client has left, or a body failed after its beginning was sent: only a closed connection says so.
            isSent = false
        }
        log(
            request, isSent ? response.status : .custom(code: 499, reasonPhrase: "Client Closed Request"),
            begin.duration(to: clock.now), count.withLock { $0 })
        return isSent
    }

    private func send(
        _ response: HTTPResponse, to request: HTTPRequest, keepAlive: Bool, on channel: any Channel,
        sent: @escaping @Sendable (Int) -> Void
    ) async throws {
        var headers = response.headers
        headers.replaceOrAdd(name: "server", value: "limn")
        headers.replaceOrAdd(name: "x-content-type-options", value: "nosniff")
        if !keepAlive { headers.replaceOrAdd(name: "connection", value: "close") }
        switch response.body {
        case .bytes(let bytes): headers.replaceOrAdd(name: "content-length", value: "\(bytes.count)")
        case .stream where request.version == .http1_1:
            headers.replaceOrAdd(name: "transfer-encoding", value: "chunked")
        case .stream: break
        }
        let head = HTTPResponseHead(version: request.version, status: response.status, headers: headers)
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        switch response.body {
        case .bytes(let bytes):
            if request.method != .HEAD && !bytes.isEmpty {
                channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes))), promise: nil)
                sent(bytes.count)
            }
        case .stream(let produce):
            if request.method != .HEAD {
                try await produce { bytes in
                    try await self.flush(.body(.byteBuffer(ByteBuffer(bytes: bytes))), on: channel)
                    sent(bytes.count)
                }
            }
        }
        try await flush(.end(nil), on: channel)
    }

    /// Sends a part and waits until the system has taken it; closes the connection if that takes too long.
    private func flush(_ part: HTTPServerResponsePart, on channel: any Channel) async throws {
        let timeout = channel.eventLoop.scheduleTask(in: .seconds(Int64(limits.sendSeconds))) {
            channel.close(promise: nil)
        }
        defer { timeout.cancel() }
        try await channel.writeAndFlush(part)
    }
}
