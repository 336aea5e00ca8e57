import Checkpoints
import Corpora
import CPUBackend
import Execution
import FoundationEssentials
import Images
import Inference
import Models
import Networks
import RandomStreams
import Tasks
import TestSupport
import Testing
import Training

/// Image-to-image training on drawn shapes.
@Suite(.serialized) struct ImageToImageTests {
    /// The losses of the published methods, with tiny networks.
    enum Method: String, CaseIterable {
        case restoration, pix2pix, cycleGAN, contrastive, text

        var yaml: String {
            let losses =
                switch self {
                case .restoration: "{pairing: paired, degradation: [noise 20-60], adversarial: 0, pixels: 1, decay: 0}"
                case .pix2pix: "{pairing: paired, degradation: [blur 1], pixels: 10, decay: 0}"
                case .cycleGAN: "{cycle: 10, identity: 5, decay: 0}"
                case .contrastive: "{contrastive: 1, identity: 1, decay: 0}"
                case .text: "{contrastive: 1, identity: 1, decay: 0, text: true}"
                }
            return """
                task: image-to-image
                data: {side: 16, mirror: true, vocabulary: 300}
                encoder: {width: 16, layers: 1, heads: 2, length: 16, embedding: 16, image_width: 4, batch: 16, images: 64}
                translator: {width: 4, blocks: 2, halvings: 2, kind: \(self == .restoration ? "unet" : "resnet")}
                discriminator: {kind: patch, width: 4}
                image_to_image: \(losses)
                gan: {batch: 8, images: 48, checkpoint_every: 16, snapshot_every: 48, penalty: 0, loss: least-squares}
                """
        }
    }

    private func withCorpora(_ body: (_ folder: String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            for (name, seed) in [("a", 1), ("b", 2)] as [(String, UInt64)] {
                try ShapesCorpus(seed: seed, side: 16).write(to: "\(folder)/\(name)", count: 60)
            }
            try body(folder)
        }
    }

    @discardableResult
    private func train(
        _ method: Method, _ folder: String, run: String, settings: [String] = [], resume: Bool = false,
        threads: Int = 1, precision: Precision = .float32
    ) throws -> TrainingOutcome {
        let recipe = try Recipe(
            yaml: method.yaml, named: "tiny", settings: settings + ["precision=\(precision.rawValue)"])
        let isUnpaired = recipe.imageToImage.pairing == .unpaired
        return try TrainingRun(
            recipe, data: "\(folder)/b", source: isUnpaired ? "\(folder)/a" : nil, path: "\(folder)/\(run)",
            resume: resume, device: CPUDevice(threads: threads, precision: precision)
        ).train()
    }

