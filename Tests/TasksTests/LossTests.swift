import Corpora
import CPUBackend
import Execution
import Glibc
import Graphs
import Layers
import Networks
import Testing
import Tasks
import Training

/// Losses of one step, whose batch is divided among threads and whose logits come of several heads, against plain sums
/// over the whole batch's logits.
@Suite(.serialized) struct LossTests {
    /// One program of both networks on the whole batch, with nothing shared or passed on: logits by head and the images.
    private struct BatchLogits {
        var real: [[Double]] = []
        var mismatch: [[Double]] = []
        var fake: [[Double]] = []
        var images: [Float] = []
        /// What the image encoder reads of the generated images.
        var vectors: [Float] = []
        /// Means over positions of the feature maps of the generated images, one map per head, [images × channels].
        var means: [[Float]] = []

        /// - Parameters:
        ///   - inputs: of the trainer's step.
        ///   - images: those to judge; nil generates them.
        init(_ gan: TinyGAN, _ inputs: [String: HostArray], images given: [Float]? = nil) throws {
            let (size, side, width) = (TinyGAN.size, gan.recipe.data.side, TinyGAN.condition)
            let graph = Graph()
            let generator = Generator(
                ParameterScope(graph, gan.trainer.generator.store) / "generator", gan.trainer.generatorSizes)
            let condition = TextEmbedding(graph.input("condition", [size, width]))
            let shape: Shape = [size, side, side, 3]
            let images =
                given == nil
                ? generator(noise: graph.input("noise", [size, gan.recipe.generator.noise]), text: condition)
                : ImageBatch(graph.input("images", shape))
            let discriminator = gan.discriminator(graph)
            func logits(_ features: ImageFeatures, _ text: TextEmbedding) -> [Tensor] {
                discriminator.logits(of: discriminator.states(of: features), given: text).map(\.tensor)
            }
            let real = discriminator.features(of: ImageBatch(graph.input("real", shape)))
            let fake = discriminator.features(of: images)
            func sentences(_ name: String) -> TextEmbedding { TextEmbedding(graph.input(name, [size, width])) }
            var results = ["images": images.tensor]
            results["vectors"] = fake.frozen?.vectors(width: gan.head.configuration.inputs)
            for (map, values) in fake.maps.enumerated() { results["means \(map)"] = values.mean(along: [1, 2]) }
            let kinds = [
                ("real", logits(real, sentences("text"))), ("mismatch", logits(real, sentences("mismatch"))),
                ("fake", logits(fake, condition)),
            ]
            for (kind, heads) in kinds {
                for (head, tensor) in heads.enumerated() { results["\(kind) \(head)"] = tensor }
            }
            var inputs = inputs
            inputs["images"] = .floats(given ?? [])
            let found = try gan.device.compile(Outputs(results: results), parameters: gan.parameters).run(inputs)
            func values(_ kind: String) -> [[Double]] {
                (0..<kinds[0].1.count).map { found["\(kind) \($0)"].map(Double.init) }
            }
            (self.real, self.mismatch, self.fake) = (values("real"), values("mismatch"), values("fake"))
            means = fake.maps.indices.map { found["means \($0)"] }
            (self.images, vectors) = (found["images"], found.names.contains("vectors") ? found["vectors"] : [])
        }
    }

    /// A loss of one head as sums over its logits, and its derivative by a constant added to all of them and by a factor
    /// of all of them.
    private struct Terms {
        var real = 0.0, mismatch = 0.0, fake = 0.0, generator = 0.0
        var byOffset = 0.0, byFactor = 0.0

