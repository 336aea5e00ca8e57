import Corpora
import CPUBackend
import Execution
import Glibc
import TestSupport
import Testing

import Tasks
import Training

/// However many threads divide a batch, the gradient is that of the whole.
@Suite struct ShardGradientTests {
    /// A batch of a corpus of shapes, the same for every thread count.
    private func withBatch(_ size: Int, _ body: (Corpus, Batch) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try ShapesCorpus(seed: 5, side: 16).write(to: folder, count: 60)
            let corpus = try Corpus(folder: folder, split: nil)
            let imageStore = ImageStore(corpus: corpus, preprocessing: ImagePreprocessing(side: 16))
            let sampler = try PairSampler(corpus: corpus, seed: 1, flips: false)
            try body(corpus, Batch(images: imageStore, sampler: sampler, firstImage: 0, size: size))
        }
    }

    private func device(_ threads: Int) -> CPUDevice {
        CPUDevice(library: .openBLAS, threads: threads, precision: .float32)
    }

    /// The largest difference of two gradients against the length of the first.
    private func difference(_ a: [Float], _ b: [Float]) -> Float {
        let length = a.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return (zip(a, b).map { abs($0 - $1) }.max() ?? 0) / length
    }

    @Test func ofBothPhases() throws {
        var recipe = Recipe()
        recipe.data.side = 16
        recipe.generator.width = 4
        recipe.generator.noise = 8
        recipe.discriminator.width = 4
        recipe.gan.batch = 12
        try withBatch(12) { corpus, batch in
            let embeddings = (0..<corpus.captionCount * 8).map { Float($0 % 7) / 7 - 0.4 }
            let gradients = try [1, 2, 3].map { threads in
                #expect(device(threads).shardCount(forBatch: 12) == threads)
                let trainer = try GANTrainer(recipe, embeddings: embeddings, condition: 8, device: device(threads))
                _ = try trainer.step(batch)
                return (trainer.generator.gradient.values, trainer.discriminator.gradient.values)
            }
            for other in gradients.dropFirst() {
                // The generator's is taken through a discriminator that has made a step of Adam, which is near its sign.
                #expect(difference(gradients[0].0, other.0) < 1e-3)
                #expect(difference(gradients[0].1, other.1) < 1e-4)
            }
        }
    }

    @Test(arguments: [("built-in", 0), ("built-in", 2), (goldenBERT, 0)] as [(String, Float)])
    func ofTheContrastiveLoss(_ encoder: String, classLoss: Float) throws {
        var recipe = Recipe()
        recipe.data.side = 16
        recipe.encoder.classLoss = classLoss
        recipe.data.vocabulary = 300
        recipe.text = TextRecipe(encoder: encoder)
        (recipe.encoder.width, recipe.encoder.heads, recipe.encoder.layers) = (16, 2, 1)
        (recipe.encoder.length, recipe.encoder.embedding, recipe.encoder.imageWidth) = (16, 8, 4)
        recipe.encoder.batch = 12
        try withBatch(12) { corpus, batch in
            let captions = Array(corpus.captions)
            let tower = try TextTower(recipe, captions: captions) { encoder in
                (0..<captions.count * encoder.width).map { Float(($0 * $0) % 11) / 11 - 0.4 }
            }
            let images = try ImageTower(recipe) { .placeholder(recipe.encoder, $0.network) }
            let gradients = try [1, 2, 3].map { threads in
                let trainer = try ContrastiveTrainer(
                    recipe, corpus: corpus, tower: tower, images: images, device: device(threads))
                let norm = try #require(try trainer.step(batch)["gradient_norm"])
                // What is left in the buffer may have been cut to length 1.
                return trainer.pair.gradient.values.map { $0 * Float(max(1, norm)) }
            }
            #expect(gradients[0].contains { $0 != 0 })
            for other in gradients.dropFirst() { #expect(difference(gradients[0], other) < 1e-4) }
        }
    }

    /// The gradient of all parameters, against the difference of the losses a little along it; and what a classifier that knows
    /// nothing loses.
    @Test(arguments: [0, 3]) func isTheSlopeOfTheLoss(_ classLoss: Float) throws {
        var recipe = Recipe()
        recipe.data.side = 16
        recipe.data.vocabulary = 300
        recipe.encoder.classLoss = classLoss
        (recipe.encoder.width, recipe.encoder.heads, recipe.encoder.layers) = (16, 2, 1)
        (recipe.encoder.embedding, recipe.encoder.imageWidth, recipe.encoder.batch) = (8, 4, 12)
        try withBatch(12) { corpus, batch in
            let tower = try TextTower(recipe, captions: Array(corpus.captions)) { _ in [] }
            let images = try ImageTower(recipe) { .placeholder(recipe.encoder, $0.network) }
            func step(_ change: (_ path: String, _ place: Int, _ value: Float) -> Float) throws -> (
                measurements: Measurements, gradient: [Float], isComplete: Bool
            ) {
                let trainer = try ContrastiveTrainer(
                    recipe, corpus: corpus, tower: tower, images: images, device: device(2))
                var place = 0
                for entry in trainer.pair.store.entries {
                    let slice = trainer.pair.store.slice(entry, of: trainer.pair.parameters)
                    slice.values = slice.values.map { value in
                        defer { place += 1 }
                        return change(entry.path, place, value)
                    }
                }
                trainer.pair.parametersChanged()
                let measurements = try trainer.step(batch)
                // It may have been clipped to length 1.
                let factor = Float(max(1, measurements["gradient_norm"] ?? .nan))
                let gradients = trainer.pair.store.entries.map {
                    trainer.pair.store.slice($0, of: trainer.pair.gradient).values.map { $0 * factor }
                }
                return (measurements, gradients.flatMap { $0 }, gradients.allSatisfy { $0.contains { $0 != 0 } })
            }
            let (_, gradient, isComplete) = try step { $2 }
            #expect(isComplete)
            let square = gradient.reduce(0) { $0 + Double($1 * $1) }
            let length: Float = 0.001 / Float(square.squareRoot())
            let (up, down) = (
                try step { $2 + length * gradient[$1] }.measurements,
                try step { $2 - length * gradient[$1] }.measurements
            )
            let slope = try #require(up["loss"]) - #require(down["loss"])
            #expect(abs(slope / Double(2 * length) / square - 1) < 0.01)

            let found = try step { path, _, value in path == "classifier" ? 0 : value }.measurements
            let isTrained = classLoss > 0
            #expect((found["loss.class"] != nil) == isTrained)
            guard isTrained else { return }
            let ignorant = log(Double(corpus.classes.count))
            let own = try #require(found["loss.class"])
            #expect(abs(own - ignorant) < 1e-5)
            // The rest is the loss of pairs, which the classifier does not change.
            let other = try step { path, _, value in path == "classifier" ? 2 * value : value }.measurements
            let rest = try [found, other].map { try #require($0["loss"]) - 3 * #require($0["loss.class"]) }
            #expect(abs(rest[0] - rest[1]) < 1e-5 && other["loss.class"] != own)
        }
    }

    /// Images that are nearly the same are no negatives: of a batch of one image nothing is left to tell apart.
    @Test func nearlyEqualImagesAreNoMismatches() throws {
        var recipe = Recipe()
        recipe.data.side = 16
        recipe.data.vocabulary = 300
        (recipe.encoder.width, recipe.encoder.heads, recipe.encoder.layers) = (16, 2, 1)
        (recipe.encoder.embedding, recipe.encoder.imageWidth, recipe.encoder.batch) = (8, 4, 12)
        try withBatch(12) { corpus, batch in
            let tower = try TextTower(recipe, captions: Array(corpus.captions)) { _ in [] }
            let images = try ImageTower(recipe) { .placeholder(recipe.encoder, $0.network) }
            func loss(_ pixels: [Float]) throws -> Double {
                let trainer = try ContrastiveTrainer(
                    recipe, corpus: corpus, tower: tower, images: images, device: device(1))
                let same = Batch(
                    firstImage: 0, images: pixels, captions: batch.captions, mismatches: batch.mismatches)
                return try #require(try trainer.step(same)["loss"])
            }
            let first = batch.images[..<(16 * 16 * 3)]
            let blurred = (0..<12).flatMap { place in first.map { $0 * (1 - 0.002 * Float(place)) } }
            #expect(try loss(blurred) < 1e-6)
            #expect(try loss(batch.images) > 0.5)
        }
    }
}
