import Checkpoints
import FoundationEssentials
import JSON

/// The measures of a run's validations: `evaluation.jsonl`, one row each.
enum ValidationRows {
    static func path(_ run: RunDirectory) -> String { "\(run.path)/evaluation.jsonl" }

    /// Appends a row to a run, after removing those for as many images or more, which an abandoned continuation wrote.
    /// - Parameter row: has a member `images`, the images seen.
    /// - Throws: `FileError`.
    static func add(_ row: some Encodable, imagesSeen: Int, to run: RunDirectory) throws {
        try run.rewind(path(run), to: imagesSeen - 1)
        try run.append([UInt8]((jsonText(row) + "\n").utf8), to: path(run))
    }
}
