import Basics

/// One thing wrong with a corpus, at the place where it has to be put right.
public struct CorpusProblem: Sendable, Equatable, CustomStringConvertible {
    /// What sort of thing is wrong; the raw value is the name that reports use.
    public enum Kind: String, Sendable, CaseIterable {
        /// Text that is not UTF-8.
        case notUTF8 = "not-utf-8"
        /// A row that does not parse, nests without end or lacks what names its picture.
        case malformedRow = "malformed-row"
        /// A line or a file of text that is longer than any caption needs.
        case tooLong = "too-long"
        /// An archive whose headers are damaged, or a member of a kind that is not read.
        case damagedArchive = "damaged-archive"
        /// A path that is absolute, or leaves the folder by `..` or by a link.
        case unsafePath = "unsafe-path"
        /// A picture named twice, which could leak from one split into another.
        case repeatedPicture = "repeated-picture"
        /// A picture without a caption, or with a blank one.
        case noCaption = "no-caption"
        /// A caption that holds control characters other than tabs and line ends.
        case controlCharacter = "control-character"
        /// A picture that is named and does not exist.
        case missingPicture = "missing-picture"
        /// A picture that does not decode.
        case unreadablePicture = "unreadable-picture"
        /// A picture that no row names; training passes it over.
        case unlistedPicture = "unlisted-picture"
        /// A text file without the picture that it would be a caption of; training passes it over.
        case unpairedText = "unpaired-text"

        /// Whether it stands in nobody's way: nothing that was asked for is missing.
        public var isNotice: Bool { self == .unlistedPicture || self == .unpairedText }
    }

    /// What sort of problem it is.
    public let kind: Kind
    /// The file it is in, relative to the corpus folder.
    public let file: String
    /// Its line there, counted from 1, where the file is text.
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
