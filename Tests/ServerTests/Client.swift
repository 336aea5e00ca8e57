import CPUBackend
import FoundationEssentials
import Glibc
import Inference
import JSON
import Server
import Testing
import Threads
import TinyModels

/// A server with tiny models, which stops when it is released.
final class TestServer {
    let service: GenerationService
    let server: LimnServer
    let listener: LimnServer.Listener
    private var isStopped = false

    init(
        models: [String] = ["tiny"], widthOfGenerator: Int = 4, capacity: Int = 1_000_000, keys: String? = nil,
        runs: String? = nil,
        limits: (inout ServerLimits) -> Void = { _ in }
    ) throws {
        let sources = try models.enumerated().map { index, name in
            GenerationService.Source(
                id: name,
                model: try tinyModel(name: name, widthOfGenerator: widthOfGenerator, seed: UInt64(index + 5)))
        }
        service = try GenerationService(sources, capacity: capacity) {
            CPUDevice(library: .openBLAS, threads: 1, precision: .float32)
        }
        var values = ServerLimits()
        limits(&values)
        server = try LimnServer(service, keys: keys, runs: runs, limits: values, version: "test", log: .none)
        listener = try server.listen(host: "127.0.0.1", port: 0)
    }

    /// Stops the server and returns when it has.
    func stop(within seconds: Int) async {
        isStopped = true
        let listener = listener
        await onOwnThread { try? listener.stop(within: seconds) }
    }

    deinit {
        guard !isStopped else { return }
        // Stopping waits for tasks, which a thread of Swift's pool must not.
        _ = WorkerThreads(count: 1, niceness: 0) { [listener] in try? listener.stop(within: 0) }
    }

    /// Sends a request and reads the whole response.
    func send(
        _ method: String = "GET", _ path: String, headers: [String] = [], json: String? = nil
    ) async throws -> Response {
        var lines = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1", "Connection: close"] + headers
        if let json { lines += ["Content-Type: application/json", "Content-Length: \(json.utf8.count)"] }
        let connection = try Connection(port: listener.port)
        await connection.write(lines.joined(separator: "\r\n") + "\r\n\r\n" + (json ?? ""))
        return try #require(Response(await connection.readToEnd(), hasBody: method != "HEAD"))
    }
}

/// Runs `body` on a thread of its own: one that waited for the server on a thread of Swift's pool could keep the server from running.
func onOwnThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
        _ = WorkerThreads(count: 1, niceness: 0) { continuation.resume(returning: body()) }
    }
}

/// A TCP connection to this machine. A read that waits for five minutes is an issue: other tests may keep all of Swift's threads busy
/// for a long time, but not that long.
final class Connection: Sendable {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Refused() }
        var limit = timeval(tv_sec: 300, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    struct Refused: Error {}

    deinit { close(descriptor) }

    /// Sends a text; the server may have closed the connection already.
    func write(_ text: String) async {
        await onOwnThread { [self] in
            var bytes = Array(text.utf8)[...]
            while !bytes.isEmpty {
                let count = bytes.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return }
                bytes = bytes.dropFirst(count)
            }
        }
    }

    /// The next bytes; empty at the end.
    func read() async -> [UInt8] {
        await onOwnThread { [self] in
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0 && errno == EAGAIN { Issue.record("the server has sent nothing for five minutes") }
            return Array(buffer.prefix(max(0, count)))
        }
    }

    /// Reads until `text` has come, or the end.
    func read(until text: String) async -> String {
        var all = ""
        while !all.contains(text) {
            let part = await read()
            guard !part.isEmpty else { break }
            all += String(decoding: part, as: UTF8.self)
        }
        return all
    }

    func readToEnd() async -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let part = await read()
            guard !part.isEmpty else { return all }
            all += part
        }
    }
}

/// A response as it came.
struct Response {
    let status: Int
    let headers: [String: String]
    let body: [UInt8]

    /// nil if the bytes are no complete response.
    init?(_ bytes: [UInt8], hasBody: Bool = true) {
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: Array("\r\n\r\n".utf8)) }) else {
            return nil
        }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        guard let first = lines.first?.split(separator: " "), first.count > 1, let status = Int(first[1]) else {
            return nil
        }
        self.status = status
        headers = Dictionary(
            lines.dropFirst().map { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return (parts[0].lowercased(), String(parts[1].drop { $0 == " " }))
            }
        ) { first, _ in first }
        var rest = bytes[(end + 4)...]
        if headers["transfer-encoding"] == "chunked" {
            var body: [UInt8] = []
            while true {
                guard let lineEnd = rest.firstIndex(of: 0x0D),
                    let count = Int(String(decoding: rest[..<lineEnd], as: UTF8.self), radix: 16),
                    rest.count >= lineEnd - rest.startIndex + 4 + count
                else { return nil }
                if count == 0 { break }
                body += rest[(lineEnd + 2)..<(lineEnd + 2 + count)]
                rest = rest[(lineEnd + 4 + count)...]
            }
            self.body = body
        } else {
            body = Array(rest)
            if hasBody, let length = headers["content-length"].flatMap(Int.init), length != body.count { return nil }
        }
    }

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONFields {
        get throws { try JSONFields(parsing: body, file: "the response") { TestFailure(description: "\($0): \($1)") } }
    }

    /// The objects of a response with one per line.
    var lines: [JSONFields] {
        get throws {
            try body.split(separator: 0x0A).map {
                try JSONFields(parsing: Array($0), file: "a line") { TestFailure(description: "\($0): \($1)") }
            }
        }
    }
}

struct TestFailure: Error, CustomStringConvertible { let description: String }

/// The bytes of a string in base64.
func base64(_ text: String) throws -> [UInt8] { [UInt8](try #require(Data(base64Encoded: text))) }
