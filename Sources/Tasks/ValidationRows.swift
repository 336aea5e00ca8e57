import Checkpoints
import Files
import FoundationEssentials

/// The measures of a run's validations: `evaluation.jsonl`, one row each.
enum ValidationRows {
    private struct Key: Decodable { let images: Int }

    static func path(_ run: RunDirectory) -> String { "\(run.path)/evaluation.jsonl" }

    /// Adds a row to a run, in place of any for as many images or more: those belong to a continuation that was given up.
    /// - Parameter row: has a member `images`, the images seen.
    static func add(_ row: some Encodable, imagesSeen: Int, to run: RunDirectory) throws {
        let decoder = JSONDecoder()
        let text = (try? String(contentsOfFile: path(run), encoding: .utf8)) ?? ""
        var lines = text.split(separator: "\n").map(String.init).filter { line in
            (try? decoder.decode(Key.self, from: Data(line.utf8))).map { $0.images < imagesSeen } ?? false
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        lines.append(String(decoding: try encoder.encode(row), as: UTF8.self))
        try AtomicFile.write(lines.joined(separator: "\n") + "\n", to: path(run))
    }
}
