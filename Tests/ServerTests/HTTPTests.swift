import FoundationEssentials
import Glibc
import JSON
import Server
import Testing

@Suite(.timeLimit(.minutes(10))) struct HTTPTests {
    @Test func pathsAndMethodsThatDoNotExistSaySo() async throws {
        let server = try TestServer()
        #expect(try await server.send("GET", "/nothing").status == 404)
        let response = try await server.send("DELETE", "/sdapi/v1/options")
        #expect(response.status == 405)
        #expect(response.headers["allow"] == "GET, HEAD, POST")
        let head = try await server.send("HEAD", "/healthz")
        #expect(head.status == 200)
        #expect(head.body.isEmpty)
        #expect(head.headers["content-length"] == "15")
    }

    @Test func theDescriptionListsExactlyTheEndpoints() async throws {
        let server = try TestServer()
        let paths = try await server.send("GET", "/openapi.json").json.object("paths")
        let described = try paths.members.flatMap { path, _ in
            try paths.object(path).members.map { "\($0.key.uppercased()) \(path)" }
        }
        #expect(described.sorted() == server.server.endpoints.sorted())
    }

    @Test func pagesAdmitOnlyTheirOwnScriptAndChangeTheirNumber() async throws {
        let server = try TestServer()
        for path in ["/", "/runs"] {
            let pages = [try await server.send("GET", path), try await server.send("GET", path)]
            let policies = try pages.map { try #require($0.headers["content-security-policy"]) }
            #expect(policies[0] != policies[1])
            #expect(policies[0].hasPrefix("default-src 'none'; script-src 'nonce-"))
            let nonce = try #require(policies[0].split(separator: "'").first { $0.hasPrefix("nonce-") }).dropFirst(6)
            #expect(pages[0].text.contains(#"<script nonce="\#(nonce)">"#))
            #expect(pages[0].text.contains(#"<style nonce="\#(nonce)">"#))
            #expect(!pages[0].text.contains("NONCE"))
            #expect(!pages[0].text.contains("https://") && !pages[0].text.contains(" src=\"http"))
        }
    }

    @Test func onlyThisMachineIsLetInAndNoOtherOrigin() async throws {
        let server = try TestServer()
        let connection = try Connection(port: server.listener.port)
        await connection.write("GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        #expect(Response(await connection.readToEnd())?.status == 421)
        // A page of another origin may send this without asking, but not JSON.
        let body = #"{"prompt": "a"}"#
        let form = try Connection(port: server.listener.port)
        await form.write(
            "POST /v1/limn/images HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: text/plain\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        let response = try #require(Response(await form.readToEnd()))
        #expect(response.status == 415)
        #expect(response.headers["access-control-allow-origin"] == nil)
    }

    @Test func aRequestMayNameTheWholeAddress() async throws {
        let server = try TestServer()
        for (target, status) in [
            ("http://127.0.0.1/healthz?x=1", 200), ("http://127.0.0.1/nothing", 404), ("http://127.0.0.1", 200),
        ] {
            let connection = try Connection(port: server.listener.port)
            await connection.write("GET \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            #expect(Response(await connection.readToEnd())?.status == status, "\(target)")
        }
    }

    @Test func keysAreRequiredWhereThereAreAny() async throws {
        let server = try TestServer(keys: "# two keys\nalpha-1\n\n beta-2 \n")
        func status(_ path: String, _ header: String?) async throws -> Int {
            try await server.send("GET", path, headers: header.map { ["Authorization: " + $0] } ?? []).status
        }
        for path in ["/", "/runs", "/healthz", "/openapi.json"] { #expect(try await status(path, nil) == 200) }
        for path in ["/v1/models", "/metrics", "/sdapi/v1/options"] {
            #expect(try await status(path, nil) == 401)
            #expect(try await status(path, "Bearer alpha") == 401)
            #expect(try await status(path, "Bearer alpha-12") == 401)
            #expect(try await status(path, "Bearer ") == 401)
            #expect(try await status(path, "Bearer beta-2") == 200)
            #expect(try await status(path, "Basic " + Data("user:alpha-1".utf8).base64EncodedString()) == 200)
            #expect(try await status(path, "Basic " + Data("alpha-1".utf8).base64EncodedString()) == 401)
        }
        #expect(throws: ServerError.self) { try TestServer(keys: "# none\n") }
    }

    /// A client that may not send a request is not asked for its body, and none of it is stored.
    @Test(arguments: [
        ("POST /v1/limn/images", "Host: localhost", 401), ("POST /v1/limn/images", "Host: evil.example", 421),
        ("POST /nothing", "Host: localhost", 404), ("DELETE /v1/models", "Host: localhost", 405),
        ("GET /healthz", "Host: localhost", 413),
    ])
    func aBodyIsRefusedByTheHead(request: String, host: String, status: Int) async throws {
        let server = try TestServer(keys: "alpha-1") { $0.bodySeconds = 5 }
        for body in [
            "Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n",
            "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
        ] {
            let connection = try Connection(port: server.listener.port)
            await connection.write("\(request) HTTP/1.1\r\n\(host)\r\n\(body)")
            let response = try #require(Response(await connection.readToEnd()))
            #expect(response.status == status)
            #expect(response.headers["connection"] == "close")
        }
    }

    /// A request that no server can serve, and the statuses that it may be answered with.
    enum Malformed: CaseIterable {
        case hugeLength, negativeLength, longHeader, manyHeaders, longPath, noRequestLine, noColon, otherProtocol,
            brokenChunk

        var text: String {
            let post = "POST /v1/limn/images HTTP/1.1\r\nHost: localhost\r\n"
            let get = "GET / HTTP/1.1\r\nHost: localhost\r\n"
            return switch self {
            case .hugeLength: post + "Content-Length: 99999999999\r\n\r\n"
            case .negativeLength: post + "Content-Length: -1\r\n\r\n"
            case .longHeader: get + "X: \(String(repeating: "a", count: 20_000))\r\n\r\n"
            case .manyHeaders: get + (0..<100).map { "X\($0): a\r\n" }.joined() + "\r\n"
            case .longPath: "GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\nHost: localhost\r\n\r\n"
            case .noRequestLine: "NONSENSE\r\n\r\n"
            case .noColon: "GET / HTTP/1.1\r\nHost localhost\r\n\r\n"
            case .otherProtocol: "\u{16}\u{3}\u{1}\u{0}\u{0}\r\n\r\n"
            case .brokenChunk: post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"
            }
        }

        var statuses: Set<Int> {
            switch self {
            case .hugeLength: [413]
            case .longHeader, .manyHeaders: [400, 431]
            case .longPath: [400, 404, 414]
            default: [400]
            }
        }
    }

    @Test(arguments: Malformed.allCases) func malformedRequestsAreAnsweredOrDropped(_ malformed: Malformed) async throws
    {
        let server = try TestServer()
        let connection = try Connection(port: server.listener.port)
        await connection.write(malformed.text)
        let answer = await connection.read()
        if let response = Response(answer) {
            #expect(malformed.statuses.contains(response.status))
        } else {
            #expect(answer.isEmpty)
        }
        #expect(try await server.send("GET", "/healthz").status == 200)
    }

    @Test func aBodyOfUnknownLengthIsBoundedToo() async throws {
        let server = try TestServer { $0.bodyBytes = 1000 }
        let connection = try Connection(port: server.listener.port)
        let chunk = "200\r\n" + String(repeating: "a", count: 512) + "\r\n"
        await connection.write(
            "POST /v1/limn/images HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk)
        #expect(Response(await connection.readToEnd())?.status == 413)
    }

    @Test func aClientThatNeverFinishesIsDropped() async throws {
        let server = try TestServer {
            $0.idleSeconds = 1
            $0.bodySeconds = 1
        }
        for beginning in [
            "", "GET / HTTP/1.1\r\nHost: local",
            "POST /v1/limn/images HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc",
        ] {
            let connection = try Connection(port: server.listener.port)
            await connection.write(beginning)
            #expect(await connection.readToEnd().isEmpty)
        }
    }

    @Test func connectionsBeyondTheLimitAreRefused() async throws {
        let server = try TestServer { $0.connections = 2 }
        var open: [Connection] = []
        for _ in 0..<2 {
            let connection = try Connection(port: server.listener.port)
            await connection.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            _ = await connection.read(until: "ok")
            open.append(connection)
        }
        let third = try Connection(port: server.listener.port)
        await third.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(Response(await third.readToEnd())?.status == 503)
        withExtendedLifetime(open) {}
    }

    @Test func aConnectionServesManyRequestsInOrder() async throws {
        let server = try TestServer()
        let connection = try Connection(port: server.listener.port)
        let request = { (path: String) in "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n" }
        await connection.write(request("/healthz") + request("/nothing") + request("/v1/models"))
        let text = await connection.read(until: "owned_by")
        let order = ["\"status\":\"ok\"", "404 Not Found", "owned_by"].map { text.range(of: $0)?.lowerBound }
        #expect(order.allSatisfy { $0 != nil })
        #expect(zip(order, order.dropFirst()).allSatisfy { $0.0! < $0.1! })
    }

    /// The generator is so wide that all images would take many minutes: other tests may delay the client and the server, which run on
    /// the same threads, but not the generator, which has a thread of its own.
    @Test func aClientThatLeavesCancelsItsImages() async throws {
        let server = try TestServer(widthOfGenerator: 128) { $0.frames = 100_000 }
        let body = #"{"from": {"prompt": "a", "seed": 1}, "to": {"prompt": "a", "seed": 2}, "frames": 100000}"#
        do {
            let connection = try Connection(port: server.listener.port)
            await connection.write(
                "POST /v1/limn/walks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
            _ = await connection.read(until: "png")
        }
        while server.service.pending > 0 { try await Task.sleep(for: .milliseconds(1)) }
        #expect(server.service.counts.images < 50_000)
    }

    @Test func stoppingLetsAcceptedRequestsFinish() async throws {
        let server = try TestServer { $0.frames = 3000 }
        let body = #"{"from": {"prompt": "a", "seed": 1}, "to": {"prompt": "a", "seed": 2}, "frames": 3000}"#
        let connection = try Connection(port: server.listener.port)
        let idle = try Connection(port: server.listener.port)
        await connection.write(
            "POST /v1/limn/walks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        let begun = Array(await connection.read(until: "png").utf8)
        async let rest = connection.readToEnd()
        await server.stop(within: 300)
        let response = try #require(Response(begun + (await rest)))
        #expect(try response.lines.count == 3000)
        #expect(await idle.readToEnd().isEmpty)
        #expect(throws: Connection.Refused.self) { try Connection(port: server.listener.port) }
    }

    @Test func metricsCountRequestsAndImages() async throws {
        let server = try TestServer()
        _ = try await server.send("POST", "/v1/limn/images", json: #"{"prompt": "a", "n": 3}"#)
        _ = try await server.send("GET", "/nothing")
        let text = try await server.send("GET", "/metrics").text
        for line in [
            #"limn_requests_total{path="/v1/limn/images",status="200"} 1"#,
            #"limn_requests_total{path="other",status="404"} 1"#,
            "limn_images_total 3", "limn_queue_images 0", #"limn_request_duration_seconds_bucket{le="+Inf"} 2"#,
        ] { #expect(text.contains(line + "\n"), "\(line)") }
    }
}
