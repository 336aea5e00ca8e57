import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#endif

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
    case problems(first: CorpusProblem, more: Int, root: String, folder: String)
    /// Pictures that do not decode, beyond what is allowed.
    case unreadablePictures(first: CorpusProblem, count: Int, total: Int, folder: String)
    /// No other example can serve this one as mismatch.
    case noMismatch(path: String)
    /// The corpus cannot be divided as was asked.
    case indivisible(folder: String, reason: String)
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
                + "(\(PicturePath.extensions.joined(separator: ", "))) with a .txt file of the same name"
        case .empty(let file):
            "\(file): has no rows; a corpus needs at least one picture with a caption"
        case .unknownSplit(let split, let known, let folder) where known.isEmpty:
            "\(folder): has no split \"\(split)\"; its rows name no split at all, so leave the split out"
        case .unknownSplit(let split, let known, let folder):
            "\(folder): has no split \"\(split)\"; it has \(known.joined(separator: ", "))"
        case .problems(let first, let more, let root, let folder):
            "\(root)/\(first)" + (more > 0 ? " (and \(more) more of this kind)" : "")
                + "; limn corpus check \(folder) lists every problem"
        case .unreadablePictures(let first, let count, let total, let folder):
            "\(folder)/\(first) (\(count) of \(total) pictures cannot be decoded)"
                + "; repair or remove what limn corpus check \(folder) lists"
        case .noMismatch(let path):
            "\(path): no other picture of the corpus has another class and other captions, "
                + "so there is no mismatching caption to learn from; add more varied pictures"
        case .indivisible(let folder, let reason):
            "\(folder): cannot be divided so: \(reason)"
        case .folderNotEmpty(let path):
            "\(path): is not empty; name a new folder, nothing is overwritten"
        case .cannotWrite(let path, let reason):
            "\(path): cannot be written: \(reason)"
        }
    }

    static func cannotRead(path: String, code: Int32) -> CorpusError {
        .cannotRead(path: path, reason: String(cString: strerror(code)))
    }

    /// What the operating system said where `error` carries that, else the error's own words.
    static func reason(_ error: any Error) -> String {
        guard let code = ((error as? CocoaError)?.underlying as? POSIXError)?.code else { return "\(error)" }
        return String(cString: strerror(code.rawValue))
    }
}
