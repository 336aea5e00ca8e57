import FoundationEssentials
import NIOHTTP1

/// The keys of which a request must present one.
struct APIKeys: Sendable {
    private let keys: [[UInt8]]

    /// - Parameter text: one key per line; blank lines and those that begin with # are skipped.
    init(text: String) {
        keys = text.split(whereSeparator: \.isNewline).map { $0.trimmed }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }.map { Array($0.utf8) }
    }

    var isEmpty: Bool { keys.isEmpty }

    /// Whether the headers present one of the keys: `Authorization: Bearer KEY`, or as the password of basic authentication.
    func accept(_ headers: HTTPHeaders) -> Bool {
        guard let value = headers.first(name: "authorization"), let space = value.firstIndex(of: " ") else {
            return false
        }
        let credentials = String(value[value.index(after: space)...]).trimmed
        switch value[..<space].lowercased() {
        case "bearer": return isKnown(Array(credentials.utf8))
        case "basic":
            guard let pair = Data(base64Encoded: credentials), let colon = pair.firstIndex(of: UInt8(ascii: ":")) else {
                return false
            }
            return isKnown([UInt8](pair[(colon + 1)...]))
        default: return false
        }
    }

    /// Compares with every key, each in a time that depends only on the length of what the client sent.
    private func isKnown(_ candidate: [UInt8]) -> Bool {
        var found = false
        for key in keys {
            var difference = key.count ^ candidate.count
            for (index, byte) in candidate.enumerated() { difference |= Int(byte ^ key[index % key.count]) }
            if difference == 0 { found = true }
        }
        return found
    }
}

extension StringProtocol {
    /// Without spaces at both ends.
    fileprivate var trimmed: String {
        let head = drop { $0.isWhitespace }
        return String(head.reversed().drop { $0.isWhitespace }.reversed())
    }
}
