import NIOCore
import NIOHTTP1

/// What one connection does: collects a request, has it answered in a task of its own, and sends the response. All its state
/// belongs to the channel's event loop.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Events that other threads send to a connection.
    enum Event: Sendable {
        /// The response is sent, or could not be.
        case responded(keepAlive: Bool)
        /// The server stops: close as soon as no request is being answered.
        case drain
    }

    private let server: HTTPServer
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var task: Task<Void, Never>?
    private var isDraining = false
    private var deadline: Scheduled<Void>?

    init(_ server: HTTPServer) { self.server = server }

    func channelActive(context: ChannelHandlerContext) {
        expect(within: server.limits.idleSeconds, context)
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
            let length = head.headers.first(name: "content-length").flatMap(Int.init) ?? 0
            guard length <= server.limits.bodyBytes else {
                return refuse(.payloadTooLarge, "the body is larger than \(server.limits.bodyBytes) bytes", context)
            }
            self.head = head
            body = []
            expect(within: server.limits.bodySeconds, context)
            if head.headers[canonicalForm: "expect"].contains(where: { $0.lowercased() == "100-continue" }) {
                context.writeAndFlush(
                    wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
            }
        case .body(let part):
            guard head != nil else { return }
            guard body.count + part.readableBytes <= server.limits.bodyBytes else {
                return refuse(.payloadTooLarge, "the body is larger than \(server.limits.bodyBytes) bytes", context)
            }
            body += part.readableBytesView
        case .end:
            guard let head else { return }
            self.head = nil
            deadline?.cancel()
            respond(to: head, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event as? Event {
        case .responded(let keepAlive):
            task = nil
            if keepAlive && !isDraining {
                expect(within: server.limits.idleSeconds, context)
            } else {
                context.close(promise: nil)
            }
        case .drain:
            isDraining = true
            if task == nil { context.close(promise: nil) }
        case nil: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A malformed request was answered by NIO's own handler; a lost connection needs no answer.
        context.close(promise: nil)
    }

    // MARK: Responses

    private func respond(to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let client = context.remoteAddress?.ipAddress ?? "unknown"
        let request = HTTPRequest(head: head, body: body, client: client)
        body = []
        let (channel, server, keepAlive) = (context.channel, server, head.isKeepAlive)
        server.willAnswer()
        task = Task {
            let isSent = await server.answer(request, keepAlive: keepAlive, on: channel)
            channel.pipeline.fireUserInboundEventTriggered(Event.responded(keepAlive: keepAlive && isSent))
        }
    }

    /// Answers with an error and closes the connection.
    private func refuse(_ status: HTTPResponseStatus, _ message: String, _ context: ChannelHandlerContext) {
        head = nil
        deadline?.cancel()
        let bytes = Array(#"{"error":{"message":"\#(message)","type":"invalid_request_error"}}"#.utf8)
        let headers: HTTPHeaders = [
            "content-type": "application/json", "content-length": "\(bytes.count)", "connection": "close",
        ]
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }

    /// Closes the connection unless the next step follows in time.
    private func expect(within seconds: Int, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: .seconds(Int64(seconds))) { channel.close(promise: nil) }
    }
}

/// Answers 503 and closes the connection, without reading anything.
final class ConnectionRefusal: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        let answer =
            "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }
}