        init(_ loss: AdversarialLoss, _ logits: BatchLogits, head: Int, mismatchWeight w: Double) {
            let (r, m, f) = (logits.real[head], logits.mismatch[head], logits.fake[head])
            let count = Double(r.count)
            func softplus(_ x: Double) -> Double { log1p(exp(x)) }
            func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
            for i in r.indices {
                /// Derivatives by the three logits.
                let slopes: (Double, Double, Double)
                switch loss {
                case .hinge:
                    real += max(0, 1 - r[i]) / count
                    mismatch += w * max(0, 1 + m[i]) / count
                    fake += (1 - w) * max(0, 1 + f[i]) / count
                    generator -= f[i] / count
                    slopes = (r[i] < 1 ? -1 : 0, m[i] > -1 ? w : 0, f[i] > -1 ? 1 - w : 0)
                case .crossEntropy:
                    real += softplus(-r[i]) / count
                    mismatch += w * softplus(m[i]) / count
                    fake += (1 - w) * softplus(f[i]) / count
                    generator += softplus(-f[i]) / count
                    slopes = (-sigmoid(-r[i]), w * sigmoid(m[i]), (1 - w) * sigmoid(f[i]))
                case .leastSquares:
                    real += (1 - r[i]) * (1 - r[i]) / count
                    mismatch += w * m[i] * m[i] / count
                    fake += (1 - w) * f[i] * f[i] / count
                    generator += (1 - f[i]) * (1 - f[i]) / count
                    slopes = (-2 * (1 - r[i]), 2 * w * m[i], 2 * (1 - w) * f[i])
                case .relativistic:
                    mismatch += w * softplus(m[i] - r[i]) / count
                    fake += softplus(f[i] - r[i]) / count
                    generator += softplus(r[i] - f[i]) / count
                    let (sm, sf) = (w * sigmoid(m[i] - r[i]), sigmoid(f[i] - r[i]))
                    slopes = (-sm - sf, sm, sf)
                }
                byOffset += (slopes.0 + slopes.1 + slopes.2) / count
                byFactor += (slopes.0 * r[i] + slopes.1 * m[i] + slopes.2 * f[i]) / count
            }
        }
    }

    private func near(_ a: Double?, _ b: Double, _ tolerance: Double = 2e-5) -> Bool {
        abs((a ?? .nan) - b) <= tolerance * max(1, abs(b))
    }

    /// As networks begin, all logits lie on one side of their hinges; here they are spread over both.
    private func spreadLogits(_ gan: TinyGAN) {
        let (store, values) = (gan.trainer.discriminator.store, gan.trainer.discriminator.parameters)
        var heads = 0
        for entry in store.entries where entry.path.contains("logit.") && !entry.isSpectrallyNormalized {
            if entry.path.hasSuffix("bias") {
                values.write([[1.2, -1.1, 0.4, -0.3][heads % 4]], at: entry.offset)
                heads += 1
            } else {
                let slice = store.slice(entry, of: values)
                slice.values = slice.values.map { 30 * $0 }
            }
        }
    }

    /// With a gradient penalty real and generated images are judged apart, without one in one batch.
    @Test(arguments: AdversarialLoss.allCases, [DiscriminatorKind.dfGAN, .ganCLS, .features])
    func lossesAreThoseOfTheWholeBatchAndAllHeads(_ loss: AdversarialLoss, _ kind: DiscriminatorKind) throws {
        for penalty: Float in [0, 0.1] { try check(loss, kind, penalty: penalty) }
    }

