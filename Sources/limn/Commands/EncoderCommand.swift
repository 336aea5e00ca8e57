import ArgumentParser

struct EncoderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encoder",
        abstract: "Train a text encoder and an image encoder, such as a judge for limn evaluate.",
        discussion: """
            EXAMPLE
              limn encoder train recipes/judge.yaml --data flowers --run runs/judge
            """,
        subcommands: [Train.self])

    struct Train: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Train a text encoder against an image encoder, without a generator.",
            discussion: """
                Writes encoder/encoder.safetensors in the run directory, a pair of encoders for text.encoder of a recipe or for \
                limn evaluate --judge. The retrieval recall on a validation split (data.hold_out) is measured twenty times \
                during training, and the encoders with the highest recall are kept.

                EXAMPLES
                  limn encoder train recipes/judge.yaml --data flowers --run runs/judge
                  limn encoder train recipes/flowers-64.yaml --data flowers --run runs/text \\
                    --set encoder.patience=5
                """)

        @Argument(help: "The recipe, a YAML file; its settings of generator and discriminator are ignored.")
        var recipe: String?

        @OptionGroup var options: TrainingOptions

        func run() throws { try options.train(recipe: recipe, overrides: ["task=contrastive"]) }
    }
}
