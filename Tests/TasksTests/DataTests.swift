import Corpora
import CPUBackend
import Execution
import FoundationEssentials
import TestSupport
import Testing
import Tasks
import Training

/// What a run is trained on: its record, its cache, and images that turn out bad.
@Suite(.serialized) struct DataTests {
    private static let yaml = """
        data: {side: 16, vocabulary: 300, hold_out: 0.2}
        encoder: {width: 16, layers: 1, heads: 2, length: 16, embedding: 16, image_width: 4, batch: 16, images: 64}
        generator: {width: 4, noise: 8}
        discriminator: {width: 4}
        gan: {batch: 8, images: 80, checkpoint_every: 24, snapshot_every: 80}
        """

    private func train(
        _ path: String, _ corpus: String, _ settings: String..., images: Int = 80, badFiles: BadFilePolicy = .limited
    ) throws {
        let recipe = try Recipe(
            yaml: Self.yaml, named: "tiny", settings: settings + ["gan.images=\(images)", "data.split="])
        let device = CPUDevice(threads: 1, precision: .float32)
        let run = TrainingRun(recipe, data: corpus, path: path, badFiles: badFiles, resume: true, device: device)
        #expect(try run.train() == .finished)
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    private func change(_ path: String, _ from: String, _ to: String) throws {
        let before = try text(path)
        let after = before.replacingOccurrences(of: from, with: to)
        try #require(after != before)
        try Data(after.utf8).write(to: URL(filePath: path))
    }

    @Test func aRunGoesOnWithTheDataItBeganWithAndNoOther() throws {
        try withCorpus { folder, corpus in
            let (run, metadata) = (folder + "/run", corpus + "/metadata.jsonl")
            try train(run, corpus, images: 24)
            #expect(try text(run + "/data.json").contains(#""images" : 200"#))
            let good = try text(metadata)

            let lines = good.split(separator: "\n")
            for (changed, words) in [
                (lines.dropLast().joined(separator: "\n"), "200 images before, 199 now"),
                (lines.reversed().joined(separator: "\n"), "other images or another order of them"),
                (good.replacingOccurrences(of: "circle", with: "disc"), "other captions; resume with"),
                (good.replacingOccurrences(of: #""class":"red"#, with: #""class":"ruby"#), "other classes"),
            ] {
                try Data(changed.utf8).write(to: URL(filePath: metadata))
                let text = message { try train(run, corpus) }
                #expect(text.contains(words) && text.contains("\(run)/data.json"), "\(text)")
                #expect(!text.contains("\n"))
            }
            // Elsewhere, and the same: that is no change.
            try Data(good.utf8).write(to: URL(filePath: metadata))
            try FileManager.default.moveItem(atPath: corpus, toPath: folder + "/moved")
            try train(run, folder + "/moved")
        }
    }

    @Test func aRunOfBeforeTakesUpARecord() throws {
        try withCorpus { folder, corpus in
            let run = folder + "/run"
            try train(run, corpus, images: 24)
            let record = try text(run + "/data.json")
            try FileManager.default.removeItem(atPath: run + "/data.json")
            try train(run, corpus)
            #expect(try text(run + "/data.json") == record)
            try Data("{".utf8).write(to: URL(filePath: run + "/data.json"))
            #expect(message { try train(run, corpus) }.contains("data.json is damaged"))
        }
    }

    @Test func badImagesAreReplacedCountedAndSummed() throws {
        try withCorpus { folder, corpus in
            let paths = try Corpus(folder: corpus, split: nil).examples.map(\.path)
            for index in [3, 77] { try Data("no image".utf8).write(to: URL(filePath: "\(corpus)/\(paths[index])")) }
            try train(folder + "/run", corpus)
            let log = try text(folder + "/run/log.txt")
            #expect(log.hasSuffix("Z 2 skipped: 2 unreadable-image\n"))
            #expect(log.contains("\(paths[3]): not an image in a known format"))
            // The same again, whoever was first to find them.
            try train(folder + "/again", corpus)
            for file in ["model.safetensors", "encoder/encoder.safetensors", "reals.png"] {
                let runs = try ["run", "again"].map { try Data(contentsOf: URL(filePath: "\(folder)/\($0)/\(file)")) }
                #expect(runs[0] == runs[1], "\(file)")
            }

            #expect(message { try train(folder + "/strict", corpus, badFiles: .fail) }.contains("(1 of 200"))
            try Data().write(to: URL(filePath: "\(corpus)/\(paths[150])"))
            #expect(message { try train(folder + "/few", corpus) }.contains("(3 of 200"))
            #expect(try text(folder + "/few/log.txt").hasSuffix("3 skipped: 3 unreadable-image\n"))
            try train(folder + "/skip", corpus, badFiles: .skip)
            // A run that has trained nothing, here because its first batch is bad, may start again once the folder is mended.
            for path in paths[50...] { try Data().write(to: URL(filePath: "\(corpus)/\(path)")) }
            #expect(message { try train(folder + "/bad", corpus) }.contains("cannot be decoded"))
            try ShapesCorpus(seed: 1, side: 16).write(to: folder + "/mended", count: 199)
            try train(folder + "/bad", folder + "/mended")
        }
    }

    /// The cache of decoded images, whatever happens to it, does not affect the trained model.
    @Test func aCacheThatFailsIsToldAndChangesNothing() throws {
        try withCorpus { folder, corpus in
            func trained(_ run: String) throws -> Data {
                try Data(contentsOf: URL(filePath: "\(folder)/\(run)/model.safetensors"))
            }
            try train(folder + "/whole", corpus)
            let damages: [(name: String, notice: String, damage: (String) throws -> Void)] = [
                ("gone", "", { try FileManager.default.removeItem(atPath: $0) }),
                ("garbage", "it is rebuilt", { try Data(repeating: 7, count: 9999).write(to: URL(filePath: $0)) }),
                (
                    "folder", "are kept in memory",
                    {
                        try FileManager.default.removeItem(atPath: $0)
                        try FileManager.default.createDirectory(atPath: $0, withIntermediateDirectories: false)
                    }
                ),
            ]
            for (name, notice, damage) in damages {
                let run = folder + "/" + name
                try train(run, corpus, images: 40)
                let before = try text(run + "/log.txt")
                try damage(run + "/images.cache")
                try train(run, corpus)
                let said = try text(run + "/log.txt").dropFirst(before.count).split(separator: "\n")
                #expect(said.count { $0.contains("images.cache") } == (notice.isEmpty ? 0 : 1), "\(said)")
                #expect(notice.isEmpty || said.contains { $0.contains(notice) }, "\(said)")
                #expect(try trained(name) == trained("whole"), "\(name)")
            }
        }
    }

    @Test func rowsTellWhatPartOfTheTimeWasWaiting() throws {
        try withCorpus { folder, corpus in
            try train(folder + "/run", corpus, images: 400)
            #expect(try text(folder + "/run/stats.jsonl").contains(#""data_wait": 0."#))
            #expect(try text(folder + "/run/log.txt").contains("waited for data "))
            #expect(FileManager.default.fileExists(atPath: folder + "/run/images.cache"))
        }
    }

    @Test(arguments: ["data.crop=random", "data.aspect=pad", "data.aspect=stretch"])
    func trainsOnOtherFormsOfImages(setting: String) throws {
        try withCorpus { folder, corpus in
            try train(folder + "/run", corpus, setting)
            try train(folder + "/parts", corpus, setting, images: 40)
            try train(folder + "/parts", corpus, setting)
            let models = try ["run", "parts"].map {
                try Data(contentsOf: URL(filePath: "\(folder)/\($0)/snapshot-000000080.safetensors"))
            }
            #expect(models[0] == models[1])
        }
    }
}
