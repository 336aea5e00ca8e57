import CPages
import NIOHTTP1

/// Files that are part of the program.
enum EmbeddedFile {
    static let playground = bytes(limn_playground())
    static let dashboard = bytes(limn_dashboard())
    static let openAPI = bytes(limn_openapi())

    private static func bytes(_ page: limn_page) -> [UInt8] {
        [UInt8](UnsafeBufferPointer(start: page.bytes, count: page.count))
    }
}

/// A self-contained page with one style and one script, which alone the browser may run: the content security policy admits them by a
/// nonce that is drawn for each response, and no request to another origin.
struct Page: Sendable {
    private let parts: [[UInt8]]

    init(_ file: [UInt8]) {
        let text = String(decoding: file, as: UTF8.self)
        parts = text.split(separator: Page.mark, omittingEmptySubsequences: false).map { Array($0.utf8) }
    }

    /// What the page has in place of the nonce.
    private static let mark = "NONCE"

    var response: HTTPResponse {
        let nonce = (0..<4).map { _ in String(UInt32.random(in: .min ... .max), radix: 36) }.joined()
        let policy = """
            default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; img-src data: blob: 'self'; \
            connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
            """
        return HTTPResponse(
            type: "text/html; charset=utf-8",
            headers: [
                "content-security-policy": policy, "referrer-policy": "no-referrer", "cache-control": "no-store",
                "cross-origin-opener-policy": "same-origin",
            ],
            body: .bytes(Array(parts.joined(separator: Array(nonce.utf8)))))
    }
}
