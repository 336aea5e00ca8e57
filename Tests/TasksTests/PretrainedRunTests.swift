import Corpora
import CPUBackend
import Execution
import FoundationEssentials
import Inference
import Models
import TestSupport
import Testing
import Tasks
import Training

/// The tiny BERT of the encoders' own tests: random weights.
let goldenBERT = repositoryRoot + "/Tests/InferenceTests/Encoders/bert"

/// A run whose captions a pretrained encoder reads, and the model it makes.
@Suite(.serialized) struct PretrainedRunTests {
    private let device = CPUDevice(threads: 1, precision: .float32)

    private func withRun(_ body: (_ folder: String, _ train: () throws -> Void) throws -> Void) throws {
        let temporary = try TemporaryFolder()
        defer { withExtendedLifetime(temporary) {} }
        let folder = temporary.path
        try ShapesCorpus(seed: 1, side: 16).write(to: folder + "/corpus", count: 120)
        try FileManager.default.copyItem(atPath: goldenBERT, toPath: folder + "/tiny-bert")
        let yaml = """
            data: {side: 16, hold_out: 0.25}
            text: {encoder: \(folder)/tiny-bert}
            encoder: {embedding: 16, image_width: 4, batch: 16, images: 1600}
            generator: {width: 4, noise: 8}
            discriminator: {width: 4}
            gan: {batch: 8, images: 16, snapshot_every: 16}
            """
        let recipe = try Recipe(yaml: yaml, named: "tiny")
        try body(folder) {
            let run = TrainingRun(
                recipe, data: folder + "/corpus", path: folder + "/run", resume: true, device: device)
            let outcome = try run.train()
            #expect(outcome == .finished)
        }
    }

    private func generate(_ model: String, encoder: String? = nil) throws -> [UInt8] {
        let generator = try ImageGenerator(Model(contentsOf: model), device: device, encoder: encoder)
        return try generator.generate([GenerationRequest(prompt: "a red circle", seed: 1)])[0].pixels
    }

    @Test func theModelNamesItsEncoderAndFindsItAgain() throws {
        try withRun { folder, train in
            try train()
            let files = FileManager.default
            let model = folder + "/run/model.safetensors"
            let reference = try #require(try Model(contentsOf: model).configuration.pretrained)
            #expect(reference.name == "tiny-bert")
            #expect(reference.head == .init(inputs: 32, hidden: 64, embedding: 16))
            let names = try Model(contentsOf: model).arrays.keys.filter { $0.hasPrefix("encoder.") }
            #expect(
                names.sorted()
                    == ["hidden.bias", "hidden.weight", "output.bias", "output.weight"].map { "encoder.\($0)" })
            let pixels = try generate(model)

            // Elsewhere it is named, or looked for beside the model.
            try files.moveItem(atPath: folder + "/tiny-bert", toPath: folder + "/moved")
            let gone = #expect(throws: ModelError.self) { try generate(model) }
            #expect(gone?.description.contains("tiny-bert") == true && gone?.description.contains("--encoder") == true)
            #expect(try generate(model, encoder: folder + "/moved") == pixels)
            try files.copyItem(atPath: folder + "/moved", toPath: folder + "/run/tiny-bert")
            #expect(try generate(model) == pixels)

            // Another encoder under the same name is not taken for it.
            let weights = folder + "/run/tiny-bert/model.safetensors"
            var bytes = [UInt8](try Data(contentsOf: URL(filePath: weights)))
            bytes[bytes.count - 1] ^= 1
            try Data(bytes).write(to: URL(filePath: weights))
            let wrong = #expect(throws: ModelError.self) { try generate(model) }
            #expect(wrong?.description.contains("checksum") == true)
        }
    }

    /// A prompt is encoded by the head as it was trained on the encoder's vectors: mean and deviation of the training
    /// captions are in its first layer.
    @Test func theHeadReadsPromptsAsItReadTheCaptionsOfTraining() throws {
        try withRun { folder, train in
            try train()
            let corpus = try Corpus(folder: folder + "/corpus", split: "train")
            let captions = Array(corpus.captions.prefix(100))
            let base = try SentenceEmbedder(PretrainedEncoder(contentsOf: folder + "/tiny-bert"), device: device)
            let pair = try EncoderPair(contentsOf: folder + "/run/encoder/encoder.safetensors")
            guard case .pretrained(_, let head) = pair.text else {
                Issue.record("the pair has an encoder of its own")
                return
            }
            let expected = try head(base.embed(captions), device: device)
            let found = try SentenceEmbedder(Model(contentsOf: folder + "/run/model.safetensors"), device: device)
                .embed(captions)
            #expect(found.count == 100 * 16)
            for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-4) }
            // The encoder's own vectors are nearly one vector; those of the head are not.
            func meanLength(_ vectors: [Float], _ width: Int) -> Float {
                let mean = (0..<width).map { column in
                    stride(from: column, to: vectors.count, by: width).reduce(0) { $0 + vectors[$1] } / 100
                }
                return mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
            }
            #expect(meanLength(found, 16) < 0.6)
            #expect(meanLength(try base.embed(captions), base.width) > 0.6)
        }
    }

    @Test func heldOutPairsAreFoundThroughTheHead() throws {
        try withRun { folder, train in
            try train()
            let lines = try String(contentsOfFile: folder + "/run/encoder/retrieval.jsonl", encoding: .utf8)
                .split(separator: "\n")
            #expect(lines.count == 20)
        }
    }

    @Test func captionsAreReadOnceARun() throws {
        try withRun { folder, train in
            func readings() throws -> Int {
                try String(contentsOfFile: folder + "/run/log.txt", encoding: .utf8).split(separator: "\n")
                    .count { $0.contains(" encoding ") }
            }
            let kept = folder + "/run/embeddings.safetensors"
            try train()
            #expect(try readings() == 1)
            try train()
            #expect(try readings() == 1)
            // Vectors of other captions are not taken for these.
            var bytes = [UInt8](try Data(contentsOf: URL(filePath: kept)))
            let key = try #require(bytes.firstRange(of: Array("\"key\":\"".utf8)))
            bytes[key.upperBound] = bytes[key.upperBound] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
            try Data(bytes).write(to: URL(filePath: kept))
            try train()
            #expect(try readings() == 2)
        }
    }
}
