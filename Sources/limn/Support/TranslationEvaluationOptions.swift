import ArgumentParser
import Models
import Tasks

/// The options of `limn evaluate` for models that make images from images.
struct TranslationEvaluationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The folder of the sources, if they are not in that of the targets.", valueName: "folder"))
    var source: String?

    @Flag(help: "Each source has a target: of the same name with --source, else in the columns source and target.")
    var paired = false

    @Option(
        help: ArgumentHelp(
            "Make the sources from the targets, such as \"noise 25\"; may be repeated. By default as in the model's training.",
            valueName: "degradation"))
    var degradation: [String] = []

    @Option(help: "The class of the sources, if both are in one folder.")
    var sourceClass: String?

    @Option(help: "The class of the targets.")
    var targetClass: String?

    @Option(help: "The most images to translate; by default all.")
    var count: Int?

    func validate() throws {
        if let count, count < 2 { throw ValidationError("--count \(count): expected 2 or more.") }
        if (sourceClass == nil) != (targetClass == nil) {
            throw ValidationError("Name both --source-class and --target-class.")
        }
        if paired, sourceClass != nil {
            throw ValidationError("Give --paired or --source-class, not both; pairs are not selected by class.")
        }
        let sources: [(String, Bool)] = [
            ("--source", source != nil), ("--paired", paired), ("--source-class", sourceClass != nil),
        ]
        if !degradation.isEmpty, let option = sources.first(where: \.1)?.0 {
            throw ValidationError("Give --degradation or \(option), not both; it makes the sources from the targets.")
        }
    }

    /// Throws if any option is given.
    func requireNone() throws {
        let given: [(String, Bool)] = [
            ("--source", source != nil), ("--paired", paired), ("--degradation", !degradation.isEmpty),
            ("--source-class", sourceClass != nil), ("--count", count != nil),
        ]
        guard let option = given.first(where: \.1) else { return }
        throw CommandError(.usage, "\(option.0) is for models that make images from images")
    }

    /// The images in the folder `data`.
    /// - Throws: `CommandError` if nothing says where the sources are.
    func images(data: String, split: String, classColumn: String, model: TranslationModel) throws
        -> TranslationEvaluation.Images
    {
        var images = TranslationEvaluation.Images(data: data)
        images.source = source
        images.split = split
        images.arePairs = paired
        let hasSources = source != nil || paired || sourceClass != nil
        images.degradation = degradation.isEmpty && !hasSources ? model.configuration.degradation : degradation
        guard hasSources || !images.degradation.isEmpty else {
            throw CommandError(
                .usage,
                "nothing says where the sources are; pass --source FOLDER, --paired, --source-class and --target-class, or "
                    + "--degradation")
        }
        images.classColumn = classColumn
        images.classes = (sourceClass ?? "", targetClass ?? "")
        images.count = count
        return images
    }
}
