import Basics
import Corpora
import Execution
import Networks
import Tokenizers

/// The time of a training step by operation, kernel and shape, beside the machine's peak rates.
public struct StepProfile: CustomStringConvertible {
    /// A table.
    public let description: String

    /// Runs a few steps of a stage of the recipe on a corpus and times every kernel call; nothing is updated.
    /// - Parameters:
    ///   - source: the folder of the sources of image to image, if they are not in `data`.
    ///   - encoder: the contrastive stage rather than the adversarial one.
    ///   - kernels: how many kernels to list, the slowest first.
    /// - Throws: errors of one line (`ClassifiedError`) of the recipe, the corpus, networks and the device: `ConfigurationError`,
    ///   `CorpusError`, `ModelError`, `ExecutionError` and others.
    public init(
        _ recipe: Recipe, data: String, source: String? = nil, badFiles: BadFilePolicy = .limited,
        followsLinks: Bool = false, device: any Device, encoder: Bool, kernels: Int
    ) throws {
        guard !encoder || recipe.task != .imageToImage else {
            throw ConfigurationError(
                key: "task", problem: "is image-to-image; profile its text encoder with --set task=contrastive")
        }
        let size = encoder ? recipe.encoder.batch : recipe.gan.batch
        let once: () throws -> [KernelCost]
        if recipe.task == .imageToImage {
            let corpora = try TranslationCorpora(
                recipe, data: data, source: source, badFiles: badFiles, followsLinks: followsLinks)
            func store(_ corpus: Corpus) -> ImageStore {
                ImageStore(corpus: corpus, preprocessing: recipe.data.form, badFiles: badFiles)
            }
            let images = try TranslationImages(
                recipe, source: corpora.source.map(store), target: store(corpora.target))
            let batches = try TranslationBatches(
                images, recipe, excluding: ([], []), firstImage: 0, ranks: device.ranks)
            defer { batches.stop() }
            let batch = try batches.next()
            let trainer = try TranslationTrainer(
                untrained: recipe, captions: corpora.target.captions.count, device: device)
            once = { try trainer.profile(batch).flatMap(\.costs) }
        } else {
            once = try StepProfile.captionedStep(
                recipe, data: data, badFiles: badFiles, followsLinks: followsLinks, device: device, encoder: encoder)
        }
        _ = try once()
        var byKernel: [String: Sum] = [:]
        var byOperation: [String: Sum] = [:]
        var whole = Sum()
        let runs = 3
        for _ in 0..<runs {
            for cost in try once() {
                byKernel["\(cost.operation) \(cost.shapes)", default: Sum()].add(cost)
                byOperation[cost.operation, default: Sum()].add(cost)
                whole.add(cost)
            }
        }
        let (total, flops) = (whole.seconds, whole.flops)
        let peaks = try PeakRates(of: device)
        func giga(_ value: Double) -> String { formatted(value / 1e9, digits: 0) }
        var lines = [
            "\(device.summary): \(formatted(total / Double(runs) * 1000, digits: 1)) ms a step of \(size) images, \(formatted(Double(runs * size) / total, digits: 1)) img/s",
            "\(giga(flops / total)) GFLOP/s, \(Int(100 * flops / total / peaks.arithmetic)) % of the fastest convolution here (\(giga(peaks.arithmetic)) GFLOP/s); a long loop moves \(giga(peaks.traffic)) GB/s",
        ]
        func table(_ title: String, _ rows: [String: Sum], limit: Int) {
            lines += ["", "     ms     %  calls  GFLOP/s   GB/s  \(title)"]
            for (name, row) in rows.sorted(by: { $0.value.seconds > $1.value.seconds }).prefix(limit) {
                let columns = [
                    (row.seconds / Double(runs) * 1000, 7, 2), (row.seconds / total * 100, 5, 1),
                    (Double(row.calls / runs), 6, 0),
                    (row.flops / row.seconds / 1e9, 8, 1), (row.bytes / row.seconds / 1e9, 6, 1),
                ]
                lines.append(
                    columns.map { StepProfile.column($0.0, width: $0.1, digits: $0.2) }.joined(separator: " ") + "  "
                        + name)
            }
        }
        table("operation", byOperation, limit: .max)
        table("kernel", byKernel, limit: kernels)
        description = lines.joined(separator: "\n")
    }

    /// Calls of one kind, added up.
    private struct Sum {
        var calls = 0
        var seconds = 0.0, flops = 0.0, bytes = 0.0

        mutating func add(_ cost: KernelCost) {
            calls += 1
            seconds += cost.seconds
            flops += cost.flops
            bytes += cost.bytes
        }
    }

    private static func column(_ value: Double, width: Int, digits: Int) -> String {
        let text = digits == 0 ? "\(Int(value))" : formatted(value, digits: digits)
        return String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// A step of the encoder stage or of text-to-image training.
    private static func captionedStep(
        _ recipe: Recipe, data: String, badFiles: BadFilePolicy, followsLinks: Bool, device: any Device, encoder: Bool
    ) throws -> () throws -> [KernelCost] {
        let corpus = try recipe.data.corpus(in: data, badFiles: badFiles, followsLinks: followsLinks)
        let imageStore = ImageStore(corpus: corpus, preprocessing: recipe.data.form, badFiles: badFiles)
        let sampler = try PairSampler(corpus: imageStore.corpus, seed: recipe.seed, flips: recipe.data.mirror)
        let size = encoder ? recipe.encoder.batch : recipe.gan.batch
        let batch = try Batch(images: imageStore, sampler: sampler, firstImage: 0, size: size)
        if encoder {
            // The cost of a step does not depend on the vectors' values.
            let captions = Array(imageStore.corpus.captions)
            let tower = try TextTower(recipe, captions: captions) {
                [Float](repeating: 0, count: captions.count * $0.width)
            }
            let images = try ImageTower(recipe) { .placeholder(recipe.encoder, $0.network) }
            let trainer = try ContrastiveTrainer(
                recipe, corpus: imageStore.corpus, tower: tower, images: images, device: device)
            return { try trainer.profile(batch) }
        } else {
            let width = try recipe.sentenceWidth()
            let embeddings = [Float](
                repeating: 1 / Float(width).squareRoot(), count: imageStore.corpus.captions.count * width)
            let trainer = try GANTrainer(
                untrained: recipe, embeddings: embeddings, condition: width, device: device)
            return { try trainer.profile(batch).flatMap(\.costs) }
        }
    }
}
