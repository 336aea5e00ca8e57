import FoundationEssentials
import Networks
import Testing
import Training

@Suite struct RecipeTests {
    @Test func everyCommittedRecipeIsValid() throws {
        let folder = packageRoot + "/recipes"
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

    @Test func anUnknownKeySuggestsTheNearest() {
        let error = #expect(throws: RecipeError.self) { try Recipe(yaml: "gan:\n  bach: 8\n", named: "r.yaml") }
        #expect(error?.description == "r.yaml:2: unknown key gan.bach; did you mean gan.batch?")
    }

    @Test(arguments: [
        "gan:\n  batch: many\n", "gan: 3\n", "seed: [1\n", "data:\n  side: 48\n", "gan:\n  augmentation: 1.5\n",
        "gan:\n  generator_rate: 0\n", "gan:\n  family: vae\n", "encoder:\n  heads: 3\n",
        "gan:\n  images: -5\n", "encoder:\n  rate: 1.0e+30\n", "gan:\n  penalty: .nan\n", "data:\n  vocabulary: 3\n",
    ])
    func valuesThatNoTrainingCanHaveAreRefused(yaml: String) {
        #expect(throws: (any Error).self) { try Recipe(yaml: yaml, named: "r.yaml") }
    }
}

/// The folder that holds `Package.swift`.
let packageRoot = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
