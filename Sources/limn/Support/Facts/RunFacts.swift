import Basics
import Checkpoints
import Files
import Tasks

extension Facts {
    /// A run directory: its recipe, and how far its stages are.
    /// - Throws: `CommandError` if the recipe cannot be read.
    init(run path: String) throws {
        let file = "\(path)/\(RunDirectory.recipeName)"
        let recipe: Recipe
        do {
            recipe = try Recipe(yaml: InputFile.text(file), named: file)
        } catch let error as any ClassifiedError {
            throw CommandError(error.kind == .usage ? .badData : error.kind, "\(error)")
        }
        let names = try fileNames(in: path)
        self.init(path, kind: "run directory")
        add("name", recipe.name)
        add("task", recipe.task.rawValue)
        add("data", try DataRecord.folder(ofRun: path))
        // The stage of the encoders has a run directory within that of its run, with the same recipe.
        let parent = "\(path)/.."
        let isStage = RunReader.isRun(parent)
        let run = RunReader(path)
        if isStage || recipe.trainsEncoder {
            let (whole, total) = (isStage ? RunReader(parent) : run, recipe.encoder.images)
            let seen = whole.isFinished(.encoder) ? total : whole.imagesSeen(.encoder)
            add("encoder training", .progress(seen, of: total))
        }
        if !isStage, recipe.task != .contrastive {
            add("training", .progress(run.imagesSeen(.gan), of: recipe.gan.images))
        }
        if let row = run.lastRow(of: RunDirectory.statisticsName)?.numbers {
            let losses = row.filter { $0.name == "loss" || $0.name.hasPrefix("loss.") }
            add(
                "losses",
                losses.isEmpty ? nil : .numbers(losses.map { ($0.name.replacing("loss.", with: ""), $0.value) }))
            add(
                "images per second",
                row.first { $0.name == "images_per_second" }.flatMap { Int(exactly: $0.value.rounded()) }.map {
                    .count($0)
                })
        }
        add("evaluation", (run.lastRow(of: RunDirectory.evaluationName)?.numbers).map { .numbers($0) })
        let snapshots = names.filter { $0.hasPrefix("snapshot-") }.sorted()
        if let last = snapshots.last { add("snapshots", "\(snapshots.count), the last one \(last)") }
        add("checkpoint", names.filter { $0.hasPrefix("checkpoint-") }.max())
        add("model", names.first { $0 == RunDirectory.modelName })
    }
}
