import FoundationEssentials
import Networks
import Testing
import Tasks
import Training
import TestSupport

@Suite struct RecipeTests {
    @Test func everyCommittedRecipeIsValid() throws {
        let folder = repositoryRoot + "/recipes"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yaml") }
        #expect(names.count >= 3)
        for name in names {
            let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            #expect(throws: Never.self) { try Recipe(yaml: text, named: name) }
        }
    }

    @Test func keysLeftOutKeepTheirDefaultsAndYAMLComesBackEqual() throws {
        let recipe = try Recipe(
            yaml: "gan:\n  batch: 8\n", named: "r.yaml", settings: ["name=mine", "gan.penalty=0.3"])
        #expect(recipe.gan.batch == 8)
        #expect(recipe.name == "mine")
        #expect(recipe.gan.penalty == 0.3)
        #expect(recipe.data == Recipe().data)
        #expect(try Recipe(yaml: recipe.yaml(), named: "again") == recipe)
    }

    @Test func yamlHasNumbersAsPeopleWriteThem() throws {
        let settings = ["gan.contrastive=0.3", "generator.learning_rate=1.0e-7", "discriminator.learning_rate=2.0e-4"]
        let recipe = try Recipe(
            yaml: "discriminator: {kind: features}", named: "r.yaml",
            settings: settings + [
                "encoder.network=efficientnet-lite0", "name='0.10'",
            ])
        let lines = try recipe.yaml().split(separator: "\n").map { $0.drop { $0 == " " } }
        for line in [
            "hold_out: 0.04", "contrastive: 0.3", "learning_rate: 1e-07", "learning_rate: 0.0002", "penalty: 2.0",
            "batch: 128",
        ] { #expect(lines.contains(Substring(line)), "\(line)") }
        #expect(try Recipe(yaml: recipe.yaml(), named: "again") == recipe)
    }

    /// A folder that appears or vanishes during a training does not change what it trains.
    @Test func whetherTheTextEncoderIsTrainedIsDecidedWhenTheRecipeIsRead() throws {
        func recipe(_ encoder: String) throws -> Recipe {
            try Recipe(yaml: "text: {encoder: \(encoder)}", named: "r.yaml")
        }
        let trained: Recipe = try withTemporaryFolder { folder in
            try put("", folder + "/file")
            #expect(try !recipe(folder + "/file").trainsEncoder)
            return try recipe(folder)
        }
        #expect(!FileManager.default.fileExists(atPath: trained.text.encoder) && trained.trainsEncoder)
        #expect(try recipe("built-in").trainsEncoder)
        try withTemporaryFolder { parent in
            let path = parent + "/later"
            let absent = try recipe(path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            #expect(!absent.trainsEncoder && TextRecipe(encoder: path).isTrained)
        }
    }

    @Test func anUnknownKeySuggestsTheNearest() {
        let error = #expect(throws: RecipeError.self) { try Recipe(yaml: "gan:\n  bach: 8\n", named: "r.yaml") }
        #expect(error?.description == "r.yaml:2: unknown key gan.bach; did you mean gan.batch?")
    }

    /// Values on both sides of the bounds that keys have.
    @Test(arguments: [
        ("generator.width", ["4", "256"], ["3", "257"]), ("generator.max_width", ["0", "16", "2048"], ["15", "2049"]),
        ("generator.noise", ["1", "4096"], ["0", "4097"]),
        ("generator.learning_rate", ["1.0e-9", "0.99"], ["0", "1", "-1", ".nan"]),
        ("generator.kind", ["df-gan", "gan-cls"], ["features", "vae"]),
        ("generator.output", ["tanh", "linear"], ["relu"]), ("generator.text_in_start", ["true", "false"], ["1.5"]),
        ("generator.text_scale", ["0.1", "1000"], ["0", "-1", "1001", ".nan"]),
        ("encoder.multiscale", ["false", "true"], ["1.5"]), ("encoder.images_per_class", ["1"], ["0", "4", "1001"]),
        ("encoder.class_loss", ["0", "100"], ["-0.1", "101", ".nan"]),
        ("encoder.token_dropout", ["0", "0.9"], ["0.91", "-0.1", ".nan"]),
        ("discriminator.kind", ["df-gan", "gan-cls", "features"], ["vae"]),
        ("discriminator.width", ["4", "256"], ["3", "257"]),
        ("discriminator.network", ["mobilenet-v2", "efficientnet-lite2"], ["none", "efficientnet-lite9"]),
        ("discriminator.resolution", ["64", "96", "256"], ["32", "100", "288"]),
        ("discriminator.learning_rate", ["0.5"], ["0", ".inf"]),
        ("gan.batch", ["1", "4096"], ["0", "4097", "many"]), ("gan.images", ["1", "10000000000"], ["0", "-5"]),
        ("gan.augmentation", ["0", "1"], ["1.5", "-0.1", ".nan"]),
        ("gan.penalty_interval", ["1", "1024"], ["0", "1025"]), ("gan.penalty", ["0", "10"], ["-1", ".nan", ".inf"]),
        ("gan.ema_half_life", ["0", "10"], ["-1", ".nan"]), ("gan.contrastive", ["0"], ["-1", ".nan"]),
        ("gan.reconstruction", ["0"], ["1", "-1", ".inf"]),
        ("gan.mismatch_weight", ["0", "1"], ["1.1", "-0.1"]), ("gan.beta1", ["0", "0.99"], ["1", "-0.1"]),
        ("encoder.heads", ["1", "64"], ["0", "3", "65"]),
        ("encoder.learning_rate", ["1.0e-9", "0.99"], ["0", "1", "1.0e+30"]),
        ("encoder.network", ["none", "mobilenet-v2", "efficientnet-lite1"], ["efficientnet", "None"]),
        ("encoder.resolution", ["64", "320"], ["32", "80", "352"]), ("encoder.views", ["1", "64"], ["0", "65"]),
        ("encoder.image_hidden", ["8", "8192"], ["7", "8193"]),
        ("encoder.translation", ["0", "0.5"], ["0.51", "-0.1", "1.0e+30", ".nan", ".inf"]),
        ("data.side", ["16", "512"], ["0", "50", "528"]),
        ("data.vocabulary", ["259", "65536"], ["3", "258", "65537"]),
        ("data.class", ["emoji", "class"], [""]),
        ("data.caption", ["", "{text}, {style} style"], ["{text}", "{style", "x"]),
        ("data.attribute_mismatch", ["0"], ["0.5", "-0.1", ".nan"]),
        ("task", ["contrastive", "text-to-image"], ["gan"]),
        ("data.hold_out", ["0", "0.5"], ["0.6", "-0.1", ".nan"]),
        ("evaluate.every", ["0", "1000"], ["-1"]), ("evaluate.captions", ["10", "1000000"], ["9"]),
        ("evaluate.network", ["efficientnet-lite2"], ["none"]),
    ])
    func rangesOfKeys(key: String, good: [String], bad: [String]) {
        for value in good {
            #expect(throws: Never.self, "\(key)=\(value)") {
                try Recipe(yaml: "", named: "r.yaml", settings: ["\(key)=\(value)"])
            }
        }
        for value in bad {
            do {
                _ = try Recipe(yaml: "", named: "r.yaml", settings: ["\(key)=\(value)"])
                Issue.record("\(key)=\(value) was taken")
            } catch {
                #expect("\(error)".contains(key) && !"\(error)".contains("\n"), "\(error)")
            }
        }
    }

    /// Lists of lists may be aliases, of which nine levels of nine are 400 million texts.
    @Test(arguments: ["[[noise 1], noise 2]", "[{noise: 1}]", "{noise: 1}", "&a [*a]"])
    func aListHasTexts(list: String) {
        let settings = ["image_to_image.degradation=\(list)"]
        for (yaml, settings) in [("image_to_image: {degradation: \(list)}", []), ("", settings)] {
            // On the command line the last two are texts, which are no degradations.
            let error = #expect(throws: (any Error).self, "\(list)") {
                try Recipe(yaml: yaml, named: "r.yaml", settings: ["task=image-to-image"] + settings)
            }
            #expect(error.map { !"\($0)".contains("\n") } ?? false)
        }
        var bomb = "name:\n  - &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let items = [String](repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            bomb += "  - &a\(level) [\(items)]\n"
        }
        for key in ["name", "image_to_image", "gan"] {
            #expect(throws: RecipeError.self) {
                try Recipe(yaml: bomb.replacing("name:", with: "\(key):"), named: "r.yaml")
            }
        }
        #expect(throws: RecipeError.self) {
            try Recipe(
                yaml: bomb.replacing("name:", with: "image_to_image:\n degradation:"), named: "r.yaml")
        }
    }

    @Test(arguments: [
        ("data:\n\tside: 32\n", "r.yaml:2: not valid YAML: found character that cannot start any token"),
        ("name: \"x\n", "r.yaml:2: not valid YAML: found unexpected end of stream"),
        ("seed: [1\n", "r.yaml:2: not valid YAML: did not find expected ',' or ']'"),
        ("gan: 3\n", "r.yaml:1: gan takes keys, found “3”"),
        ("data:\n  side: 50\n", "data.side: is 50, expected a multiple of 16 from 16 to 512"),
        ("name: x\nseed: 1\nname: y\n", "r.yaml:1: not valid YAML: name occurs twice"),
        (String(repeating: "[", count: 20_000), "r.yaml:1: not valid YAML: nested too deeply"),
        ("name: \"\"\n", "name: is empty or has control characters, expected a line of text"),
        ("name: \"a\\e[31mb\"\n", "name: is empty or has control characters, expected a line of text"),
    ])
    func theReasonAndTheLineAreNamed(yaml: String, message: String) {
        let error = #expect(throws: (any Error).self) { try Recipe(yaml: yaml, named: "r.yaml") }
        #expect(error.map { "\($0)" } == message)
    }

    @Test func aTextThatIsTooLongForARecipeIsRefused() {
        let yaml = "name: long\n" + String(repeating: "#\n", count: 1 << 19)
        let error = #expect(throws: RecipeError.self) { try Recipe(yaml: yaml, named: "r.yaml") }
        #expect(error?.description == "r.yaml: \(yaml.utf8.count) bytes; a recipe has at most 1048576")
    }

    @Test func anUnknownNetworkListsTheKnownOnes() {
        let error = #expect(throws: ConfigurationError.self) {
            try Recipe(yaml: "encoder:\n  network: nonsense\n", named: "r.yaml")
        }
        #expect(error?.key == "encoder.network")
        for name in [
            "nonsense", "none", "mobilenet-v2", "efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2",
        ] {
            #expect(error?.description.contains(name) == true, "\(name)")
        }
    }

    /// Images of one sentence are compared by the discriminator's features, in pairs that no real image belongs to.
    @Test func theComparisonOfImagesNeedsFeaturesAndPairs() throws {
        let settings = ["gan.diversity=1", "discriminator.kind=features"]
        #expect(try Recipe(yaml: "", named: "r.yaml", settings: settings).gan.diversity == 1)
        let changes = [
            "discriminator.kind=df-gan", "gan.batch=7", "gan.loss=relativistic", "gan.diversity=-1",
            "gan.diversity=.nan",
        ]
        for change in changes {
            let error = #expect(throws: ConfigurationError.self, "\(change)") {
                try Recipe(yaml: "", named: "r.yaml", settings: settings + [change])
            }
            #expect(error?.key == "gan.diversity", "\(change)")
        }
        let withReal = ["gan.reconstruction=1", "gan.interpolation=0"]
        let error = #expect(throws: ConfigurationError.self) {
            try Recipe(yaml: "", named: "r.yaml", settings: settings + withReal)
        }
        #expect(error?.key == "gan.diversity")
    }

    /// Generated images are compared with sentences through the image encoder on the features that the discriminator has.
    @Test func theComparisonWithSentencesNeedsFeaturesOfOneNetwork() throws {
        let settings = [
            "gan.contrastive=1", "discriminator.kind=features", "discriminator.network=efficientnet-lite1",
            "encoder.network=efficientnet-lite1",
        ]
        #expect(try Recipe(yaml: "", named: "r.yaml", settings: settings).gan.contrastive == 1)
        for change in ["discriminator.kind=df-gan", "encoder.network=none", "encoder.network=efficientnet-lite0"] {
            let error = #expect(throws: ConfigurationError.self, "\(change)") {
                try Recipe(yaml: "", named: "r.yaml", settings: settings + [change])
            }
            #expect(error?.key == "gan.contrastive")
            #expect(error?.description.contains("efficientnet-lite1") == true)
            // Without the comparison each of them may be.
            #expect(throws: Never.self) {
                try Recipe(yaml: "", named: "r.yaml", settings: settings + [change, "gan.contrastive=0"])
            }
        }
    }
}
