/// How the files of a corpus are read.
public struct CorpusOptions: Sendable, Equatable {
    /// The column of a metadata file that holds the image's path; nil is `file_name` or one of its other known names. Rows
    /// of a named column are not joined: each is an example of its own, even if another has the same image.
    public var imageColumn: String?
    /// The column of a metadata file that holds the class.
    public var className: String
    /// Builds a second caption from each caption and other columns of its row; nil builds none.
    public var template: CaptionTemplate?
    /// What a caption is in a text file.
    public var captionUnit: CaptionUnit
    /// Whether links that lead out of the folder, and links to folders, are followed.
    public var followsLinks: Bool
    /// Whether each image must have a caption. If not, an image without any has one that is empty, and images without
    /// text files or metadata are a corpus.
    public var requiresCaptions: Bool

    /// By default the class is in `class`, each line of a text file is a caption, links out of the folder are refused, and
    /// captions are required.
    public init(
        imageColumn: String? = nil, className: String = "class", template: CaptionTemplate? = nil,
        captionUnit: CaptionUnit = .line, followsLinks: Bool = false, requiresCaptions: Bool = true
    ) {
        self.imageColumn = imageColumn
        self.className = className
        self.template = template
        self.captionUnit = captionUnit
        self.followsLinks = followsLinks
        self.requiresCaptions = requiresCaptions
    }

    /// The column of images as messages name it.
    var imageColumnName: String { imageColumn ?? "file_name" }
}

/// What a caption is in a text file.
public enum CaptionUnit: String, Codable, Sendable, CaseIterable {
    /// Each line.
    case line
    /// Each paragraph; blank lines separate paragraphs.
    case paragraph
    /// The whole file.
    case file
}

/// A caption built from a row's own caption and other columns: `{text}, {style} style`.
public struct CaptionTemplate: Sendable, Equatable {
    private enum Part: Equatable {
        case literal([UInt8])
        case caption
        case column(Int)
    }

    /// The columns that it names, besides `text`.
    public let columns: [String]
    private let parts: [Part]

    /// - Parameter text: must contain `{text}` and at least one other column in braces.
    /// - Throws: `CorpusError.badTemplate`.
    public init(_ text: String) throws(CorpusError) {
        var parts: [Part] = []
        var columns: [String] = []
        var rest = text[...]
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            if brace > rest.startIndex { parts.append(.literal(Array(rest[..<brace].utf8))) }
            guard rest[brace] == "{", let end = rest[brace...].firstIndex(of: "}") else {
                throw .badTemplate(text, "has an unpaired brace")
            }
            let name = String(rest[rest.index(after: brace)..<end])
            rest = rest[rest.index(after: end)...]
            if name == "text" {
                parts.append(.caption)
                continue
            }
            guard !name.isEmpty, !name.contains("{") else { throw .badTemplate(text, "names no column in a brace") }
            let column = columns.firstIndex(of: name) ?? columns.count
            if column == columns.count { columns.append(name) }
            parts.append(.column(column))
        }
        if !rest.isEmpty { parts.append(.literal(Array(rest.utf8))) }
        guard parts.contains(.caption), !columns.isEmpty else {
            throw .badTemplate(text, "must contain {text} and another column, such as {style}")
        }
        (self.parts, self.columns) = (parts, columns)
    }

    /// The built caption.
    /// - Parameter values: of `columns`, in order.
    func applied(to caption: ArraySlice<UInt8>, values: [[UInt8]]) -> [UInt8] {
        var result: [UInt8] = []
        for part in parts {
            switch part {
            case .literal(let text): result += text
            case .caption: result += caption
            case .column(let column): result += values[column]
            }
        }
        return result
    }

    /// The caption built with a value of the only column; there must be one column.
    package func applied(to caption: String, value: String) -> String {
        String(decoding: applied(to: Array(caption.utf8)[...], values: [Array(value.utf8)]), as: UTF8.self)
    }

    /// The value of the only column in a caption that was built from another; nil if it was not.
    package func value(in built: String, from caption: String) -> String? {
        guard columns.count == 1 else { return nil }
        var start = 0
        for part in parts {
            switch part {
            case .literal(let text): start += text.count
            case .caption: start += caption.utf8.count
            case .column:
                // What the caption has more than one without a value, equally at each of the column's places.
                let places = parts.count { $0 == .column(0) }
                let length = (built.utf8.count - applied(to: caption, value: "").utf8.count) / places
                guard length > 0 else { return nil }
                let value = String(decoding: built.utf8.dropFirst(start).prefix(length), as: UTF8.self)
                return applied(to: caption, value: value) == built ? value : nil
            }
        }
        return nil
    }
}
