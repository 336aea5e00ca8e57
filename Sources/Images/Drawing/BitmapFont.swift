/// A small proportional bitmap font: capitals have 5 × 7 font pixels, descenders two more rows.
package struct BitmapFont {
    /// Width and height of a font pixel, in image pixels.
    package let scale: Int

    package init(scale: Int) { self.scale = scale }

    /// Height from the top of capitals to the bottom of descenders, in pixels.
    package var height: Int { Glyph.rows * scale }

    /// Width of text in pixels.
    package func width(_ text: some StringProtocol) -> Int {
        max(0, BitmapFont.glyphs(of: text).reduce(0) { $0 + $1.width + 1 } - 1) * scale
    }

    /// Draws text with its top left corner at (x, y), clipped to the canvas.
    package func draw(_ text: some StringProtocol, x: Int, y: Int, color: RGB, on canvas: inout Canvas) {
        var left = x
        for glyph in BitmapFont.glyphs(of: text) {
            for row in 0..<Glyph.rows {
                for column in 0..<glyph.width where glyph.isInk(column, row) {
                    canvas.fill(
                        x: left + column * scale, y: y + row * scale, width: scale, height: scale, color: color)
                }
            }
            left += (glyph.width + 1) * scale
        }
    }

    /// Breaks text into at most `count` lines of at most `width` pixels, at spaces if possible. Text that does not fit
    /// is truncated and ends in `…`.
    package func lines(_ text: String, width: Int, count: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        var words = text.split(whereSeparator: \.isWhitespace).map(String.init)[...]
        while let word = words.first {
            let longer = line.isEmpty ? word : "\(line) \(word)"
            if self.width(longer) <= width {
                line = longer
                words.removeFirst()
            } else if lines.count + 1 == count {
                // The last line is filled up with part of the word.
                return lines + [shortened(longer + (words.count > 1 ? " " : ""), width: width)]
            } else if line.isEmpty {
                let head = prefix(of: word, width: width)
                lines.append(String(head))
                words[words.startIndex] = String(word.dropFirst(head.count))
            } else {
                lines.append(line)
                line = ""
            }
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// The text, truncated with a trailing `…` if it is wider than `width` pixels.
    package func shortened(_ text: String, width: Int) -> String {
        if self.width(text) <= width { return text }
        var head = prefix(of: text, width: width - self.width("…") - scale)
        while head.last?.isWhitespace ?? false { head.removeLast() }
        return head + "…"
    }

    /// The text, or its end after a leading `…` if it is wider than `width` pixels.
    func ending(_ text: String, width: Int) -> String {
        if self.width(text) <= width { return text }
        let room = width - self.width("…") - scale
        return "…" + String(prefix(of: String(text.reversed()), width: room).reversed())
    }

    /// The longest prefix that fits, at least one letter.
    private func prefix(of text: String, width: Int) -> Substring {
        var used = -scale
        var end = text.startIndex
        while end < text.endIndex {
            let next = text.index(after: end)
            used += BitmapFont.glyphs(of: text[end..<next]).reduce(0) { $0 + ($1.width + 1) * scale }
            if used > width && end > text.startIndex { break }
            end = next
        }
        return text[..<end]
    }

    /// The glyphs of a text. Letters with marks are drawn as their base letters, unknown ones as a hollow box.
    private static func glyphs(of text: some StringProtocol) -> [Glyph] {
        text.flatMap { letter -> [Glyph] in
            if let glyph = Glyph.of(letter) { return [glyph] }
            let known = BaseLetters.base(of: letter).map { Glyph.of($0) }
            return known.isEmpty || known.contains { $0 == nil } ? [.missing] : known.compactMap { $0 }
        }
    }
}

/// A letter of the font.
private struct Glyph: Sendable {
    static let rows = 9
    /// Width in font pixels.
    let width: Int
    /// Five bits per row; the highest is the leftmost pixel.
    private let pattern: [UInt8]
    /// The first column with ink.
    private let left: Int

    /// - Parameter digits: nine digits of base 32, one per row.
    private init(_ digits: Substring) {
        pattern = digits.map { UInt8(Int(String($0), radix: 32) ?? 0) }
        let ink = pattern.reduce(0, |)
        left = ink == 0 ? 0 : ink.leadingZeroBitCount - 3
        width = ink == 0 ? 3 : 5 - left - ink.trailingZeroBitCount
    }

    func isInk(_ column: Int, _ row: Int) -> Bool { pattern[row] >> UInt8(4 - left - column) & 1 == 1 }

    static func of(_ letter: Character) -> Glyph? {
        if letter == "…" { return all[95] }
        guard let ascii = letter.asciiValue, (0x20...0x7E).contains(ascii) else { return nil }
        return all[Int(ascii) - 0x20]
    }

    /// The glyph of letters that the font lacks.
    static let missing = Glyph("vhhhhhv00")

    /// ASCII from the space to `~`, then `…`.
    private static let all = """
        000000000 444440400 aa0000000 aavavaa00 4fke5u400 pp248jj00 cik8lid00 440000000
        248884200 842224800 04lel4000 044v44000 000004480 000u00000 000000400 122488g00
        ehjlphe00 4c4444e00 eh1248v00 eh161he00 26aiv2200 vgu11he00 68guhhe00 v12244400
        ehhehhe00 ehhf12c00 004000400 004004480 248g84200 00u0u0000 g84248g00 eh1240400
        ehnlmge00 4ahhvhh00 uhhuhhu00 ehggghe00 sihhhis00 vgguggv00 vgguggg00 ehgnhhe00
        hhhvhhh00 e44444e00 31111he00 hikokih00 ggggggu00 hrllhhh00 hppljjh00 ehhhhhe00
        uhhuggg00 ehhhlid00 uhhukih00 ehge1he00 v44444400 hhhhhhe00 hhhhaa400 hhhllrh00
        hha4ahh00 hha444400 v1248gv00 e88888e00 g88422100 e22222e00 4ah000000 0000000v0
        840000000 00c2eie00 ggsiiis00 00cigic00 22eiiie00 00ciuge00 68s888800 00eiiie2c
        ggsiiii00 404444400 404444448 ggikoki00 444444400 00ullll00 00siiii00 00ciiic00
        00siiisgg 00eiiie22 00koggg00 00egc2s00 88s888400 00iiiie00 00hhaa400 00lllla00
        00ha4ah00 00iiiie2c 00u2cgu00 644844600 444444444 o88488o00 009m00000 000000l00
        """.split(whereSeparator: \.isWhitespace).map(Glyph.init)
}
