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
            return Array(try split.isEmpty || all.splits.isEmpty ? all.captions : all.restricted(to: split).captions)
        }
        guard path.hasSuffix(".jsonl") else { return try InputFile.lines(path) }
        let lines = try InputFile.lines(path).enumerated().filter { !$0.element.allSatisfy(\.isWhitespace) }
        let rows = try lines.map { index, line in
            guard let row = CaptionRow(line) else {
                throw CommandError(
                    .badData,
                    "\(path):\(index + 1): must be a JSON object with \"text\", a string or a list of them")
            }
            return row
        }
        let splits = split.isEmpty ? [] : Set(rows.compactMap(\.split)).sorted()
        guard !splits.isEmpty else { return rows.flatMap(\.captions) }
        guard let name = SplitName.resolved(split, among: splits) else {
            throw CommandError(
                .badData, "\(path): has no split \"\(split)\"; it has \(splits.joined(separator: ", "))")
        }
        return rows.filter { $0.split == name }.flatMap(\.captions)
    }
}