    @Test(arguments: Method.allCases) func aResumedRunEqualsTheUninterruptedOne(_ method: Method) throws {
        try withCorpora { folder in
            #expect(try train(method, folder, run: "whole", precision: .bfloat16) == .finished)
            for images in [16, 48] {
                try train(
                    method, folder, run: "parts", settings: ["gan.images=\(images)"], resume: true,
                    precision: .bfloat16)
            }
            let whole = try #require(try TrainingCheckpoint.latest(in: folder + "/whole"))
            let parts = try #require(try TrainingCheckpoint.latest(in: folder + "/parts"))
            #expect(whole.counters == parts.counters)
            #expect(whole.counters.networks.count == (method == .restoration ? 1 : 2))
            #expect(whole.arrays.map(\.name) == parts.arrays.map(\.name))
            for (a, b) in zip(whole.arrays, parts.arrays) { #expect(a.bytes == b.bytes, "\(a.name)") }
        }
    }

    @Test(arguments: Method.allCases) func aRunLeavesAModelThatTranslates(_ method: Method) throws {
        try withCorpora { folder in
            try train(method, folder, run: "run")
            for name in ["fakes-000000048.png", "model.safetensors", "log.txt", "data.json"] {
                #expect(FileManager.default.fileExists(atPath: "\(folder)/run/\(name)"), "\(name)")
            }
            let model = try TranslationModel(contentsOf: "\(folder)/run/model.safetensors")
            #expect(model.configuration.hasReverse == (method == .cycleGAN))
            #expect(model.configuration.degradation.isEmpty == ![.restoration, .pix2pix].contains(method))
            #expect(model.card?.contains("48 images seen") == true)
            #expect(!model.arrays.keys.contains { $0.hasPrefix("heads") })
            for isReverse in method == .cycleGAN ? [false, true] : [false] {
                let translator = try ImageTranslator(model, isReverse: isReverse, device: CPUDevice(threads: 1))
                let image = Image(width: 21, height: 17, color: RGB(200, 30, 30))
                #expect(translator.needsPrompts == (method == .text))
                let result = try translator.translate([image], prompts: method == .text ? ["a red circle"] : [])[0]
                #expect((result.width, result.height) == (21, 17))
            }
        }
    }

    /// Restoration must come nearer to the truth than its source, on images that it was not trained on.
    @Test func restorationLearns() throws {
        try withCorpora { folder in
            try train(
                .restoration, folder, run: "run",
                settings: [
                    "gan.images=9600", "translator.residual=true", "translator.normalization=none",
                    "translator.learning_rate=2e-3", "gan.beta1=0.9", "gan.beta2=0.99", "translator.width=8",
                    "gan.ema_half_life=1",
                ], threads: 2)
            let model = try TranslationModel(contentsOf: "\(folder)/run/model.safetensors")
            var images = TranslationEvaluation.Images(data: "\(folder)/a")
            (images.degradation, images.split) = (["noise 40"], "test")
            let found = try TranslationEvaluation(
                model, on: images, network: nil, badFiles: .fail, followsLinks: false, seed: 3,
                device: CPUDevice(threads: 1)
            ) { _, _ in }
            let psnr = try #require(found.measures.psnr)
            #expect(psnr.result > psnr.source + 3)
            #expect(found.results.count == found.targets.count && found.sources.count == found.targets.count)
            // Source, result and target, four samples per row.
            #expect(found.sheet.width == 12 * 18 - 2)
        }
    }

    /// Every gradient of a step is that of the whole batch, however many threads divide it.
    @Test(arguments: Method.allCases) func gradientsDoNotDependOnThreads(_ method: Method) throws {
        let recipe = try Recipe(yaml: method.yaml, named: "tiny", settings: ["gan.batch=12"])
        var stream = RandomStream(seed: 1, purpose: "images")
        func images() -> [Float] { stream.normals(12 * 16 * 16 * 3).map { max(-1, min(1, $0)) } }
        let captions = (0..<12).map { CaptionReference(example: $0, caption: 0, number: $0) }
        let batch = TranslationBatch(
            source: images(),
            target: Batch(firstImage: 0, images: images(), captions: captions, mismatches: captions))
        let gradients = try [1, 3].map { threads in
            let device = CPUDevice(library: .openBLAS, threads: threads, precision: .float32)
            let condition = recipe.imageToImage.text ? 16 : 0
            let embeddings = (0..<12 * condition).map { Float($0 * 7 % 13) / 13 - 0.5 }
            let trainer = try TranslationTrainer(
                recipe, embeddings: embeddings, condition: condition, frozen: FrozenFeatures(device: device),
                device: device)
            let measured = try trainer.step(batch)
            #expect(!measured.values.contains { !$0.isFinite })
            return (trainer.generator.gradient.values, trainer.discriminator?.gradient.values ?? [])
        }
        func difference(_ a: [Float], _ b: [Float]) -> Float {
            let length = a.reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(length > 0 || a.isEmpty)
            return a.isEmpty ? 0 : (zip(a, b).map { abs($0 - $1) }.max() ?? 0) / length
        }
        #expect(difference(gradients[0].1, gradients[1].1) < 1e-4)
        // The generator's is taken through a discriminator that has made a step of Adam, which is near its sign.
        #expect(difference(gradients[0].0, gradients[1].0) < (method == .restoration ? 1e-4 : 2e-3))
    }

    @Test func learningRatesDecreaseAtTheEnd() throws {
        try withCorpora { folder in
            try train(.restoration, folder, run: "run", settings: ["image_to_image.decay=0.5", "gan.images=800"])
            struct Row: Decodable {
                let rate: Double
                enum CodingKeys: String, CodingKey { case rate = "generator.learning_rate" }
            }
            let text = try String(contentsOfFile: "\(folder)/run/stats.jsonl", encoding: .utf8)
            let last = try #require(text.split(separator: "\n").last)
            let rate = try JSONDecoder().decode(Row.self, from: Data(last.utf8)).rate
            // The last row is the mean over the second half: from 1 in steps of 1/50 down to 1/50.
            #expect(abs(rate - 2e-4 * 0.51) < 1e-9)
        }
    }

    @Test func pairsOfFoldersAreReadByName() throws {
        try withCorpora { folder in
            let paired = ["image_to_image.degradation=[]"]
            let recipe = try Recipe(yaml: Method.pix2pix.yaml, named: "tiny", settings: paired)
            let outcome = try TrainingRun(
                recipe, data: "\(folder)/b", source: "\(folder)/a", path: "\(folder)/run", resume: false,
                device: CPUDevice(threads: 1)
            ).train()
            #expect(outcome == .finished)
            #expect(try DataRecord.folder(ofRun: "\(folder)/run", .source) == "\(folder)/a")
            let log = try String(contentsOfFile: "\(folder)/run/log.txt", encoding: .utf8)
            #expect(log.contains("sources in \(folder)/a"))
        }
    }

    @Test func whatCannotBeTrainedIsRefusedByKey() throws {
        let cases: [(Method, [String], String)] = [
            (.restoration, ["image_to_image.pixels=0"], "image_to_image.pixels"),
            (.restoration, ["image_to_image.cycle=1"], "image_to_image.cycle"),
            (.restoration, ["image_to_image.source=a"], "image_to_image.source"),
            (.restoration, ["image_to_image.degradation=rain 3"], "image_to_image.degradation"),
            (.pix2pix, ["image_to_image.features=1"], "image_to_image.features"),
            (.cycleGAN, ["image_to_image.pixels=1"], "image_to_image.pixels"),
            (.cycleGAN, ["image_to_image.adversarial=0"], "image_to_image.adversarial"),
            (.cycleGAN, ["image_to_image.cycle=0"], "image_to_image.contrastive"),
            (.cycleGAN, ["image_to_image.degradation=noise 3"], "image_to_image.degradation"),
            (.cycleGAN, ["image_to_image.source=a"], "image_to_image.target"),
            (.cycleGAN, ["image_to_image.source=a", "image_to_image.target=a"], "image_to_image.target"),
            (.cycleGAN, ["image_to_image.text=true"], "image_to_image.text"),
            (.cycleGAN, ["image_to_image.decay=2"], "image_to_image.decay"),
            (.cycleGAN, ["translator.halvings=3"], "translator.halvings"),
            (.cycleGAN, ["translator.width=3"], "translator.width"),
            (.cycleGAN, ["gan.contrastive=1"], "gan.contrastive"),
            (.cycleGAN, ["gan.diversity=1", "discriminator.kind=features"], "gan.diversity"),
            (.cycleGAN, ["gan.reconstruction=1", "gan.interpolation=0"], "gan.reconstruction"),
            (.cycleGAN, ["evaluate.judge=judge.safetensors"], "evaluate.judge"),
            (.cycleGAN, ["from=models/flowers-64.safetensors"], "from"),
        ]
        for (method, settings, key) in cases {
            let error = #expect(throws: ConfigurationError.self) {
                _ = try Recipe(yaml: method.yaml, named: "tiny", settings: settings)
            }
            #expect(error?.key == key, "\(settings)")
        }
    }

