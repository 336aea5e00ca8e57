import Compression
import Files
import FoundationEssentials
import JSON

extension Tokenizer {
    /// Maximum size of a file in bytes; the largest in common use have about 35 million.
    private static let largestFile = 1 << 27
    /// File names to look for in a folder, in order.
    private static let names = [
        "tokenizer.json", "vocab.json", "vocab.txt", "bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt",
    ]
    /// Names of SentencePiece models, which are only recognized.
    private static let sentencePieceNames = ["spiece.model", "sentencepiece.bpe.model", "tokenizer.model", "spm.model"]

    /// Reads a tokenizer.
    ///
    /// - Parameter path: one of Limn's own vocabularies; a `tokenizer.json`; a `vocab.txt` for BERT, uncased unless a
    ///   `tokenizer_config.json` in the same folder says otherwise; a `vocab.json` or a `merges.txt`, with the other in
    ///   the same folder; CLIP's `bpe_simple_vocab_16e6.txt.gz`; or a folder that contains one of these. Each may be
    ///   compressed by gzip.
    /// - Throws: `TokenizerError`.
    public init(contentsOf path: String) throws {
        var path = path
        var isFolder = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder {
            let files = Self.names + Self.sentencePieceNames
            guard let found = files.map({ Self.neighbor($0, in: path) }).first(where: Self.exists) else {
                throw TokenizerError.unreadable(
                    file: path, reason: "the folder has no tokenizer: \(Self.names.joined(separator: ", "))")
            }
            path = found
        }
        if path.hasSuffix(".model"), Self.exists(path) {
            throw TokenizerError.malformedTokenizer(
                file: path,
                reason:
                    "it is a SentencePiece model, which Limn reads only as tokenizer.json; convert it with python3 -c "
                    + "\"from transformers import AutoTokenizer as T; T.from_pretrained('FOLDER').save_pretrained('FOLDER')\""
            )
        }
        let bytes = try Self.read(path)
        if bytes.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) == UInt8(ascii: "{") {
            try self.init(json: bytes, path: path)
        } else if bytes.isEmpty {
            throw TokenizerError.malformedTokenizer(file: path, reason: "it is empty")
        } else if path.hasSuffix(".json") {
            throw TokenizerError.malformedTokenizer(file: path, reason: "it is not a JSON object")
        } else {
            try self.init(lines: TokenizerText.lines(bytes, file: path), path: path)
        }
    }

    /// Recognizes the type of a JSON file by its members.
    private init(json bytes: [UInt8], path: String) throws {
        let fields = try Self.fields(bytes, path)
        if fields.optional("model") != nil {
            self.init(try Pipeline(tokenizerJSON: fields, padding: Self.settings(beside: path)?.token("pad_token")))
        } else if case .string? = fields.optional("format") {
            self.init(vocabulary: try Vocabulary(json: bytes, named: path))
        } else if 2 * fields.members.count(where: { if case .integer = $0.value { true } else { false } })
            > fields.members.count
        {
            let merges = Self.neighbor("merges.txt", of: path)
            self.init(
                try Pipeline(
                    vocabulary: fields, merges: TokenizerText.lines(Self.read(merges), file: merges),
                    mergesFile: merges))
        } else {
            throw fields.fault("it is no tokenizer.json, no vocab.json and no vocabulary of Limn")
        }
    }

    /// Recognizes the type of a text file by its first line.
    private init(lines: [String], path: String) throws {
        let first = lines.first ?? ""
        if first.contains("bpe_simple_vocab") {
            self.init(try Pipeline(clipMerges: lines, file: path))
        } else if first.hasPrefix("#version") {
            try self.init(
                json: Self.read(Self.neighbor("vocab.json", of: path)), path: Self.neighbor("vocab.json", of: path))
        } else {
            let fields = try Self.settings(beside: path)
            let lowercases = try fields?.boolean("do_lower_case", default: true) ?? true
            self.init(
                try Pipeline(
                    wordPieces: lines, lowercases: lowercases,
                    stripsAccents: fields?.boolean("strip_accents", default: lowercases),
                    separatesIdeographs: fields?.boolean("tokenize_chinese_chars", default: true) ?? true, file: path))
        }
    }

    private static func fields(_ bytes: [UInt8], _ path: String) throws -> JSONFields {
        try JSONFields(parsing: bytes, file: path) { TokenizerError.malformedTokenizer(file: $0, reason: $1) }
    }

    /// The `tokenizer_config.json` in the folder of a file.
    private static func settings(beside path: String) throws -> JSONFields? {
        let settings = neighbor("tokenizer_config.json", of: path)
        return exists(settings) ? try fields(read(settings), settings) : nil
    }

    private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    private static func neighbor(_ name: String, of path: String) -> String {
        neighbor(name, in: String(path[..<(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)]))
    }

    private static func neighbor(_ name: String, in folder: String) -> String {
        folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    /// The content of a file, expanded if it is compressed.
    private static func read(_ path: String) throws -> [UInt8] {
        guard exists(path) else { throw TokenizerError.unreadable(file: path, reason: "no such file") }
        var bytes: [UInt8] = []
        do {
            let file = try OpenFile(path)
            guard file.size <= largestFile else {
                throw TokenizerError.malformedTokenizer(
                    file: path, reason: "it has \(file.size) bytes, over \(largestFile)")
            }
            try file.read(file.size, at: 0, into: &bytes)
        } catch is FileError {
            throw TokenizerError.unreadable(file: path, reason: "cannot be read; is it a file you may open?")
        }
        guard GzipStream.isGzip(bytes) else { return bytes }
        do {
            return try GzipStream.expanded(bytes, limit: largestFile)
        } catch {
            throw TokenizerError.malformedTokenizer(file: path, reason: "\(error.reason); download it again")
        }
    }
}
