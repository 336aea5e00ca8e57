import Checkpoints
import Execution
import Images
import Models
import Training

/// What an adversarial task writes to its run directory: validation rows, models with their cards, samples.
struct AdversarialOutput {
    let recipe: Recipe
    let run: RunDirectory
    let logger: RunLogger
    let device: any Device

    /// How long the `gan:` stage trains, and how often it writes what.
    var schedule: TrainingSchedule {
        let gan = recipe.gan
        var schedule = TrainingSchedule(
            images: gan.images, batch: gan.batch, checkpoint: .every(images: gan.checkpointEvery))
        schedule.snapshot = .every(images: gan.snapshotEvery)
        schedule.validation = .every(images: recipe.evaluate.every)
        return schedule
    }

    /// Appends a row to `evaluation.jsonl`, shows its numbers in TensorBoard and logs a summary.
    func writeValidation(
        _ row: some Encodable, _ measurements: Measurements, summary: String, imagesSeen: Int
    ) throws {
        try ValidationRows.add(row, imagesSeen: imagesSeen, to: run)
        try logger.showValidation("evaluation", measurements, imagesSeen: imagesSeen)
        try logger.log("gan: \(summary)")
    }

    /// Writes a model as a snapshot and as the run's newest model.
    /// - Returns: the model in the file, whose values are rounded to bfloat16.
    func writeSnapshot<Model: StoredModel>(_ model: Model, imagesSeen: Int) throws -> Model {
        let path = run.snapshot(imagesSeen: imagesSeen)
        try model.write(to: path)
        try model.write(to: run.model)
        try run.thinSnapshots(keeping: recipe.gan.snapshotsKept)
        return try Model(contentsOf: path)
    }

    /// Writes samples of a snapshot.
    func writeSamples(_ grid: Image, imagesSeen: Int) throws {
        try logger.writeSamples(
            "fakes", grid.pngData(), to: run.fakes(imagesSeen: imagesSeen), imagesSeen: imagesSeen)
        logger.closeLine()
    }

    /// A model card: what the model is, its data, the length of the training, and how to repeat it.
    func card(kind: String, data: String, state: TrainingState) throws -> String {
        let published = publishedRecipe
        let start = published.from.isEmpty ? "" : " after the start from \(published.from)"
        return """
            # \(recipe.name)

            \(kind), moving average of the weights.

            - trained on \(data), split “\(recipe.data.split)”
            - \(state.imagesSeen) images seen\(start), \(state.skipped) updates skipped as not finite
            - device: \(device.summary)

            The recipe, with the last values of settings that were changed on resuming (`limn train RECIPE --data DIR --run DIR`):

            ```yaml
            \(try published.yaml())
            ```
            """
    }

    /// The recipe as it is published with a model: of paths, which may name a user or a machine, only the last part.
    private var publishedRecipe: Recipe {
        func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }
        var published = recipe
        published.from = name(recipe.from)
        published.text = TextRecipe(encoder: name(recipe.text.encoder))
        published.evaluate.judge = name(recipe.evaluate.judge)
        return published
    }

    /// Logs that the stage ended.
    func finish() throws { try logger.log("gan: finished, \(run.model)") }
}
