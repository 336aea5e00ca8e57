import ArgumentParser
import CommandSupport
import Tasks

struct ProfileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile", abstract: "Profile a training step by operation, kernel and shape.",
        discussion: """
            Runs the step of a recipe a few times without updating parameters, and prints the time of each kernel and the peak \
            rates of the machine.

            EXAMPLE
              limn profile recipes/flowers-64.yaml --data flowers --set gan.batch=32
            """)

    @Argument(help: "The recipe, a YAML file.")
    var recipe: String

    @Option(help: "The folder of captioned images; for image-to-image, of the targets, or of both.")
    var data: String

    @Option(help: "The folder of the sources of image-to-image, if they are not in that of the targets.")
    var source: String?

    @Option(help: ArgumentHelp("Override one key of the recipe; may be repeated.", valueName: "key=value"))
    var set: [String] = []

    @Flag(help: "Profile the contrastive stage (text encoder) instead of the adversarial stage.")
    var encoder = false

    @Option(help: "Number of kernels to list, slowest first.")
    var kernels = 40

    @OptionGroup var device: DeviceOptions

    @OptionGroup var badFiles: BadFilesOption

    @OptionGroup var links: LinksOption

    func run() throws {
        let recipe = try Recipe(yaml: InputFile.text(self.recipe), named: self.recipe, settings: set)
        let device = device.open(precision: recipe.precision)
        print(
            try StepProfile(
                recipe, data: data, source: source, badFiles: badFiles.badFiles, followsLinks: links.followLinks,
                device: device, encoder: encoder || recipe.task == .contrastive, kernels: max(kernels, 0)))
    }
}
