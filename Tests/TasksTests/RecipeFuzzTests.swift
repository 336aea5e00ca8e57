import Basics
import FoundationEssentials
import Tasks
import TestSupport
import Testing

/// Damaged recipes are refused in one line, or they are valid recipes, which do not change when they are written and read again.
@Suite struct RecipeFuzzTests {
    @Test func damagedRecipesAreRefusedOrUsable() throws {
        let folder = repositoryRoot + "/recipes"
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
            try #require(contents("\(folder)/\($0)"))
        }
        var (usable, refused) = (0, 0)
        for number in 0..<fuzzCount {
            var mutator = Mutator(seed: 17, number: number)
            let text = String(decoding: mutator.damaged(files), as: UTF8.self)
            let message = complaint {
                let recipe = try Recipe(yaml: text, named: "damaged.yaml")
                let again = try Recipe(yaml: recipe.yaml(), named: "again.yaml")
                #expect(again == recipe)
            }
            if let message {
                refused += 1
                #expect(!message.contains("\n") && !message.contains("again.yaml"), "\(number): \(message)")
            } else {
                usable += 1
            }
        }
        #expect(usable > fuzzCount / 20 && refused > fuzzCount / 4, "\(usable) usable, \(refused) refused")
    }
}
