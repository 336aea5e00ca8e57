import Corpora
import FoundationEssentials

/// A file, a corpus folder, or standard input (`-`).
struct TextInput {
    let path: String

    init(_ path: String) {
        self.path = path
    }

    /// The captions of one split, or all captions if `split` is empty or the input has no splits.
    func captions(split: String) throws -> [String] {
        var isFolder = false
        if path != "-", FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder {
            let all = try Corpus(folder: path, split: nil)
            return Array(
                try split.isEmpty || all.splits.isEmpty ? all.captions : Corpus(folder: path, split: split).captions)
        }
        guard path.hasSuffix(".jsonl") else { return try lines().map(\.text) }
        let decoder = JSONDecoder()
        let rows = try lines().filter { !$0.text.isEmpty }.map { line in
            do {
                return try decoder.decode(Row.self, from: Data(line.text.utf8))
            } catch {
                throw CommandError(
                    .badData,
                    "\(path):\(line.number): must be a JSON object with \"text\", a string or a list of them")
            }
        }
        let splits = split.isEmpty ? [] : Set(rows.compactMap(\.split)).sorted()
        guard splits.isEmpty || splits.contains(split) else {
            throw CommandError(
                .badData, "\(path): has no split \"\(split)\"; it has \(splits.joined(separator: ", "))")
        }
        return rows.filter { splits.isEmpty || $0.split == split }.flatMap(\.text)
    }

    /// The lines, without line ends and byte order mark, with numbers from 1.
    func lines() throws -> [(number: Int, text: String)] {
        var bytes = try InputFile.bytes(path)[...]
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes = bytes.dropFirst(3) }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return try lines.enumerated().map { index, line in
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard let text = String(validating: line, as: UTF8.self) else {
                throw CommandError(.badData, "\(path):\(index + 1): is not UTF-8; save the file as UTF-8")
            }
            return (index + 1, text)
        }
    }

    /// The fields of a row of metadata.jsonl that vocabulary training needs.
    private struct Row: Decodable {
        let text: [String]
        let split: String?

        private enum CodingKeys: CodingKey {
            case text, split
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            if let one = try? values.decode(String.self, forKey: .text) {
                text = [one]
            } else {
                text = try values.decode([String].self, forKey: .text)
            }
            split = try values.decodeIfPresent(String.self, forKey: .split)
        }
    }
}
