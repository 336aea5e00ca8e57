import CPUBackend
import Execution
import Graphs
import Tokenizers
import Layers
import Networks
import RandomStreams
import Inference
import Models
import TestSupport
import TinyModels
import Testing

private let device = CPUDevice(library: .openBLAS, threads: 1, precision: .float32)

@Suite struct ModelTests {
    @Test func aModelComesBackAsItWasWrittenUpToRounding() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let path = folder.path + "/model.safetensors"
        let model = try tinyModel()
        try model.write(to: path)
        let read = try Model(contentsOf: path)
        #expect(read.configuration == model.configuration)
        #expect(read.vocabulary == model.vocabulary)
        #expect(read.card == "# tiny")
        #expect(Set(read.arrays.keys) == Set(model.arrays.keys))
        for (name, array) in model.arrays {
            let other = try #require(read.arrays[name])
            #expect(other.shape == array.shape)
            for (a, b) in zip(array.values, other.values) { #expect(abs(a - b) <= abs(a) / 256) }
        }
    }

    @Test func sizesThatCannotBeAreRefusedBeforeAnythingIsBuilt() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let path = folder.path + "/model.safetensors"
        let model = try tinyModel()
        var absurd = model.configuration
        absurd.networks.width = 1 << 40
        try Model(configuration: absurd, vocabulary: model.vocabulary, arrays: model.arrays).write(to: path)
        let error = #expect(throws: ModelError.self) { try Model(contentsOf: path) }
        #expect(error?.description.contains("generator.width") == true)
    }

    @Test func missingAndUnusedArraysAreListedTogether() throws {
        let model = try tinyModel()
        var arrays = model.arrays
        let moved = arrays.removeValue(forKey: "generator.start.weight")
        arrays["generator.begin.weight"] = moved
        let broken = Model(configuration: model.configuration, vocabulary: model.vocabulary, arrays: arrays)
        let error = #expect(throws: ModelError.self) { try ImageGenerator(broken, device: device) }
        #expect(error?.path == "tiny" && error?.kind == .badData)
        #expect(
            error?.problem.hasSuffix("(missing: generator.start.weight; unused: generator.begin.weight)") == true,
            "\(error?.problem ?? "")")
    }
}

@Suite struct ImageGeneratorTests {
    @Test func aRequestGivesOneImageAloneOrAmongOthers() throws {
        let generator = try ImageGenerator(tinyModel(), device: device)
        let one = GenerationRequest(prompt: "a red circle", seed: 7)
        let many = (0..<20).map {
            GenerationRequest(prompt: $0 == 3 ? one.prompt : "a blue square", seed: $0 == 3 ? 7 : UInt64($0))
        }
        let alone = try generator.generate([one])[0]
        #expect(try generator.generate([one])[0] == alone)
        let among = try generator.generate(many)[3]
        for (a, b) in zip(alone.pixels, among.pixels) { #expect(abs(Int(a) - Int(b)) <= 1) }
        #expect(try generator.generate([GenerationRequest(prompt: one.prompt, seed: 8)])[0] != alone)
        #expect(try generator.generate([GenerationRequest(prompt: one.prompt, seed: 7, truncation: 0.5)])[0] != alone)
    }

    @Test func weightsThatGiveNoColorsAreSaidToBeDamaged() throws {
        let model = try tinyModel()
        var arrays = model.arrays
        arrays["generator.output.bias"]?.values[1] = .nan
        let broken = Model(configuration: model.configuration, vocabulary: model.vocabulary, arrays: arrays)
        let error = #expect(throws: ModelError.self) {
            try ImageGenerator(broken, device: device).generate([GenerationRequest(prompt: "a red circle", seed: 1)])
        }
        #expect(error?.description.contains("tiny") == true)
    }

    @Test func truncatedNoiseStaysWithinItsBound() {
        var stream = RandomStream(seed: 1, purpose: "noise")
        let values = stream.truncatedNormals(4000, bound: 0.7)
        #expect(values.count == 4000)
        #expect(values.allSatisfy { abs($0) <= 0.7 })
        #expect(values.contains { abs($0) > 0.65 })
    }

    @Test func sentenceVectorsHaveUnitLengthWhateverTheirBatch() throws {
        let model = try tinyModel()
        let reader = try SentenceEmbedder(model, device: device)
        let captions = (0..<70).map { "a red circle number \($0) " + String(repeating: "and blue ", count: $0 % 5) }
        let together = try reader.embed(captions)
        for (row, caption) in captions.enumerated() {
            let alone = try reader.embed([caption])
            #expect(abs(alone.reduce(0) { $0 + $1 * $1 } - 1) < 1e-4)
            for (a, b) in zip(alone, together[row * 8..<(row + 1) * 8]) { #expect(abs(a - b) < 1e-4) }
        }
    }
}
