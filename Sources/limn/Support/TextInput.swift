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
        guard path.hasSuffix(".jsonl") else { return try InputFile.lines(path) }
        let decoder = JSONDecoder()
        let rows = try InputFile.lines(path).enumerated().filter { !$0.element.isEmpty }.map { index, line in
            do {
                return try decoder.decode(Row.self, from: Data(line.utf8))
            } catch {
                throw CommandError(
                    .badData,
                    "\(path):\(index + 1): must be a JSON object with \"text\", a string or a list of them")
            }
        }
        let splits = split.isEmpty ? [] : Set(rows.compactMap(\.split)).sorted()
        guard splits.isEmpty || splits.contains(split) else {
            throw CommandError(
                .badData, "\(path): has no split \"\(split)\"; it has \(splits.joined(separator: ", "))")
        }
        return rows.filter { splits.isEmpty || $0.split == split }.flatMap(\.text)
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
