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
        let once =
            try recipe.task == .imageToImage
            ? StepProfile.translationStep(
                recipe, data: data, source: source, badFiles: badFiles, followsLinks: followsLinks, device: device)
            : StepProfile.captionedStep(
                recipe, data: data, badFiles: badFiles, followsLinks: followsLinks, device: device, encoder: encoder)
        _ = try once()
        var costs = Costs()
        for _ in 0..<StepProfile.runs {
            for cost in try once() { costs.add(cost) }
        }
        let lines =
            try StepProfile.summary(costs.whole, images: encoder ? recipe.encoder.batch : recipe.gan.batch, device)
            + costs.table("operation", costs.byOperation, limit: .max)
            + costs.table("kernel", costs.byKernel, limit: kernels)
        description = lines.joined(separator: "\n")
    }

    /// The number of steps that are timed, after one that is not.
    private static let runs = 3

    // MARK: Text

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

    /// The kernel calls of all timed steps.
    private struct Costs {
        private(set) var whole = Sum()
        private(set) var byOperation: [String: Sum] = [:]
        /// By operation and shapes.
        private(set) var byKernel: [String: Sum] = [:]

        mutating func add(_ cost: KernelCost) {
            whole.add(cost)
            byOperation[cost.operation, default: Sum()].add(cost)
            byKernel["\(cost.operation) \(cost.shapes)", default: Sum()].add(cost)
        }

        /// The lines of a table of the `limit` slowest rows.
        func table(_ title: String, _ rows: [String: Sum], limit: Int) -> [String] {
            let sorted = rows.sorted { $0.value.seconds > $1.value.seconds }
            let lines = sorted.prefix(limit).map { name, row in
                let columns = [
                    StepProfile.column(row.seconds / Double(StepProfile.runs) * 1000, width: 7, digits: 2),
                    StepProfile.column(row.seconds / whole.seconds * 100, width: 5, digits: 1),
                    StepProfile.column(Double(row.calls / StepProfile.runs), width: 6, digits: 0),
                    StepProfile.column(row.flops / row.seconds / 1e9, width: 8, digits: 1),
                    StepProfile.column(row.bytes / row.seconds / 1e9, width: 6, digits: 1),
                ]
                return "\(columns.joined(separator: " "))  \(name)"
            }
            return ["", "     ms     %  calls  GFLOP/s   GB/s  \(title)"] + lines
        }
    }

    /// The speed of a step of `images` images, and the machine's peak rates.
    private static func summary(_ whole: Sum, images: Int, _ device: any Device) throws -> [String] {
        let peaks = try PeakRates(of: device)
        let (seconds, rate) = (whole.seconds, whole.flops / whole.seconds)
        func giga(_ value: Double) -> String { formatted(value / 1e9, digits: 0) }
        return [
            "\(device.summary): \(formatted(seconds / Double(runs) * 1000, digits: 1)) ms a step of \(images) images, \(formatted(Double(runs * images) / seconds, digits: 1)) img/s",
            "\(giga(rate)) GFLOP/s, \(Int(100 * whole.flops / seconds / peaks.arithmetic)) % of the fastest convolution here (\(giga(peaks.arithmetic)) GFLOP/s); a long loop moves \(giga(peaks.traffic)) GB/s",
        ]
    }

    private static func column(_ value: Double, width: Int, digits: Int) -> String {
        let text = digits == 0 ? "\(Int(value))" : formatted(value, digits: digits)
        return String(repeating: " ", count: max(0, width - text.count)) + text
    }

    // MARK: Steps

    /// A step of image-to-image training.
    private static func translationStep(
        _ recipe: Recipe, data: String, source: String?, badFiles: BadFilePolicy, followsLinks: Bool,
        device: any Device
    ) throws -> () throws -> [KernelCost] {
        let corpora = try TranslationCorpora(
            recipe, data: data, source: source, badFiles: badFiles, followsLinks: followsLinks)
        func store(_ corpus: Corpus) -> ImageStore {
            ImageStore(corpus: corpus, preprocessing: recipe.data.form, badFiles: badFiles)
        }
        let images = try TranslationImages(
            recipe, source: corpora.source.map(store), target: store(corpora.target))
        let batches = try TranslationBatches(images, recipe, excluding: ([], []), firstImage: 0, ranks: device.ranks)
        defer { batches.stop() }
        let batch = try batches.next()
        let trainer = try TranslationTrainer(
            untrained: recipe, captions: corpora.target.captions.count, device: device)
        return { try trainer.profile(batch).flatMap(\.costs) }
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
