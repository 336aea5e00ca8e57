import Basics
import Files
import FoundationEssentials
import Tasks

extension Facts {
    /// A run directory: its recipe, and how far its stages are.
    /// - Throws: `CommandError` if the recipe cannot be read.
    init(run path: String) throws {
        let file = "\(path)/recipe.yaml"
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
        let isStage = FileManager.default.fileExists(atPath: "\(path)/../recipe.yaml")
        if isStage || recipe.trainsEncoder {
            let stage = isStage ? path : "\(path)/encoder"
            let isDone = FileManager.default.fileExists(atPath: "\(stage)/encoder.safetensors")
            let seen = isDone ? recipe.encoder.images : Facts.seen(in: stage)
            add("encoder training", .progress(seen, of: recipe.encoder.images))
        }
        if !isStage, recipe.task != .contrastive {
            add("training", .progress(Facts.seen(in: path), of: recipe.gan.images))
        }
        if case .numbers(let row)? = Facts.lastRow(of: "\(path)/stats.jsonl") {
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
        add("evaluation", Facts.lastRow(of: "\(path)/evaluation.jsonl"))
        let snapshots = names.filter { $0.hasPrefix("snapshot-") }.sorted()
        if let last = snapshots.last { add("snapshots", "\(snapshots.count), the last one \(last)") }
        add("checkpoint", names.filter { $0.hasPrefix("checkpoint-") }.max())
        add("model", names.first { $0 == "model.safetensors" })
    }

    /// Images seen according to a stage's statistics; 0 without any.
    private static func seen(in stage: String) -> Int {
        guard case .numbers(let row)? = lastRow(of: "\(stage)/stats.jsonl") else { return 0 }
        return row.first { $0.name == "images" }.flatMap { Int(exactly: $0.value) } ?? 0
    }

    /// The numbers of the last complete line of a file with a JSON object on each line.
    private static func lastRow(of path: String) -> Value? {
        guard let file = try? OpenFile(path) else { return nil }
        let count = min(file.size, 1 << 16)
        var bytes: [UInt8] = []
        guard (try? file.read(count, at: file.size - count, into: &bytes)) != nil else { return nil }
        // A row that is being written does not end in a line feed.
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
        guard let line = lines.last(where: { !$0.isEmpty }),
            let row = try? JSONDecoder().decode([String: Double?].self, from: Data(line))
        else { return nil }
        return .numbers(row.sorted { $0.key < $1.key }.compactMap { name, value in value.map { (name, $0) } })
    }
}
