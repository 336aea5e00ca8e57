import Basics
import Files
import Glibc

/// Why a corpus cannot be read, sampled or written.
public enum CorpusError: ClassifiedError {
    /// The path is not a folder.
    case noSuchFolder(String)
    /// An existing file or folder cannot be read.
    case cannotRead(path: String, reason: String)
    /// The folder has none of the layouts of `CorpusFormat`.
    case noCaptionsFound(folder: String, found: String)
    /// The same where captions are not required.
    case noImagesFound(folder: String, found: String)
    /// A table of captions lacks a column.
    case noColumn(String, file: String, found: [String])
    /// The first line of a table of captions cannot be read.
    case badHeader(file: String, line: Int, String)
    /// A caption template that cannot be read.
    case badTemplate(String, String)
    /// Columns are named of a corpus whose layout has none.
    case noColumns(folder: String, CorpusFormat)
    /// A Parquet file.
    case parquet(String)
    /// A corpus, or a file that lists images, without a single usable row.
    case empty(file: String)
    /// There is no split of the requested name.
    case unknownSplit(String, known: [String], folder: String)
    /// There is no class of the requested name.
    case unknownClass(String, known: [String], folder: String)
    /// The images of two corpora cannot be paired.
    case unpairable(folder: String, reason: String)
    /// More rows are unusable than is allowed: the first problem, their number, and that of all rows.
    case problems(first: CorpusProblem, count: Int, total: Int, BadFilePolicy, root: String, folder: String)
    /// More images fail to decode than is allowed.
    case unreadableImages(first: CorpusProblem, count: Int, total: Int, BadFilePolicy, folder: String)
    /// No other example provides a mismatched caption for this image.
    case noMismatch(path: String)
    /// The corpus cannot be split as requested.
    case unsplittable(folder: String, reason: String)
    /// The folder to be written is not empty.
    case folderNotEmpty(String)
    /// A file or folder cannot be written.
    case cannotWrite(path: String, reason: String)

    /// `noInput` if the corpus cannot be read, `cannotWrite` if it cannot be written, `usage` for columns that the
    /// caller names wrongly, else `badData`.
    public var kind: ErrorKind {
        switch self {
        case .noSuchFolder, .cannotRead: .noInput
        case .folderNotEmpty, .cannotWrite: .cannotWrite
        case .badTemplate, .noColumns: .usage
        default: .badData
        }
    }

    /// One line: what, where, and what to do.
    public var description: String {
        switch self {
        case .noSuchFolder(let path):
            "\(path): no such folder; name the folder that holds the corpus"
        case .cannotRead(let path, let reason):
            "\(path): cannot be read: \(reason)"
        case .noCaptionsFound(let folder, let found):
            "\(folder): no captions found; looked for "
                + CorpusFormat.allCases.filter { $0 != .images }.map(\.signature).joined(separator: "; ")
                + "; found \(found)"
        case .noImagesFound(let folder, let found):
            "\(folder): no images found; looked for \(CorpusFormat.images.signature), listed by metadata.jsonl or a table, in "
                + "folders or in shards (.tar, .tar.gz); found \(found)"
        case .noColumn(let column, let file, let found):
            "\(file): its first line names no column \(column)"
                + (found.isEmpty ? "" : "; it has \(found.prefix(20).map { quoted($0) }.joined(separator: ", "))")
        case .badHeader(let file, let line, let problem): "\(file):\(line): \(problem)"
        case .badTemplate(let text, let problem):
            "the caption template \"\(text)\" \(problem)"
        case .noColumns(let folder, let format):
            "\(folder): is a corpus of \(format), whose rows have no columns; a caption template or class column needs "
                + "metadata.jsonl, metadata.csv or .json files"
        case .parquet(let path):
            "\(path): Parquet is not supported; python3 -c \"import datasets, json, os; os.mkdir('images'); "
                + "open('images/metadata.jsonl', 'w').writelines(json.dumps({'file_name': r['image'].save("
                + "f'images/{i}.png') or f'{i}.png', 'text': r['text']}) + '\\n' for i, r in enumerate("
                + "datasets.load_dataset('parquet', data_files='\(path)', split='train')))\" converts it to a folder"
        case .empty(let file):
            "\(file): has no usable rows; a corpus needs at least one image with a caption"
        case .unknownSplit(let split, let known, let folder) where known.isEmpty:
            "\(folder): has no split \"\(split)\", since its rows name no split; pass \"\" as the split to use all rows, or make "
                + "splits with limn corpus split \(folder) --parts train=0.9,test=0.1 --seed 1 --in-place"
        case .unknownSplit(let split, let known, let folder):
            "\(folder): has no split \"\(split)\"; it has \(known.joined(separator: ", "))"
        case .unknownClass(let name, let known, let folder) where known.isEmpty:
            "\(folder): has no class \"\(name)\", since its images have no classes; name the column of metadata.jsonl with the "
                + "class, or make a folder of each class"
        case .unknownClass(let name, let known, let folder):
            "\(folder): has no class \"\(name)\"; it has \(known.prefix(20).joined(separator: ", "))"
                + (known.count > 20 ? " and \(known.count - 20) more" : "")
        case .unpairable(let folder, let reason):
            "\(folder): its images cannot be paired: \(reason)"
        case .problems(let first, let count, let total, let badFiles, let root, let folder):
            "\(root)/\(first)" + CorpusError.share(count, of: total, "rows are unusable", badFiles)
                + "; limn corpus check \(folder) lists them all"
        case .unreadableImages(let first, let count, let total, let badFiles, let folder):
            "\(folder)/\(first)" + CorpusError.share(count, of: total, "images cannot be decoded", badFiles)
                + "; limn corpus check \(folder) lists them all"
        case .noMismatch(let path):
            "\(path): no other image of the corpus has another class and other captions, "
                + "so there is no mismatched caption to train with; add more varied images"
        case .unsplittable(let folder, let reason):
            "\(folder): cannot be split: \(reason)"
        case .folderNotEmpty(let path):
            "\(path): is not empty; name a new folder; nothing is overwritten"
        case .cannotWrite(let path, let reason):
            "\(path): cannot be written: \(reason)"
        }
    }

    /// How many are bad, what is allowed, and what to do.
    private static func share(_ count: Int, of total: Int, _ what: String, _ badFiles: BadFilePolicy) -> String {
        let limit =
            switch badFiles {
            case .limited: ", more than 1 in 100; pass --bad-files skip to go on without them"
            case .fail: ", and --bad-files fail allows none"
            case .skip: ""
            }
        return " (\(count) of \(total) \(what)\(limit))"
    }

    /// Why a file cannot be read; for other errors the whole message.
    var reason: String {
        if case .cannotRead(_, let reason) = self { "cannot be read: \(reason)" } else { description }
    }

    init(_ error: FileError) { self = .cannotRead(path: error.path, reason: error.reason) }

    static func cannotRead(path: String, code: Int32) -> CorpusError {
        .cannotRead(path: path, reason: String(cString: strerror(code)))
    }

    /// The operating system's message if `error` carries an `errno`, else the error's own description.
    static func reason(_ error: any Error) -> String {
        knownPosixCode(error).map { String(cString: strerror($0)) } ?? "\(error)"
    }
}
