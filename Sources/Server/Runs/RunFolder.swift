import Checkpoints
import Files
import FoundationEssentials
import Tasks

/// The runs below a folder. A run is found by comparing names with those in the folder, so that no request can lead elsewhere.
struct RunFolder: Sendable {
    /// The folder, or a single run directory.
    let path: String

    /// The paths of all runs by name, in order of names.
    var runs: [(name: String, path: String)] {
        // The path may be `.` or a link.
        if RunReader.isRun(path) { return [(lastComponent(of: resolvedPath(path) ?? path), path)] }
        return ((try? fileNames(in: path)) ?? []).sorted()
            .map { ($0, "\(path)/\($0)") }.filter { RunReader.isRun($0.1) }
    }

    /// The path of a run.
    /// - Throws: `APIError` 404.
    func path(of name: String) throws -> String {
        guard let found = runs.first(where: { $0.name == name }) else {
            throw APIError.notFound("there is no run \(name.prefix(100))")
        }
        return found.path
    }
}

/// What only the dashboard shows.
extension RunReader {
    /// A sample grid: `reals.png`, or one of `fakes-000400000.png`.
    /// - Throws: `APIError` 404.
    func grid(_ name: String) throws -> [UInt8] {
        let isGrid =
            name == RunDirectory.realsName
            || times(of: "fakes", ".png").contains { RunDirectory.fakesName(imagesSeen: $0) == name }
        guard isGrid, let bytes = contents(name) else {
            throw APIError.notFound("there is no sample grid \(name.prefix(100))")
        }
        return bytes
    }

    /// The end of the log, at most 8 KiB, from the beginning of a line.
    var logTail: String {
        let (limit, newline) = (8 << 10, UInt8(ascii: "\n"))
        guard var tail = contents(RunDirectory.logName, last: limit + 1) else { return "" }
        if tail.count > limit { tail.removeFirst(tail.firstIndex(of: newline).map { $0 + 1 } ?? 1) }
        return String(decoding: tail, as: UTF8.self)
    }
}
