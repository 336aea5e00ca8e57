/// A sheet of images in rows, with captions below them.
package struct ContactSheet {
    /// An image of the sheet.
    package struct Entry: Sendable {
        let image: Image
        let caption: String
        /// Lines below the caption, in grey, such as the image's path. Empty ones are omitted.
        let notes: [String]

        /// - Parameter image: an image of any size, which is scaled to fit its frame.
        package init(image: Image, caption: String, notes: [String]) {
            self.image = image
            self.caption = caption
            self.notes = notes.filter { !$0.isEmpty }
        }
    }

    /// Width and height of the frame that each image is fitted into.
    private let side: Int
    private let text: BitmapFont
    private let heading: BitmapFont

    private static let paper = RGB(0xF7, 0xF6, 0xF3)
    private static let frame = RGB(0xEA, 0xE8, 0xE3)
    private static let ink = RGB(0x26, 0x26, 0x24)
    private static let greyInk = RGB(0x8C, 0x89, 0x82)
    /// Maximum number of lines of a caption; longer ones are truncated.
    private static let captionLines = 4

    /// - Parameter side: width and height of the frame that each image is fitted into, 32...1024 pixels.
    package init(side: Int) {
        precondition((32...1024).contains(side), "a contact sheet's images have 32 to 1024 pixels a side")
        self.side = side
        text = BitmapFont(scale: max(1, side / 128))
        heading = BitmapFont(scale: text.scale + 1)
    }

    private var margin: Int { 16 * text.scale }
    private var gap: Int { 14 * text.scale }
    private var lineHeight: Int { text.height + 2 * text.scale }

    /// The number of columns that makes a sheet somewhat wider than high.
    package static func columns(for count: Int) -> Int { max(1, Int((Double(count) * 1.5).squareRoot().rounded(.up))) }

    /// Draws the sheet.
    /// - Parameters:
    ///   - entries: one or more.
    ///   - columns: images per row, at least 1.
    ///   - title: the heading.
    ///   - note: text beside the heading, in grey.
    package func draw(_ entries: [Entry], columns: Int, title: String, note: String) -> Image {
        precondition(!entries.isEmpty && columns > 0, "a contact sheet has an image and a column")
        let columns = min(columns, entries.count)
        let captions = entries.map { text.lines($0.caption, width: side, count: ContactSheet.captionLines) }
        let rows = stride(from: 0, to: entries.count, by: columns).map { $0..<min($0 + columns, entries.count) }
        // A row is as high as its longest caption.
        let heights = rows.map { row in
            let lines = row.map { captions[$0].count + entries[$0].notes.count }.max() ?? 0
            return side + 6 * text.scale + lines * lineHeight
        }
        let width = 2 * margin + columns * (side + gap) - gap
        let top = margin + heading.height + gap
        let height = top + heights.reduce(0) { $0 + $1 + gap } - gap + margin
        var sheet = Canvas(width: width, height: height, color: ContactSheet.paper)

        let name = heading.shortened(title, width: width - 2 * margin)
        heading.draw(name, x: margin, y: margin, color: ContactSheet.ink, on: &sheet)
        // Beside the heading, if there is room.
        let beside = margin + heading.width(name) + 8 * text.scale
        if beside + text.width(note) <= width - margin {
            text.draw(
                note, x: beside, y: margin + 7 * (heading.scale - text.scale), color: ContactSheet.greyInk, on: &sheet)
        }

        var y = top
        for (row, height) in zip(rows, heights) {
            for (column, index) in row.enumerated() {
                draw(entries[index], captions[index], x: margin + column * (side + gap), y: y, on: &sheet)
            }
            y += height + gap
        }
        return sheet.image
    }

    private func draw(_ entry: Entry, _ caption: [String], x: Int, y: Int, on sheet: inout Canvas) {
        let fitted =
            max(entry.image.width, entry.image.height) == side ? entry.image : entry.image.thumbnail(side: side)
        sheet.fill(x: x, y: y, width: side, height: side, color: ContactSheet.frame)
        sheet.put(fitted, x: x + (side - fitted.width) / 2, y: y + (side - fitted.height) / 2)
        var line = y + side + 6 * text.scale
        for words in caption {
            text.draw(words, x: x, y: line, color: ContactSheet.ink, on: &sheet)
            line += lineHeight
        }
        for note in entry.notes {
            // The end of a path is the most informative part.
            let part = note.contains("/") ? text.ending(note, width: side) : text.shortened(note, width: side)
            text.draw(part, x: x, y: line, color: ContactSheet.greyInk, on: &sheet)
            line += lineHeight
        }
    }
}

extension Image {
    /// The image scaled to fit into a square of `side` pixels.
    package func thumbnail(side: Int) -> Image {
        let scale = Double(side) / Double(max(width, height))
        return resized(
            width: max(1, Int((Double(width) * scale).rounded())),
            height: max(1, Int((Double(height) * scale).rounded())))
    }
}
