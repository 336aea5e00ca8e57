/// A grid of images of one size, with a heading above each row and a note below each image.
package struct LabeledGrid {
    /// The texts of a row.
    package struct Row: Sendable {
        let heading: String
        let notes: [String]

        /// - Parameters:
        ///   - heading: a text of any length, of which three lines are drawn; empty for none.
        ///   - notes: a short text for each image of the row, at least one.
        package init(heading: String, notes: [String]) {
            precondition(!notes.isEmpty, "a row has an image")
            (self.heading, self.notes) = (heading, notes)
        }
    }

    private let rows: [Row]
    private let headings: [[String]]
    private let side: Int
    private let text: BitmapFont
    /// Width and height of the drawing in pixels.
    package let size: (width: Int, height: Int)

    private static let ink = RGB(0x26, 0x26, 0x24)
    private static let greyInk = RGB(0x8C, 0x89, 0x82)
    private static let headingLines = 3

    private var gap: Int { 4 * text.scale }
    private var lineHeight: Int { text.height + 2 * text.scale }

    /// Lays out a grid of images of `side` × `side` pixels.
    package init(_ rows: [Row], side: Int) {
        precondition(!rows.isEmpty && side > 0, "a grid has a row")
        let text = BitmapFont(scale: max(1, side / 128))
        let gap = 4 * text.scale
        let columns = rows.map(\.notes.count).max() ?? 1
        // A narrow grid is made wide enough for some words in a line.
        let width = max(columns * (side + gap) - gap, 160 * text.scale)
        let headings = rows.map { text.lines($0.heading, width: width, count: Self.headingLines) }
        let lineHeight = text.height + 2 * text.scale
        let lines = headings.reduce(rows.count) { $0 + $1.count }
        (self.rows, self.headings, self.side, self.text) = (rows, headings, side, text)
        size = (width + 2 * gap, rows.count * (side + 2 * gap) + lines * lineHeight + gap)
    }

    /// Draws the grid with its images, row by row.
    package func draw(_ images: [Image]) -> Image {
        precondition(images.count == rows.reduce(0) { $0 + $1.notes.count }, "each note has an image")
        var canvas = Canvas(width: size.width, height: size.height, color: .white)
        var rest = images[...]
        var y = gap
        for (row, heading) in zip(rows, headings) {
            for line in heading {
                text.draw(line, x: gap, y: y, color: Self.ink, on: &canvas)
                y += lineHeight
            }
            for (column, note) in row.notes.enumerated() {
                let x = gap + column * (side + gap)
                canvas.put(rest.removeFirst(), x: x, y: y)
                let shown = text.shortened(note, width: side)
                text.draw(shown, x: x, y: y + side + gap, color: Self.greyInk, on: &canvas)
            }
            y += side + 2 * gap + lineHeight
        }
        return canvas.image
    }
}
