import ArgumentParser

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train a model on captioned images.",
        discussion: """
            The run directory holds everything that a training writes; docs/run-directory.md lists its files. Ctrl-C stops \
            after the current step with a checkpoint; a crash loses no more than the steps since the last one.

            EXAMPLES
              limn train recipes/shapes-32.yaml --data shapes --run runs/shapes
              limn train recipes/flowers-64.yaml --data flowers --run runs/flowers --resume
              limn train recipes/flowers-64.yaml --data flowers --run runs/small --set generator.width=8
            """)

    @Argument(help: "The recipe, a YAML file.")
    var recipe: String

    @OptionGroup var options: TrainingOptions

    @Option(help: "Images to train the generator on, in place of the recipe's gan.images.")
    var images: Int?

    func run() throws { try options.train(recipe: recipe, overrides: images.map { ["gan.images=\($0)"] } ?? []) }
}
