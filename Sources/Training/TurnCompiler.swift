import Execution
import Graphs
import Layers
import Networks

/// Draws and compiles what each network's turn computes.
struct TurnCompiler {
    let gan: GANRecipe
    let networks: GANConfiguration
    let generator: OptimizedStore
    let discriminator: OptimizedStore
    let device: CPUDevice
    /// Each computes an equal part of the batch.
    let replicas: Int

    /// What both turns draw from, in one graph.
    private struct Scene {
        let graph = Graph()
        let judge: Discriminator
        private let turn: TurnCompiler
        private var batch: Int { turn.gan.batch / turn.replicas }

        init(_ turn: TurnCompiler) {
            self.turn = turn
            judge = Discriminator(ParameterScope(graph, turn.discriminator.store) / "discriminator", turn.networks)
        }

        /// Sentence vectors of one purpose: `text`, `mismatch`, or those that were `painted` from.
        func sentences(_ name: String) -> TextEmbedding {
            TextEmbedding(graph.input(name, [batch, turn.networks.condition]))
        }

        /// Pictures given anew at each run.
        func pictures(_ name: String) -> ImageBatch {
            ImageBatch(graph.input(name, [batch, turn.networks.side, turn.networks.side, 3]))
        }

        func painting() -> ImageBatch {
            let paint = Generator(ParameterScope(graph, turn.generator.store) / "generator", turn.networks)
            return paint(noise: graph.input("noise", [batch, turn.networks.noise]), text: sentences("painted"))
        }

        /// Pictures as the discriminator sees them; without augmentation nothing of it is drawn.
        func seen(_ images: ImageBatch, _ name: String) -> ImageBatch {
            turn.gan.augmentation > 0
                ? Augmentation(graph, name, batch: batch, side: turn.networks.side)(images) : images
        }
    }

    /// The discriminator's turn on real pictures and those that the generator has just painted: three kinds of pairs,
    /// each its own term, and the gradient penalty unless it is 0.
    func discriminatorTurn(penalty: Float) throws -> Replicas {
        try Replicas(replicas, on: device, parameters: parameters) {
            discriminatorOutputs(penalty: penalty, replica: $0)
        }
    }

    private func discriminatorOutputs(penalty: Float, replica: Int) -> Outputs {
        let scene = Scene(self)
        let judge = scene.judge
        let (realImages, fakeImages) = (
            scene.seen(scene.pictures("real"), "real"), scene.seen(scene.pictures("fake"), "fake")
        )
        let text = scene.sentences("text")
        let features = judge.features(realImages)
        let real = judge(features, text)
        let mismatch = judge(features, scene.sentences("mismatch"))
        let fake = judge(judge.features(fakeImages), scene.sentences("painted"))
        let terms = DiscriminatorTerms(
            gan.loss, real: real, mismatch: mismatch, fake: fake, mismatchWeight: gan.mismatchWeight)
        var results = [
            "loss.real": terms.real, "loss.mismatch": terms.mismatch, "loss.fake": terms.fake,
            "verdict.real": real.tensor.mean(), "verdict.mismatch": mismatch.tensor.mean(),
            "verdict.fake": fake.tensor.mean(),
        ]
        var loss = terms.real + terms.mismatch + terms.fake
        if penalty > 0 {
            let term: Tensor
            if gan.loss == .relativistic {
                term =
                    zeroCenteredPenalty(real, images: realImages, weight: penalty)
                    + zeroCenteredPenalty(fake, images: fakeImages, weight: penalty)
            } else {
                term = matchingAwarePenalty(real, images: realImages, text: text, weight: penalty)
            }
            results["loss.penalty"] = term
            loss = loss + term
        }
        return Outputs(results: results, writes: discriminator.gradientWrites(of: loss, replica: replica))
    }

    /// The generator's turn: it paints, pauses for the discriminator's turn on what it painted, and then asks for a
    /// verdict on its pictures with the sentences they were painted from.
    func generatorTurn() throws -> Replicas {
        try Replicas(replicas, on: device, parameters: parameters) { replica in
            let scene = Scene(self)
            let painting = scene.painting()
            let judge = scene.judge
            let fake = judge(judge.features(scene.seen(painting, "fake")), scene.sentences("painted"))
            let real =
                gan.loss == .relativistic
                ? judge(judge.features(scene.seen(scene.pictures("real"), "real")), scene.sentences("text")) : nil
            let loss = generatorLoss(gan.loss, fake: fake, real: real)
            return Outputs(
                results: ["loss.generator": loss], writes: generator.gradientWrites(of: loss, replica: replica),
                early: ["fake": painting.tensor])
        }
    }

    private var parameters: [String: BufferSlice] { generator.current.merging(discriminator.current) { $1 } }
}
