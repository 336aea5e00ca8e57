import Basics
import Checkpoints
import Files
import FoundationEssentials
import Glibc
import Tasks

/// The runs below a folder. A run is found by comparing names with those in the folder, so that no request can lead elsewhere.
struct RunFolder: Sendable {
    /// The folder, or a single run directory.
    let path: String

    /// The paths of all runs by name, in order of names.
    var runs: [(name: String, path: String)] {
        // The path may be `.` or a link.
        if RunFolder.isRun(path) { return [(lastComponent(of: resolvedPath(path) ?? path), path)] }
        return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
            .map { ($0, "\(path)/\($0)") }.filter { RunFolder.isRun($0.1) }
    }

    /// The run of a name.
    /// - Throws: `APIError` 404.
    func run(_ name: String) throws -> Run {
        guard let found = runs.first(where: { $0.name == name }) else {
            throw APIError.notFound("there is no run \(name.prefix(100))")
        }
        return Run(name: found.name, path: found.path)
    }

    private static func isRun(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/recipe.yaml")
    }
}

/// One run directory, read while a training may be writing it.
struct Run: Sendable {
    let name: String
    let path: String
    /// Images of the last stage, and whether that trains encoders; nil if the recipe is one of another version.
    private let length: (images: Int, ofEncoders: Bool)?

    init(name: String, path: String) {
        (self.name, self.path) = (name, path)
        let recipe = Run.contents("recipe.yaml", of: path).map { String(decoding: $0, as: UTF8.self) }
        length = (try? Recipe(yaml: recipe ?? "", named: "recipe.yaml")).map {
            $0.task == .contrastive ? ($0.encoder.images, true) : ($0.gan.images, false)
        }
    }

    /// The statistics of each stage.
    static let statistics = ["encoder": "encoder/stats.jsonl", "gan": "stats.jsonl"]

    /// Stages that have statistics.
    var stages: [String] {
        ["encoder", "gan"].filter { stage in
            Run.statistics[stage].map { FileManager.default.fileExists(atPath: "\(path)/\($0)") } ?? false
        }
    }

    var recipe: String { String(decoding: contents("recipe.yaml") ?? [], as: UTF8.self) }

    /// Images of the last stage; nil if the recipe is one of another version.
    var total: Int? { length?.images }

    /// The statistics of the last stage.
    var lastStatistics: String { length?.ofEncoders == true ? "encoder/stats.jsonl" : "stats.jsonl" }

    /// Images seen according to the end of these statistics.
    var imagesSeen: Int { RunRows(contents(lastStatistics, last: 1 << 16) ?? []).rows.last?.images ?? 0 }

    /// Whether the last stage was trained to its end.
    var isFinished: Bool {
        guard let length else { return false }
        return length.ofEncoders
            ? FileManager.default.fileExists(atPath: "\(path)/encoder/encoder.safetensors")
            : (times(of: "checkpoint", ".safetensors").last ?? 0) >= length.images
    }

    var isRunning: Bool { RunDirectory.isInUse(path) }

    /// Unix time of the last row.
    var updated: Int {
        ["stats.jsonl", "encoder/stats.jsonl", "recipe.yaml"].map { file in
            var status = stat()
            return stat("\(path)/\(file)", &status) == 0 ? status.st_mtim.tv_sec : 0
        }.max() ?? 0
    }

    /// Numbers of images after which files such as `fakes-000400000.png` were written, in order.
    func times(of prefix: String, _ suffix: String) -> [Int] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).compactMap { name in
            guard name.hasPrefix(prefix + "-"), name.hasSuffix(suffix) else { return nil }
            let digits = name.dropFirst(prefix.count + 1).dropLast(suffix.count)
            return digits.allSatisfy(\.isASCII) ? Int(digits) : nil
        }.sorted()
    }

    /// The file name of a sample grid.
    static func fakes(_ images: Int) -> String { "fakes-\(zeroPadded(images, width: 9)).png" }

    var hasReals: Bool { FileManager.default.fileExists(atPath: "\(path)/reals.png") }

    /// A sample grid: `reals.png`, or one of `fakes-000400000.png`.
    /// - Throws: `APIError` 404.
    func grid(_ name: String) throws -> [UInt8] {
        let digits = name.dropFirst(6).dropLast(4)
        let isFakes =
            name.hasPrefix("fakes-") && name.hasSuffix(".png") && digits.count == 9
            && digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard name == "reals.png" || isFakes, let bytes = contents(name) else {
            throw APIError.notFound("there is no sample grid \(name.prefix(100))")
        }
        return bytes
    }

    /// The end of the log, at most 8 KiB, from the beginning of a line.
    var logTail: String {
        let (limit, newline) = (8 << 10, UInt8(ascii: "\n"))
        guard var tail = contents("log.txt", last: limit + 1) else { return "" }
        if tail.count > limit { tail.removeFirst(tail.firstIndex(of: newline).map { $0 + 1 } ?? 1) }
        return String(decoding: tail, as: UTF8.self)
    }

    /// The rows of a file such as `stats.jsonl`; none if it does not exist.
    func rows(of name: String) -> RunRows { RunRows(contents(name) ?? []) }

    /// The last bytes of a file below the run; nil if it cannot be read, or a link leads outside: a run may come from someone else.
    /// The file is read, not mapped, because a training may truncate it.
    private func contents(_ name: String, last limit: Int = 64 << 20) -> [UInt8]? {
        Run.contents(name, of: path, last: limit)
    }

    private static func contents(_ name: String, of path: String, last limit: Int = 64 << 20) -> [UInt8]? {
        guard let root = resolvedPath(path), let file = resolvedPath("\(path)/\(name)"), file.hasPrefix(root + "/"),
            let open = try? OpenFile(file)
        else { return nil }
        var bytes: [UInt8] = []
        let count = min(limit, open.size)
        return (try? open.read(count, at: open.size - count, into: &bytes)).map { bytes }
    }
}
