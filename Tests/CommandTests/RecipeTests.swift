import FoundationEssentials
import TestSupport
import Testing

/// Validation of recipes by `limn train` before training.
@Suite struct RecipeCommandTests {
    @Test(arguments: [
        ("gan.bach=8", "--set: unknown key gan.bach; did you mean gan.batch?"),
        ("gan.batch=many", "--set: gan.batch should be a whole number"),
        ("generator.kind=vae", "--set: generator.kind should be one of df-gan, gan-cls"),
        ("gan.batch", "--set gan.batch: expected key=value"),
        ("gan.batch=0", "gan.batch: is 0, expected 1 to 4096"), ("gan=3", "--set: gan takes keys, found “3”"),
        ("data.side=17", "data.side: is 17, expected a multiple of 16 from 16 to 512"),
    ])
    func aSettingThatCannotBeIsRefused(setting: String, words: String) throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let outcome = try tiny.train(to: folder + "/run", "--set", setting).finish()
            expectRefusal(outcome, 64, words)
            #expect(!exists(folder + "/run"))
        }
    }

    @Test(arguments: [
        ("gan:\n  bach: 8\n", 64, "r.yaml:2: unknown key gan.bach; did you mean gan.batch?"),
        ("gan:\n  batch: many\n", 64, "r.yaml: gan.batch should be a whole number"),
        ("gan: [1\n", 64, "r.yaml:2: not valid YAML"),
    ])
    func aFileThatIsNoRecipeIsRefused(yaml: String, code: Int32, words: String) throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            try put(yaml, folder + "/r.yaml")
            expectRefusal(try limn("train", "r.yaml", "--data", tiny.corpus, "--run", "run", in: folder), code, words)
            #expect(!exists(folder + "/run"))
        }
    }

    @Test func aRecipeThatCannotBeReadIsRefused() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            try put([0x61, 0x0A, 0xFF], folder + "/r.yaml")
            for (name, code, words) in [("absent.yaml", 66, "absent.yaml: "), ("r.yaml", 65, "r.yaml:2: is not UTF-8")]
            {
                let outcome = try limn("train", name, "--data", tiny.corpus, "--run", "run", in: folder)
                expectRefusal(outcome, Int32(code), words)
            }
        }
    }

    @Test func aDryRunTellsSizesAndCostAndMakesNothing() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            // It measures the peak rate, which takes 40 s on one thread without AVX2.
            let outcome = try tiny.train(to: folder + "/run", "--dry-run").finish(seconds: 300)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            #expect(outcome.err.isEmpty)
            let rows = Dictionary(
                uniqueKeysWithValues: outcome.text.split(separator: "\n").map { line in
                    let words = line.split(separator: " ", maxSplits: 1)
                    return (String(words[0]), String(words[1].trimmingPrefix { $0 == " " }))
                })
            #expect(rows["recipe"] == "tiny, seed 1")
            #expect(rows["data"]?.hasPrefix("100 images, 240 captions") == true)
            #expect(
                rows["encoder"]?.contains(
                    /^1 block of width [0-9]+, [0-9]+ tokens; a convolutional image encoder of width 4; [0-9]+ parameters$/
                )
                    == true)
            #expect(rows["generator"]?.contains(/^df-gan at 16×16, width 4, [0-9]+ parameters$/) == true)
            #expect(rows["discriminator"]?.contains(/^df-gan, width 4, [0-9]+ parameters$/) == true)
            #expect(rows["step"]?.contains(/^8 images, [0-9.]+ GFLOP each, [0-9]+ MiB$/) == true)
            #expect(rows["training"]?.contains(/^2400 images: [0-9.e-]+ PFLOP, about \d+ s here$/) == true)
            #expect(!exists(folder + "/run"))
        }
    }
}
