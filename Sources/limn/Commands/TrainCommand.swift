import ArgumentParser

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train a text-to-image or an image-to-image model.",
        discussion: """
            Trains a text encoder on captioned images, then a generator against a discriminator; for the task image-to-image, a \
            translator of images. All output goes to the run directory (docs/run-directory.md lists its files). Ctrl-C writes \
            a checkpoint and stops after the current step; with --resume, training continues from the last one, also after a crash.

            EXAMPLES
              limn train recipes/shapes-32.yaml --data shapes --run runs/shapes
              limn train recipes/flowers-64.yaml --data flowers --run runs/flowers --resume
              limn train --run runs/flowers --resume --set generator.learning_rate=1e-4
              limn train recipes/flowers-64.yaml --data flowers --run runs/small \\
                --set generator.width=8
              limn train recipes/flowers-64.yaml --data mine --run runs/mine \\
                --from models/flowers-64.safetensors
            """)

    @Argument(help: "The recipe, a YAML file; with --resume, by default the run's own.")
    var recipe: String?

    @OptionGroup var options: TrainingOptions

    @Option(help: "Number of training images for the generator; overrides gan.images of the recipe.")
    var images: Int?

    func run() throws { try options.train(recipe: recipe, overrides: images.map { ["gan.images=\($0)"] } ?? []) }
}