    /// Targets of one class would have no negatives if their class counted.
    @Test func textIsLearnedFromTargetsOfOneClass() throws {
        try withCorpora { folder in
            var lines: [String] = []
            for kind in ["a", "b"] {
                let rows = try String(contentsOfFile: "\(folder)/\(kind)/metadata.jsonl", encoding: .utf8)
                lines += rows.split(separator: "\n").map {
                    String($0).replacing("\"class\"", with: "\"shapes\"")
                        .replacing("\"file_name\":\"", with: "\"class\":\"\(kind)\",\"file_name\":\"\(kind)/")
                }
            }
            try put(lines.joined(separator: "\n"), "\(folder)/metadata.jsonl")
            let recipe = try Recipe(
                yaml: Method.text.yaml, named: "tiny",
                settings: ["image_to_image.source=a", "image_to_image.target=b", "data.hold_out=0.3", "gan.images=8"])
            _ = try TrainingRun(
                recipe, data: folder, path: "\(folder)/run", resume: false, device: CPUDevice(threads: 1)
            ).train()
            let log = try String(contentsOfFile: "\(folder)/run/encoder/log.txt", encoding: .utf8)
            #expect(log.contains("validation pairs, each against") && !log.contains("against 0 others"), "\(log)")
        }
    }

    @Test func sourcesThatNobodyNamesAreAskedFor() throws {
        try withCorpora { folder in
            let recipe = try Recipe(yaml: Method.contrastive.yaml, named: "tiny")
            let error = #expect(throws: ConfigurationError.self) {
                _ = try TrainingRun(
                    recipe, data: "\(folder)/b", path: "\(folder)/run", resume: false, device: CPUDevice(threads: 1)
                ).train()
            }
            #expect(error?.key == "image_to_image.source")
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/run"))
        }
    }

    /// Images that may have been trained on are not measured, and a message says so if there is nothing to measure.
    @Test func imagesThatCannotBeMeasuredAreNamed() throws {
        try withCorpora { folder in
            let model = TranslationModel(
                configuration: .init(name: "tiny", translator: TranslatorConfiguration(), side: 16),
                arrays: NetworkArrays())
            func complaint(split: String) throws -> String? {
                var images = TranslationEvaluation.Images(data: "\(folder)/b")
                (images.source, images.split) = ("\(folder)/a", split)
                let error = #expect(throws: CorpusError.self) {
                    try TranslationEvaluation(
                        model, on: images, network: nil, badFiles: .skip, followsLinks: false, seed: 3,
                        device: CPUDevice(threads: 1)
                    ) { _, _ in }
                }
                return error?.description
            }
            let rows = try String(contentsOfFile: "\(folder)/a/metadata.jsonl", encoding: .utf8)
            try put(rows.replacing("\"split\"", with: "\"part\""), "\(folder)/a/metadata.jsonl")
            #expect(try complaint(split: "test")?.hasPrefix("\(folder)/a: has no split \"test\"") == true)
            for path in try Corpus(folder: "\(folder)/a", split: nil).examples.map(\.path) {
                try put("no image", "\(folder)/a/\(path)")
            }
            #expect(try complaint(split: "")?.contains("images cannot be decoded") == true)
        }
    }

    @Test func aListKeepsItsItems() throws {
        let recipe = try Recipe(
            yaml: Method.restoration.yaml, named: "tiny",
            settings: ["image_to_image.degradation=[noise 5, haze 1 or underwater 3]"])
        #expect(recipe.imageToImage.degradation == ["noise 5", "haze 1 or underwater 3"])
        let again = try Recipe(yaml: recipe.yaml(), named: "again")
        #expect(again == recipe)
    }
}
