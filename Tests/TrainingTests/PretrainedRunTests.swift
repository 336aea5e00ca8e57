import Corpora
import Execution
import FoundationEssentials
import Synthesis
import Testing
import Training

/// A run whose captions a pretrained encoder reads, and the model it makes.
@Suite(.serialized) struct PretrainedRunTests {
    /// The tiny BERT of the encoders' own tests.
    private static let golden =
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        + "/SynthesisTests/Encoders/bert"
    private let device = CPUDevice(threads: 1, precision: .float32)

    private func withRun(_ body: (_ folder: String, _ train: () throws -> Void) throws -> Void) throws {
        let files = FileManager.default
        let folder = files.temporaryDirectory.path + "/limn-pretrained-\(UUID().uuidString)"
        defer { try? files.removeItem(atPath: folder) }
        try ShapesCorpus(seed: 1, side: 16).write(to: folder + "/corpus", count: 60)
        try files.copyItem(atPath: Self.golden, toPath: folder + "/tiny-bert")
        let yaml = """
            data: {side: 16}
            text: {encoder: \(folder)/tiny-bert}
            gan: {generator_width: 4, discriminator_width: 4, noise: 8, batch: 8, images: 16, snapshot_every: 16}
            """
        let recipe = try Recipe(yaml: yaml, named: "tiny")
        try body(folder) {
            let run = try TrainingRun(
                recipe, data: folder + "/corpus", path: folder + "/run", resume: true, device: device)
            #expect(try run.train() == .finished)
        }
    }

    private func paint(_ model: String, encoder: String? = nil) throws -> [UInt8] {
        let painter = try Painter(Model(contentsOf: model), device: device, encoder: encoder)
        return try painter.paint([Commission(prompt: "a red circle", seed: 1)])[0].pixels
    }

    @Test func theModelNamesItsEncoderAndFindsItAgain() throws {
        try withRun { folder, train in
            try train()
            let files = FileManager.default
            let model = folder + "/run/model.safetensors"
            let reference = try #require(try Model(contentsOf: model).configuration.pretrained)
            #expect(reference.name == "tiny-bert")
            // What all captions have in common is taken off, and is not nothing.
            let center = try #require(try Model(contentsOf: model).arrays[Model.centerName])
            #expect(center.shape == [reference.width])
            let corpus = try Corpus(folder: folder + "/corpus", split: "train")
            let vectors = try Model(contentsOf: model).embedder(on: device).embed(Array(corpus.captions))
            let mean = center.values.indices.map { column in
                stride(from: column, to: vectors.count, by: reference.width).reduce(0) { $0 + vectors[$1] }
                    / Float(corpus.captionCount)
            }
            #expect(center.values.reduce(0) { $0 + $1 * $1 } > 0.1)
            #expect(mean.reduce(0) { $0 + $1 * $1 } < 0.1)
            #expect(try !Model(contentsOf: model).arrays.keys.contains { $0.hasPrefix("encoder.") })
            let pixels = try paint(model)

            // Elsewhere it is named, or looked for beside the model.
            try files.moveItem(atPath: folder + "/tiny-bert", toPath: folder + "/moved")
            let gone = #expect(throws: ModelError.self) { try paint(model) }
            #expect(gone?.description.contains("tiny-bert") == true && gone?.description.contains("--encoder") == true)
            #expect(try paint(model, encoder: folder + "/moved") == pixels)
            try files.copyItem(atPath: folder + "/moved", toPath: folder + "/run/tiny-bert")
            #expect(try paint(model) == pixels)

            // Another encoder under the same name is not taken for it.
            let weights = folder + "/run/tiny-bert/model.safetensors"
            var bytes = [UInt8](try Data(contentsOf: URL(filePath: weights)))
            bytes[bytes.count - 1] ^= 1
            try Data(bytes).write(to: URL(filePath: weights))
            let wrong = #expect(throws: ModelError.self) { try paint(model) }
            #expect(wrong?.description.contains("checksum") == true)
        }
    }

    @Test func captionsAreReadOnceARun() throws {
        try withRun { folder, train in
            func readings() throws -> Int {
                try String(contentsOfFile: folder + "/run/log.txt", encoding: .utf8).split(separator: "\n")
                    .count { $0.contains(" reading ") }
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
