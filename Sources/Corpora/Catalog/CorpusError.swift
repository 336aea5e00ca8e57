import Basics
import Files
import FoundationEssentials
import Glibc

/// Why a corpus cannot be read, sampled or written.
public enum CorpusError: ClassifiedError {
    /// The path is no folder.
    case noSuchFolder(String)
    /// A file or folder that is there cannot be read.
    case cannotRead(path: String, reason: String)
    /// None of the layouts of `CorpusFormat`.
    case noCaptionsFound(folder: String, found: String)
    /// A table of captions lacks a column.
    case noColumn(String, file: String, found: [String])
    /// A Parquet file.
    case parquet(String)
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

    /// `noInput` where the corpus cannot be read, `cannotWrite` where it cannot be written, else `badData`.
    public var kind: ErrorKind {
        switch self {
        case .noSuchFolder, .cannotRead: .noInput
        case .folderNotEmpty, .cannotWrite: .cannotWrite
        default: .badData
        }
    }

    /// One line: what, where, and what to do.
    public var description: String { printable(message) }

    private var message: String {
        switch self {
        case .noSuchFolder(let path):
            "\(path): no such folder; name the folder that holds the corpus"
        case .cannotRead(let path, let reason):
            "\(path): cannot be read: \(reason)"
        case .noCaptionsFound(let folder, let found):
            "\(folder): no captions found; looked for "
                + CorpusFormat.allCases.map(\.sign).joined(separator: "; ") + "; found \(found)"
        case .noColumn(let column, let file, let found):
            "\(file): its first line names no column \(column)"
                + (found.isEmpty ? "" : "; it has \(found.prefix(20).map { "\"\($0)\"" }.joined(separator: ", "))")
        case .parquet(let path):
            "\(path): Parquet is not read; python3 -c \"import datasets, json, os; os.mkdir('pictures'); "
                + "open('pictures/metadata.jsonl', 'w').writelines(json.dumps({'file_name': r['image'].save("
                + "f'pictures/{i}.png') or f'{i}.png', 'text': r['text']}) + '\\n' for i, r in enumerate("
                + "datasets.load_dataset('parquet', data_files='\(path)', split='train')))\" makes a folder of it"
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
                + "; repair or remove what limn corpus check \(folder) lists, or say --bad-files skip"
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

    init(_ error: FileError) { self = .cannotRead(path: error.path, reason: error.reason) }

    static func cannotRead(path: String, code: Int32) -> CorpusError {
        .cannotRead(path: path, reason: String(cString: strerror(code)))
    }

    /// What the operating system said where `error` carries that, else the error's own words.
    static func reason(_ error: any Error) -> String {
        guard let code = ((error as? CocoaError)?.underlying as? POSIXError)?.code else { return "\(error)" }
        return String(cString: strerror(code.rawValue))
    }
}
