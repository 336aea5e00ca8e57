import ArgumentParser
import Basics
import Inference

/// A seed given as a number or drawn at random.
struct Seed: ExpressibleByArgument {
    let value: UInt64
    var isRandom = false

    init(value: UInt64) { self.value = value }

    init?(argument: String) {
        if argument == "random" {
            value = GenerationRequest.randomSeed()
            isRandom = true
        } else if let number = UInt64(argument) {
            value = number
        } else {
            return nil
        }
    }

    var defaultValueDescription: String { "\(value)" }
}

/// Seeds, separated by commas.
struct SeedList: ExpressibleByArgument {
    let seeds: [Seed]

    init(_ seeds: [Seed]) { self.seeds = seeds }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        seeds = parts.compactMap { Seed(argument: String($0)) }
        guard seeds.count == parts.count else { return nil }
    }

    var defaultValueDescription: String { description }

    var description: String { seeds.map { "\($0.value)" }.joined(separator: ",") }
}
