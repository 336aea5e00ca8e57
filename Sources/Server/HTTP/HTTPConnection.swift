import NIOCore
import NIOHTTP1

/// What one connection does: collects a request, has it answered in a task of its own, and sends the response. All its state
/// belongs to the channel's event loop.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Events that other threads send to a connection.
    enum Event: Sendable {
        /// The response to a request, by number, is sent, or could not be.
        case responded(request: Int, keepAlive: Bool)
        /// The server stops: close as soon as no request is being answered.
        case drain
    }

    private let server: HTTPServer
    private var head: HTTPRequestHead?
    /// How the request of `head` is answered.
    private var route: HTTPServer.Route?
    private var body: [UInt8] = []
    /// Answers the request of number `requests`.
    private var task: Task<Void, Never>?
    private var requests = 0
    /// Whether there are too many connections, so that this one is answered with 503.
    private var isRefused = false
    private var isDraining = false
    private var deadline: Scheduled<Void>?

    init(_ server: HTTPServer) { self.server = server }

    func channelActive(context: ChannelHandlerContext) {
        let count = server.connections.add(context.channel)
        isRefused = count > server.limits.connections
        // Before a request there is nothing to answer, but those that must wait for one are bounded too.
        guard count <= 2 * server.limits.connections else { return context.close(promise: nil) }
        expect(within: isRefused ? server.limits.refusalSeconds : server.limits.idleSeconds, context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        // The client has left.
        task?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
            if isRefused {
                return refuse(
                    APIError(
                        status: .serviceUnavailable, message: "there are too many connections; try again later"),
                    context)
            }
            guard head.version != .http1_1 || head.headers["host"].count == 1 else {
                return refuse(.badRequest("a request has one Host header"), context)
            }
            let route = server.route(request(head, context))
            self.route = route
            let length = head.headers.first(name: "content-length").flatMap(Int.init) ?? 0
            // A body in chunks may be of any length, but there is one.
            guard length <= route.bodyBytes,
                route.bodyBytes > 0 || !head.headers.contains(name: "transfer-encoding")
            else { return refuse(route.excess, context) }
            expect(within: server.limits.bodySeconds, context)
            if head.headers[canonicalForm: "expect"].contains(where: { $0.lowercased() == "100-continue" }) {
                context.writeAndFlush(
                    wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
            }
        case .body(let part):
            guard head != nil, let route else { return }
            guard body.count + part.readableBytes <= route.bodyBytes else { return refuse(route.excess, context) }
            body += part.readableBytesView
        case .end:
            guard let head, let route else { return }
            self.head = nil
            deadline?.cancel()
            respond(to: head, by: route.handler, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event as? Event {
        case .responded(let request, let keepAlive):
            // The client may have sent the next request before this event arrived.
            let isIdle = request == requests && head == nil
            if request == requests { task = nil }
            if !keepAlive || isDraining && isIdle {
                context.close(promise: nil)
            } else if isIdle {
                expect(within: server.limits.idleSeconds, context)
            }
        case .drain:
            isDraining = true
            if task == nil && head == nil { context.close(promise: nil) }
        case nil: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A malformed request was answered by NIO's own handler; a lost connection needs no answer.
        context.close(promise: nil)
    }

    // MARK: Responses

    /// The request with what has come of its body.
    private func request(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) -> HTTPRequest {
        HTTPRequest(head: head, body: body, client: context.remoteAddress?.ipAddress ?? "unknown")
    }

    private func respond(
        to head: HTTPRequestHead, by handler: @escaping HTTPServer.Handler, _ context: ChannelHandlerContext
    ) {
        let request = request(head, context)
        body = []
        requests += 1
        let (channel, server, number) = (context.channel, server, requests)
        // Without chunks, which HTTP/1.0 does not have, only the end of the connection ends a stream.
        let keepAlive = head.isKeepAlive && head.version == .http1_1 && !isDraining
        server.willAnswer()
        task = Task {
            let isSent = await server.answer(request, by: handler, keepAlive: keepAlive, on: channel)
            channel.pipeline.fireUserInboundEventTriggered(
                Event.responded(request: number, keepAlive: keepAlive && isSent))
        }
    }

    /// Answers the request whose head has arrived with an error, and closes the connection.
    private func refuse(_ error: APIError, _ context: ChannelHandlerContext) {
        guard let head else { return }
        self.head = nil
        body = []
        let request = request(head, context)
        let response = error.response(to: request)
        guard case .bytes(let bytes) = response.body else { return }
        var headers = response.headers
        headers.add(name: "content-length", value: "\(bytes.count)")
        headers.add(name: "connection", value: "close")
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: error.status, headers: headers))),
            promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        // What the client is still sending is received and dropped: to close at once would reset the connection, and the client
        // might never see the answer.
        context.close(mode: .output, promise: nil)
        expect(within: server.limits.refusalSeconds, context)
        server.log(request, error.status, .zero, bytes.count)
    }

    /// Closes the connection unless the next step follows in time.
    private func expect(within seconds: Int, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: .seconds(Int64(seconds))) { channel.close(promise: nil) }
    }
}
