import Images
import Testing

@Suite struct LabeledGridTests {
    @Test func imagesAreBelowTheirHeadings() {
        let images = (0..<5).map { Image(width: 40, height: 40, color: RGB(UInt8(40 * $0), 255, 0)) }
        let grid = LabeledGrid(
            [
                .init(heading: "a red rose", notes: ["seed 0", "seed 1", "seed 2"]),
                .init(heading: "", notes: ["seed 3", "seed 4"]),
            ], side: 40)
        let drawn = grid.draw(images)
        #expect((drawn.width, drawn.height) == grid.size)
        // Each image as a whole, in rows of three and two, from left to right.
        let places: [(x: Int, y: Int)] = images.map { image in
            let at = stride(from: 0, to: drawn.pixels.count, by: 3).filter {
                drawn.pixels[$0..<$0 + 3] == image.pixels[0..<3]
            }
            #expect(at.count == 1600)
            return (at[0] / 3 % drawn.width, at[0] / 3 / drawn.width)
        }
        #expect(places[0].y == places[2].y && places[3].y == places[4].y && places[3].y > places[0].y + 40)
        #expect(places[0].x == places[3].x && places[1].x == places[0].x + 44 && places[2].x == places[1].x + 44)
        func hasInk(_ rows: Range<Int>) -> Bool {
            drawn.pixels[rows.lowerBound * drawn.width * 3..<rows.upperBound * drawn.width * 3].contains { $0 < 0x80 }
        }
        #expect(hasInk(0..<places[0].y))
    }

    @Test(arguments: [
        "", " ", "🌹👩‍🌾", "וֶרֶד אדום", "红玫瑰", "\u{202E}esor", "\u{1}\u{1B}[31m\n\t",
        String(repeating: "word ", count: 5000),
        String(repeating: "x", count: 5000), "e" + String(repeating: "\u{301}", count: 2000),
    ])
    func anyTextIsDrawn(text: String) {
        for side in [16, 64, 300] {
            let grid = LabeledGrid([.init(heading: text, notes: [text])], side: side)
            let drawn = grid.draw([Image(width: side, height: side, color: .black)])
            #expect((drawn.width, drawn.height) == grid.size)
            #expect(drawn.height < 3 * side + 100)
        }
    }
}
