import Basics

/// A problem of a corpus, with the file and line to fix.
public struct CorpusProblem: Sendable, Equatable, CustomStringConvertible {
    /// The kind of problem; the raw value is its name in reports.
    public enum Kind: String, Sendable, CaseIterable {
        /// Text that is not UTF-8.
        case notUTF8 = "not-utf-8"
        /// A row that does not parse, is nested too deeply or does not name its image.
        case malformedRow = "malformed-row"
        /// A line, text file or archive member beyond the size limit.
        case tooLong = "too-long"
        /// An archive whose headers are damaged, or a member of an unsupported kind.
        case damagedArchive = "damaged-archive"
        /// A path that is absolute, or leads out of the folder through `..` or a link.
        case unsafePath = "unsafe-path"
        /// An image that is listed twice and could leak from one split into another.
        case repeatedImage = "repeated-image"
        /// An image without a caption, or with a blank one.
        case noCaption = "no-caption"
        /// A caption with control characters other than tabs and line ends.
        case controlCharacter = "control-character"
        /// A listed image that does not exist.
        case missingImage = "missing-image"
        /// An image that does not decode.
        case unreadableImage = "unreadable-image"
        /// An image that no row lists; training ignores it.
        case unlistedImage = "unlisted-image"
        /// A text file without an image; training ignores it.
        case unpairedText = "unpaired-text"
        /// A file or folder that may hold captions or images and is not read, because of another or because it is a link.
        case unusedFile = "unused-file"

        /// An image without a partner in the other one of two paired corpora; training ignores it.
        case unpairedImage = "unpaired-image"

        /// Whether it is a notice rather than a problem: nothing that a row lists is missing.
        public var isNotice: Bool { [.unlistedImage, .unpairedText, .unusedFile, .unpairedImage].contains(self) }
    }

    /// The kind of problem.
    public let kind: Kind
    /// The file it is in, relative to the corpus folder.
    public let file: String
    /// The line, counted from 1; nil for files without lines.
    public let line: Int?
    /// What was found and what was expected.
    public let detail: String

    package init(kind: Kind, file: String, line: Int?, detail: String) {
        self.kind = kind
        self.file = file
        self.line = line
        self.detail = detail
    }

    /// `file:line: detail`.
    public var description: String { printable("\(file)\(line.map { ":\($0)" } ?? ""): \(detail)") }
}
