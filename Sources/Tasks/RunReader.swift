import Basics
import Checkpoints
import Files
import FoundationEssentials
import Glibc

/// A run directory, read while a training may be writing it. It may come from someone else: links that lead out of it are not followed.
package struct RunReader: Sendable {
    /// A stage of a training, which has statistics of its own.
    package enum Stage: String, CaseIterable, Sendable {
        /// The encoders, in a folder of that name.
        case encoder
        /// What the recipe's task trains.
        case gan

        /// The folder of the stage within the run, with a trailing slash; empty for the run's own.
        private var folder: String { self == .encoder ? "\(RunDirectory.encoderName)/" : "" }
        /// The path of one of its files within the run.
        package func path(of name: String) -> String { folder + name }
        /// Its statistics.
        package var statistics: String { path(of: RunDirectory.statisticsName) }
    }

    /// The folder.
    package let path: String
    /// Nil if it cannot be read, or is one of another version.
    package let recipe: Recipe?

    /// The run in a folder with a recipe.
    package init(_ path: String) {
        self.path = path
        recipe = RunReader.contents(RunDirectory.recipeName, of: path).flatMap {
            try? Recipe(yaml: String(decoding: $0, as: UTF8.self), named: RunDirectory.recipeName)
        }
    }

    /// Whether a folder is that of a run.
    package static func isRun(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/\(RunDirectory.recipeName)")
    }

    // MARK: Stages

    /// The stages that have statistics.
    package var stages: [Stage] { Stage.allCases.filter { has($0.statistics) } }

    /// The last stage of the recipe.
    package var lastStage: Stage { recipe?.task == .contrastive ? .encoder : .gan }

    /// The images that a stage takes; nil without a recipe.
    package func total(_ stage: Stage) -> Int? { stage == .encoder ? recipe?.encoder.images : recipe?.gan.images }

    /// Images seen according to a stage's last row of statistics, or to the training's last checkpoint: rows have intervals, so the last
    /// one may come before the end.
    package func imagesSeen(_ stage: Stage) -> Int {
        max(lastRow(of: stage.statistics)?.images ?? 0, stage == .gan ? lastCheckpoint : 0)
    }

    /// Images seen at the last checkpoint of the last stage; 0 without one.
    private var lastCheckpoint: Int { times(of: "checkpoint", ".safetensors").last ?? 0 }

    /// Whether a stage was trained to its end.
    package func isFinished(_ stage: Stage) -> Bool {
        if stage == .encoder { return has(stage.path(of: RunDirectory.pairName)) }
        guard let total = total(stage) else { return false }
        return lastCheckpoint >= total
    }

    /// Whether a process trains it.
    package var isRunning: Bool { RunDirectory.isInUse(path) }

    /// Unix time of the last row.
    package var updated: Int {
        (Stage.allCases.map(\.statistics) + [RunDirectory.recipeName]).map { file in
            var status = stat()
            return stat("\(path)/\(file)", &status) == 0 ? status.st_mtim.tv_sec : 0
        }.max() ?? 0
    }

    // MARK: Files

    /// Whether the run has a file.
    package func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

    /// Numbers of images after which files such as `fakes-000400000.png` were written, in order.
    package func times(of prefix: String, _ suffix: String) -> [Int] {
        ((try? numberedFiles(in: path, prefix: "\(prefix)-", suffix: suffix)) ?? []).map(\.number)
    }

    /// The rows of a file such as `stats.jsonl`; none if it does not exist.
    package func rows(of name: String) -> RunRows { RunRows(contents(name) ?? []) }

    /// The last row of such a file.
    package func lastRow(of name: String) -> RunRows.Row? { RunRows(contents(name, last: 1 << 16) ?? []).rows.last }

    /// The last bytes of a file; nil if it cannot be read, or a link leads outside. The file is read, not mapped, because a training may
    /// truncate it.
    package func contents(_ name: String, last limit: Int = 64 << 20) -> [UInt8]? {
        RunReader.contents(name, of: path, last: limit)
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
