import Corpora
import CPUBackend
import FoundationEssentials
import TestSupport
import Testing
import Tasks

/// Every key of a recipe with extreme, non-finite, negative, empty and huge values: a clear refusal or a training, never a trap.
@Suite struct RecipePropertyTests {
    private static let yaml = """
        data: {side: 16, vocabulary: 300, hold_out: 0.2}
        encoder: {width: 16, layers: 1, heads: 2, length: 16, embedding: 16, image_width: 4, batch: 16, images: 16}
        generator: {width: 4, noise: 8}
        discriminator: {width: 4}
        gan: {batch: 4, images: 4, augmentation: 0.5}
        """

    /// All keys, as `yaml()` writes them.
    private static let keys: [String] = {
        var (keys, section) = ([String](), "")
        for line in ((try? Recipe().yaml()) ?? "").split(separator: "\n") {
            let name = String(line.split(separator: ":")[0].trimmingPrefix { $0 == " " })
            if line.hasSuffix(":") {
                section = name + "."
            } else {
                keys.append((line.hasPrefix(" ") ? section : "") + name)
            }
        }
        return keys
    }()

    private static let values = [
        "", "-1", "0", "1", "0.5", "1.0e-40", "1.0e+30", ".nan", ".inf", "-.inf", "9223372036854775807",
        "-9223372036854775808", "18446744073709551616", "true", "null", "[]", "{}", "[1", "'", "a b", "é🌸", "a: b",
        "\u{7}", "../..", "/dev/null", String(repeating: "x", count: 5000),
    ]

    /// Keys whose large values only make a training large.
    private static let sizes: Set = [
        "encoder.images", "gan.images", "encoder.batch", "gan.batch", "encoder.width", "generator.width",
        "discriminator.width",
    ]

    @Test func thereAreManyKeys() {
        #expect(Self.keys.count > 60 && Self.keys.contains("gan.ema_half_life") && Self.keys.contains("from"))
    }

    @Test(arguments: keys)
    func everyValueIsRefusedOrCanBeTrainedWith(key: String) throws {
        let folder = try TemporaryFolder()
        let corpus = folder.path + "/corpus"
        try ShapesCorpus(seed: 1, side: 16).write(to: corpus, count: 40)
        for (number, value) in Self.values.enumerated() {
            let recipe: Recipe
            do {
                recipe = try Recipe(yaml: Self.yaml, named: "tiny", settings: ["\(key)=\(value)"])
            } catch {
                expectClear(error, "\(key)=\(value)")
                continue
            }
            #expect(try Recipe(yaml: recipe.yaml(), named: "again") == recipe, "\(key)=\(value)")
            if Self.sizes.contains(key), value.count > 5 { continue }
            let run = "\(folder.path)/\(number)"
            do {
                _ = try TrainingRun(recipe, data: corpus, path: run, resume: false, device: CPUDevice(threads: 1))
                    .train()
            } catch {
                expectClear(error, "\(key)=\(value)")
            }
        }
    }

    private func expectClear(_ error: any Error, _ setting: String) {
        let text = "\(error)"
        #expect(!text.isEmpty && !text.contains("\n") && text.count < 6000, "\(setting): \(text.prefix(300))")
    }
}
