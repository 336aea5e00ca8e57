import ArgumentParser

struct EncoderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encoder", abstract: "Train what reads captions, and what judges images by them.",
        discussion: """
            EXAMPLE
              limn encoder train recipes/judge.yaml --data flowers --run runs/judge
            """,
        subcommands: [Train.self])

    struct Train: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Train a text encoder against an image encoder, and no generator.",
            discussion: """
                The result, encoder/encoder.safetensors in the run directory, is what text.encoder of a recipe and limn \
                evaluate --judge take. A share of the images is held out (data.hold_out); how many of them find their \
                captions, and captions their images, is told twenty times in a training, and the encoders that find \
                most are kept.

                EXAMPLES
                  limn encoder train recipes/judge.yaml --data flowers --run runs/judge
                  limn encoder train recipes/flowers-64.yaml --data flowers --run runs/words --set encoder.patience=5
                """)

        @Argument(help: "The recipe, a YAML file; what it says of the generator is not used.")
        var recipe: String

        @OptionGroup var options: TrainingOptions

        func run() throws { try options.train(recipe: recipe, overrides: ["task=contrastive"]) }
    }
}
