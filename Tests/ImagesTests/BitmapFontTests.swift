import Images
import TestSupport
import Testing

@Suite struct BitmapFontTests {
    private let letters = BitmapFont(scale: 1)

    /// A rendered text as lines of `#` and `.`.
    private func drawn(_ text: String, _ lettering: BitmapFont = BitmapFont(scale: 1)) -> [String] {
        var canvas = Canvas(width: max(1, lettering.width(text)), height: lettering.height, color: .white)
        lettering.draw(text, x: 0, y: 0, color: .black, on: &canvas)
        let image = canvas.image
        return (0..<image.height).map { y in
            String((0..<image.width).map { x in image.pixels[(y * image.width + x) * 3] == 0 ? "#" : "." })
        }
    }

    @Test func lettersAreDrawn() {
        #expect(
            drawn("Hi!") == [
                "#...#.#.#", "#...#...#", "#...#.#.#", "#####.#.#", "#...#.#.#", "#...#.#..", "#...#.#.#", ".........",
                ".........",
            ])
        #expect(drawn("p").suffix(3) == ["###.", "#...", "#..."])
        #expect(drawn("i", BitmapFont(scale: 2)).prefix(6) == ["##", "##", "..", "..", "##", "##"])
    }

    @Test func everyASCIILetterDiffersFromEveryOther() {
        let all = (0x21...0x7E).map { drawn(String(UnicodeScalar(UInt8($0)))) }
        #expect(Set(all).count == all.count)
        #expect(all.allSatisfy { $0.joined().contains("#") })
    }

    @Test func lettersOfOtherScripts() {
        #expect(drawn("Éàñç") == drawn("Eanc"))
        #expect(drawn("ﬁ’ß—") == drawn("fi'ss-"))
        #expect(drawn("e\u{301}") == drawn("e"))
        let box = drawn("花")
        #expect(box == drawn("ش") && box != drawn("0") && box.first == "#####")
    }

    @Test func linesBreakAtSpacesAndEndInDots() {
        let text = "this flower has petals that are yellow with red dots"
        let lines = letters.lines(text, width: 80, count: 9)
        #expect(lines.joined(separator: " ") == text && lines.count > 3)
        #expect(lines.allSatisfy { letters.width($0) <= 80 })
        let cut = letters.lines(text, width: 80, count: 2)
        #expect(cut.count == 2 && cut[0] == lines[0] && cut[1].hasSuffix("…") && letters.width(cut[1]) <= 80)
        #expect(text.hasPrefix(cut.joined(separator: " ").dropLast()))
        // Text that fits exactly is not truncated.
        #expect(letters.lines(text, width: 80, count: lines.count) == lines)
        let long = letters.lines("honorificabilitudinitatibus", width: 40, count: 9)
        #expect(long.count > 2 && long.joined() == "honorificabilitudinitatibus")
        #expect(letters.lines(" \n ", width: 80, count: 2).isEmpty)
        #expect(letters.lines("a", width: 1, count: 2) == ["a"])
    }

    @Test func whatLiesOutsideIsCut() {
        var large = Canvas(width: 40, height: 24, color: .white)
        var small = Canvas(width: 8, height: 8, color: .white)
        for (x, y) in [(-3, -3), (5, 5)] {
            letters.draw("WWW", x: x + 8, y: y + 8, color: .black, on: &large)
            letters.draw("WWW", x: x, y: y, color: .black, on: &small)
        }
        #expect(small.image == large.image.cropped(x: 8, y: 8, width: 8, height: 8) && small.image.pixels.contains(0))
    }
}
