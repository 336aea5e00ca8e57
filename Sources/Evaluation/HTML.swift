import Basics
import FoundationEssentials
import Images

/// Markup. Texts that are interpolated are escaped; only literals and other markup are not.
struct HTML: ExpressibleByStringInterpolation {
    private(set) var markup: String

    init(stringLiteral markup: String) { self.markup = markup }
    init(stringInterpolation: Interpolation) { markup = stringInterpolation.markup }

    struct Interpolation: StringInterpolationProtocol {
        fileprivate var markup = ""

        init(literalCapacity: Int, interpolationCount: Int) { markup.reserveCapacity(literalCapacity) }
        mutating func appendLiteral(_ literal: String) { markup += literal }
        mutating func appendInterpolation(_ text: String) { markup += escaped(text) }
        mutating func appendInterpolation(_ number: Int) { markup += "\(number)" }
        mutating func appendInterpolation(_ html: HTML) { markup += html.markup }
        mutating func appendInterpolation(_ list: [HTML]) { for html in list { markup += html.markup } }
    }

    /// Safe between tags and in quoted attributes: white space becomes a space, other control characters U+FFFD.
    private static func escaped(_ text: String) -> String {
        var safe = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": safe += "&amp;"
            case "<": safe += "&lt;"
            case ">": safe += "&gt;"
            case "\"": safe += "&quot;"
            case "'": safe += "&#39;"
            case "\t", "\n", "\r": safe += " "
            default: safe.unicodeScalars.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
            }
        }
        return safe
    }
}

extension HTML {
    /// A table. The first cell of each row is its heading.
    /// - Parameters:
    ///   - caption: what it shows.
    ///   - columns: their headings.
    static func table(_ caption: HTML, _ columns: [HTML], _ rows: [[HTML]]) -> HTML {
        let head: [HTML] = columns.map { "<th scope=\"col\">\($0)</th>" }
        let body: [HTML] = rows.map { cells in
            let rest: [HTML] = cells.dropFirst().map { "<td>\($0)</td>" }
            return "<tr><th scope=\"row\">\(cells[0])</th>\(rest)</tr>\n"
        }
        return """
            <div class="scroll"><table>
            <caption>\(caption)</caption>
            <thead><tr>\(head)</tr></thead>
            <tbody>
            \(body)</tbody>
            </table></div>

            """
    }

    /// A bar of a bar chart from 0 to 1, with a line from `share - deviation` to `share + deviation`. The number stands beside it.
    static func bar(_ share: Double, deviation: Double = 0, isOwn: Bool) -> HTML {
        func place(_ share: Double) -> String { fixed(100 * min(max(share, 0), 1), 2) }
        let (low, high) = (place(share - deviation), place(share + deviation))
        let line: HTML = deviation > 0 ? "<path d=\"M\(low) 5H\(high)M\(low) 2V8M\(high) 2V8\"/>" : ""
        return """
            <svg viewBox="0 0 100 10" preserveAspectRatio="none" width="160" height="14" aria-hidden="true">\
            <rect class="whole" width="100" height="10" fill="#ddd"/>\
            <rect class="\(isOwn ? "own" : "other")" width="\(place(share))" height="10" fill="#888"/>\(line)</svg>
            """
    }

    /// Two images side by side with a caption, of which at most 300 characters are shown.
    static func pair(_ comparison: Comparison, other: String, note: String) throws -> HTML {
        let caption = comparison.caption
        let shown = caption.count > 300 ? "\(caption.prefix(300))…" : caption
        return """
            <figure>\(try image(comparison.generated, "generated image"))\(try image(comparison.other, other))
            <figcaption><span dir="auto">\(shown)</span> <small>\(note)</small></figcaption></figure>

            """
    }

    /// Images are reduced to this width and height, which bounds the size of a page.
    static let largestSide = 128

    private static func image(_ image: Image, _ alternative: String) throws -> HTML {
        let longest = max(image.width, image.height)
        let shown =
            longest <= largestSide
            ? image
            : image.resized(
                width: max(1, image.width * largestSide / longest),
                height: max(1, image.height * largestSide / longest),
                filter: .lanczos)
        let data = Data(try shown.pngData()).base64EncodedString()
        return
            "<img src=\"data:image/png;base64,\(data)\" width=\"\(shown.width)\" height=\"\(shown.height)\" alt=\"\(alternative)\">"
    }
}

/// A number with exactly `digits` digits after the decimal point.
func fixed(_ value: Double, _ digits: Int) -> String {
    let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 1e15 else { return value.isFinite ? "\(value)" : "undefined" }
    let number = zeroPadded(Int(scaled), width: digits + 1)
    let sign = value < 0 && scaled > 0 ? "−" : ""
    return sign + (digits == 0 ? number : "\(number.dropLast(digits)).\(number.suffix(digits))")
}

/// `51.4 %`.
func percent(_ share: Double) -> String { "\(fixed(100 * share, 1)) %" }
