import Checkpoints
import FoundationEssentials
import JSON

/// The measures of a run's validations: `evaluation.jsonl`, one row each.
enum ValidationRows {
    /// Appends a row to a run, after removing those for as many images or more, which an abandoned continuation wrote.
    /// - Parameter row: has a member `images`, the images seen.
    /// - Throws: `FileError`.
    static func add(_ row: some Encodable, imagesSeen: Int, to run: RunDirectory) throws {
        try run.rewind(run.evaluation, to: imagesSeen - 1)
        try run.append([UInt8]((jsonText(row) + "\n").utf8), to: run.evaluation)
    }
}
