import Basics
import FoundationEssentials

/// The log of requests on standard error.
struct RequestLog: Sendable {
    let format: LimnServer.LogFormat

    private struct Record: Encodable {
        let time: String
        let client: String
        let method: String
        let path: String
        let status: UInt
        let milliseconds: Double
        let bytes: Int
    }

    /// Writes a line in one call, so that lines of several threads do not mix. Neither prompts nor keys are logged.
    func record(_ request: HTTPRequest, status: UInt, duration: Duration, bytes: Int) {
        let milliseconds = (duration / .milliseconds(1) * 10).rounded() / 10
        let time = Date().ISO8601Format()
        switch format {
        case .none: return
        case .json:
            let record = Record(
                time: time, client: request.client, method: request.method.rawValue,
                path: String(request.path.prefix(200)), status: status, milliseconds: milliseconds, bytes: bytes)
            guard let line = try? jsonBytes(record) else { return }
            Terminal.say(String(decoding: line, as: UTF8.self))
        case .text:
            let path = printable(String(request.path.prefix(100)))
            Terminal.say("\(time) \(request.client) \(request.method.rawValue) \(path) \(status) \(milliseconds) ms")
        }
    }
}