    private func check(_ loss: AdversarialLoss, _ kind: DiscriminatorKind, penalty: Float) throws {
        let gan = try TinyGAN(kind, threads: 2) {
            $0.gan.loss = loss
            $0.gan.mismatchWeight = 0.3
            $0.gan.penalty = penalty
        }
        #expect(gan.device.shardCount(forBatch: TinyGAN.size) == 2)
        spreadLogits(gan)
        let inputs = gan.trainer.inputs(gan.batch)
        let before = try BatchLogits(gan, inputs)
        let heads = before.real.count
        #expect(heads == (kind == .features ? 4 : 1))
        let terms = (0..<heads).map { Terms(loss, before, head: $0, mismatchWeight: 0.3) }
        let discriminator = gan.trainer.discriminator
        let weights = discriminator.parameters.values
        let found = try gan.trainer.step(gan.batch)

        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        let kinds: [(String, KeyPath<Terms, Double>, [[Double]])] = [
            ("real", \.real, before.real), ("mismatch", \.mismatch, before.mismatch), ("fake", \.fake, before.fake),
        ]
        for (name, term, logits) in kinds {
            let total = terms.reduce(0) { $0 + $1[keyPath: term] }
            // Relativistic pairs have no term of real images alone.
            let hasTerm = loss != .relativistic || name != "real"
            if hasTerm { #expect(near(found["loss.\(name)"], total), "\(name)") }
            #expect(near(found["logits.\(name)"], mean(logits.map(mean))), "\(name)")
            for head in terms.indices where heads > 1 {
                let found = (term: found["heads.\(head).loss.\(name)"], logits: found["heads.\(head).logits.\(name)"])
                #expect((found.term != nil) == hasTerm, "\(name) of \(head)")
                if hasTerm { #expect(near(found.term, terms[head][keyPath: term]), "\(name) of \(head)") }
                #expect(near(found.logits, mean(logits[head])), "\(name) of \(head)")
            }
        }
        #expect((found["loss.real"] == nil) == (loss == .relativistic))
        #expect((found["loss.penalty"] ?? 0 > 0) == (penalty > 0) && found["loss.contrastive"] == nil)

        // Without a penalty the gradient is that of the sum over kinds and heads: a logit's bias adds to all logits of its
        // head, and the last filter, in heads that have no bias, is a factor of them.
        let gradient = discriminator.gradient.values
        for entry in discriminator.store.entries where entry.path.contains("logit.") && penalty == 0 {
            let head = kind == .features ? Int(entry.path.split(separator: ".")[2]) ?? 0 : 0
            let range = entry.offset..<entry.offset + entry.shape.count
            if entry.path.hasSuffix("bias") {
                #expect(near(Double(gradient[entry.offset]), terms[head].byOffset), "\(entry.path)")
            } else if kind == .dfGAN {
                let product = range.reduce(0.0) { $0 + Double(gradient[$1]) * Double(weights[$1]) }
                #expect(near(product, terms[head].byFactor, 2e-4), "\(entry.path)")
            }
        }

        // The generator's phase scores the same images with the updated discriminator.
        let after = try BatchLogits(gan, inputs, images: before.images)
        let expected = (0..<heads).reduce(0) { $0 + Terms(loss, after, head: $1, mismatchWeight: 0.3).generator }
        #expect(near(found["loss.generator"], expected, 1e-4))
    }

    /// Clamps of a frozen network may make a bound of not-a-number, so that logits of broken images look sound.
    @Test(arguments: CPUDevice.Library.allCases)
    func imagesThatAreNotNumbersChangeNoGenerator(_ library: CPUDevice.Library) throws {
        let gan = try TinyGAN(.features, library: library)
        let generator = gan.trainer.generator
        let entry = try #require(generator.store.entries.first { $0.path == "generator.output.bias" })
        generator.parameters.write([.nan], at: entry.offset)
        let before = generator.parameters.values.map(\.bitPattern)
        let found = try gan.trainer.step(gan.batch)
        #expect(found["generator.gradient_norm"]?.isFinite == false)
        #expect(gan.trainer.state.skipped >= 1)
        #expect(generator.parameters.values.map(\.bitPattern) == before)
    }

    /// An image's sentence must be found among those of the whole batch, whatever part of it the image is in; sentences of
    /// its class count for nothing.
    @Test(arguments: [false, true])
    func theComparisonWithSentencesIsThatOfTheWholeBatch(isMultiscale: Bool) throws {
        let gan = try TinyGAN(.features, threads: 2) {
            ($0.gan.contrastive, $0.encoder.multiscale) = (1.5, isMultiscale)
        }
        #expect(gan.head.configuration.inputs == (isMultiscale ? 1776 : 1280))
        // One of the same image, one of the same class, and one of its own.
        var captions = gan.batch.captions
        captions[7] = captions[0]
        let classes = Dictionary(grouping: gan.corpus.examples.indices) { gan.corpus.label(of: $0) ?? -1 }
        let alike = try #require(classes.values.filter { $0.count > 1 }.min { $0[0] < $1[0] })
        for (place, example) in zip([2, 5], alike) {
            captions[place] = gan.corpus.reference(example: example, caption: 0)
        }
        let batch = Batch(firstImage: 0, images: gan.batch.images, captions: captions, mismatches: gan.batch.mismatches)
        let inputs = gan.trainer.inputs(batch)
        let vectors = try gan.head(BatchLogits(gan, inputs).vectors, device: gan.device)
        guard case .floats(let sentences)? = inputs["condition"] else {
            Issue.record("no condition")
            return
        }
        let found = try gan.trainer.step(batch)

        let (size, width) = (TinyGAN.size, TinyGAN.condition)
        var (expected, negatives) = (0.0, 0)
        for row in 0..<size {
            let scores = (0..<size).map { column in
                10
                    * (0..<width).reduce(0.0) {
                        $0 + Double(vectors[row * width + $1]) * Double(sentences[column * width + $1])
                    }
            }
            let own = captions[row]
            let counted = (0..<size).filter { column in
                let other = captions[column]
                let isSame =
                    own.example == other.example
                    || gan.corpus.label(of: own.example) == gan.corpus.label(of: other.example)
                return column == row || !isSame
            }
            negatives += counted.count - 1
            expected += (log(counted.reduce(0) { $0 + exp(scores[$1]) }) - scores[row]) / Double(size)
        }
        #expect((size..<size * (size - 1) - 3).contains(negatives))
        #expect(near(found["loss.contrastive"], expected, 1e-4))
    }

    /// Images 2k and 2k + 1 have one sentence and noise of their own. Each pair's difference counts by its reciprocal, and
    /// training increases it.
    @Test func imagesOfOneSentenceBecomeDifferent() throws {
        let gan = try TinyGAN(.features, threads: 2) {
            ($0.gan.diversity, $0.gan.interpolation, $0.generator.learningRate) = (200, 0, 2e-3)
        }
        #expect(gan.device.shardCount(forBatch: TinyGAN.size, groupsOf: 2) == 2)
        let inputs = gan.trainer.inputs(gan.batch)
        guard case .floats(let sentences)? = inputs["condition"], case .floats(let noise)? = inputs["noise"],
            case .floats(let mask)? = inputs["mask"]
        else {
            Issue.record("no condition, noise or mask")
            return
        }
        func row(_ values: [Float], _ index: Int) -> ArraySlice<Float> {
            let width = values.count / TinyGAN.size
            return values[index * width..<(index + 1) * width]
        }
        for first in stride(from: 0, to: TinyGAN.size, by: 2) {
            #expect(Array(row(sentences, first)) == Array(row(sentences, first + 1)))
            #expect(Array(row(noise, first)) != Array(row(noise, first + 1)))
            #expect(first == 0 || Array(row(sentences, first)) != Array(row(sentences, first - 1)))
            // An equal sentence is no negative of the contrastive loss.
            #expect(row(mask, first)[first * TinyGAN.size + first + 1] == -1e9)
            #expect(row(mask, first)[first * TinyGAN.size + first] == 0)
        }

        let means = try BatchLogits(gan, inputs).means
        let reciprocals = stride(from: 0, to: TinyGAN.size, by: 2).map { first in
            let differences = means.map { map in
                zip(row(map, first), row(map, first + 1)).reduce(0.0) {
                    $0 + (pow(Double($1.0 - $1.1), 2) + 1e-6).squareRoot()
                } / Double(map.count / TinyGAN.size)
            }
            return 1 / (differences.reduce(0, +) / Double(differences.count) + 1e-5)
        }
        let expected = reciprocals.reduce(0, +) / Double(reciprocals.count)
        let before = try #require(gan.trainer.step(gan.batch)["loss.mode_seeking"])
        #expect(near(before, expected, 1e-4))
        for _ in 0..<10 { _ = try gan.trainer.step(gan.batch) }
        let after = try #require(gan.trainer.step(gan.batch)["loss.mode_seeking"])
        #expect(after < 0.9 * before, "\(before) before, \(after) after")
    }

    /// A generated image is compared with the real image of its caption; of both, the same part after augmentation.
    @Test(arguments: [DiscriminatorKind.dfGAN, .features])
    func theReconstructionIsThatOfTheCaptionsOwnImage(_ kind: DiscriminatorKind) throws {
        let gan = try TinyGAN(kind, threads: 2) {
            $0.gan.reconstruction = 2
            $0.gan.augmentation = 1
        }
        let inputs = gan.trainer.inputs(gan.batch)
        let images = try BatchLogits(gan, inputs).images
        // The generator's own images as the real ones leave what makes the difference smooth at 0, √10⁻⁶.
        let alike = Batch(
            firstImage: 0, images: images, captions: gan.batch.captions, mismatches: gan.batch.mismatches)
        #expect(near(try gan.trainer.step(alike)["loss.reconstruction"], 1e-3, 1e-2))

        guard kind == .dfGAN else { return }
        let plain = try TinyGAN(kind, threads: 2) { $0.gan.reconstruction = 2 }
        let generated = try BatchLogits(plain, plain.trainer.inputs(plain.batch)).images
        let differences = zip(generated, plain.batch.images).map { (Double($0) - Double($1)).magnitude }
        let expected = differences.reduce(0) { $0 + ($1 * $1 + 1e-6).squareRoot() } / Double(differences.count)
        #expect(near(try plain.trainer.step(plain.batch)["loss.reconstruction"], expected, 1e-4))
    }
}
