import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#endif

/// One thing wrong with a corpus, at the place where it has to be put right.
public struct CorpusProblem: Sendable, Equatable, CustomStringConvertible {
    /// What sort of thing is wrong; the raw value is the name that reports use.
    public enum Kind: String, Sendable, CaseIterable {
        /// Text that is not UTF-8.
        case notUTF8 = "not-utf-8"
        /// A line of `metadata.jsonl` that does not parse or lacks `file_name`.
        case malformedRow = "malformed-row"
        /// A `file_name` that is absolute or leaves the folder.
        case unsafePath = "unsafe-path"
        /// A picture named twice, which could leak from one split into another.
        case repeatedPicture = "repeated-picture"
        /// A picture without a caption, or with a blank one.
        case noCaption = "no-caption"
        /// A picture that is named and does not exist.
        case missingPicture = "missing-picture"
        /// A picture that does not decode.
        case unreadablePicture = "unreadable-picture"
    }

    /// What sort of problem it is.
    public let kind: Kind
    /// The file it is in, relative to the corpus folder.
    public let file: String
    /// Its line there, counted from 1, where the file is text.
    public let line: Int?
    /// What was found and what was expected.
    public let detail: String

    /// `file:line: detail`.
    public var description: String { "\(file)\(line.map { ":\($0)" } ?? ""): \(detail)" }
}

/// Why a corpus cannot be read, sampled or written.
public enum CorpusError: Error, CustomStringConvertible, Sendable {
    /// The path is no folder.
    case noSuchFolder(String)
    /// A file or folder that is there cannot be read.
    case cannotRead(path: String, reason: String)
    /// Neither metadata nor pictures with sidecar files.
    case noCaptionsFound(folder: String)
    /// Metadata without a single row.
    case empty(file: String)
    /// The split that was asked for is not one of those there.
    case unknownSplit(String, known: [String], folder: String)
    /// The first problem and the number of further ones.
    case problems(first: CorpusProblem, more: Int, folder: String)
    /// Pictures that do not decode, beyond what is allowed.
    case unreadablePictures(first: CorpusProblem, count: Int, total: Int, folder: String)
    /// No other example can serve this one as mismatch.
    case noMismatch(path: String)
    /// A folder about to be written has something in it.
    case folderNotEmpty(String)
    /// A file or folder cannot be written.
    case cannotWrite(path: String, reason: String)

    /// One line: what, where, and what to do.
    public var description: String {
        switch self {
        case .noSuchFolder(let path):
            "\(path): no such folder; name the folder that holds the corpus"
        case .cannotRead(let path, let reason):
            "\(path): cannot be read: \(reason)"
        case .noCaptionsFound(let folder):
            "\(folder): no captions found; looked for metadata.jsonl with \"file_name\" and \"text\", and for pictures "
                + "(\(SidecarFolder.pictureExtensions.joined(separator: ", "))) with a .txt file of the same name"
        case .empty(let file):
            "\(file): has no rows; a corpus needs at least one picture with a caption"
        case .unknownSplit(let split, let known, let folder) where known.isEmpty:
            "\(folder): has no split \"\(split)\"; its rows name no split at all, so leave the split out"
        case .unknownSplit(let split, let known, let folder):
            "\(folder): has no split \"\(split)\"; it has \(known.joined(separator: ", "))"
        case .problems(let first, let more, let folder):
            "\(folder)/\(first)" + (more > 0 ? " (and \(more) more of this kind)" : "")
                + "; limn corpus check \(folder) lists every problem"
        case .unreadablePictures(let first, let count, let total, let folder):
            "\(folder)/\(first) (\(count) of \(total) pictures cannot be decoded)"
                + "; repair or remove what limn corpus check \(folder) lists"
        case .noMismatch(let path):
            "\(path): no other picture of the corpus has another class and other captions, "
                + "so there is no mismatching caption to learn from; add more varied pictures"
        case .folderNotEmpty(let path):
            "\(path): is not empty; name a new folder, nothing is overwritten"
        case .cannotWrite(let path, let reason):
            "\(path): cannot be written: \(reason)"
        }
    }

    /// What the operating system said where `error` carries that, else the error's own words.
    static func reason(_ error: any Error) -> String {
        guard let code = ((error as? CocoaError)?.underlying as? POSIXError)?.code else { return "\(error)" }
        return String(cString: strerror(code.rawValue))
    }
}
