import Checkpoints
import FoundationEssentials

/// The events of one process that trains in a run directory, in a file that TensorBoard reads. Steps are images seen.
///
/// A resumed training begins a new file, whose first records make TensorBoard drop the events after the checkpoint from older
/// files, so that each step is shown once. The file is created with its first event.
final class TensorBoardLog {
    private let run: RunDirectory
    private var path: String?
    /// The records that begin the file, until they are written.
    private var header: [UInt8]

    /// - Parameters:
    ///   - recipe: its text.
    ///   - imagesSeen: where this process begins.
    init(_ run: RunDirectory, recipe: String, imagesSeen: Int) {
        self.run = run
        // This process trains from the next image on. TensorBoard drops events of that step and later ones; those of the
        // checkpoint stay.
        let first = imagesSeen + 1
        // Markdown shows indented lines as they are.
        let lines = recipe.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
        header =
            Self.record(.version, step: 0) + Self.record(.start, step: first)
            + Self.record(.text(tag: "recipe", lines.joined(separator: "\n")), step: first)
    }

    /// Adds an event, all of it or, on failure, none.
    /// - Throws: `FileError`.
    func add(_ content: TensorBoardEvent.Content, imagesSeen: Int) throws {
        let file = try path ?? run.newEvents(at: Int(Date().timeIntervalSince1970))
        path = file
        try run.append(header + Self.record(content, step: imagesSeen), to: file)
        header = []
    }

    private static func record(_ content: TensorBoardEvent.Content, step: Int) -> [UInt8] {
        TensorBoardEvent(content, step: step, wallTime: Date().timeIntervalSince1970).record
    }
}
