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

    /// The tensors and networks of one graph.
    private struct Scene {
        let judge: Discriminator
        let real: ImageBatch
        let fake: ImageBatch
        let text: TextEmbedding
        let mismatch: TextEmbedding
        let painted: TextEmbedding

        init(_ turn: TurnCompiler) {
            let graph = Graph()
            let (batch, side) = (turn.gan.batch, turn.networks.side)
            let paint = Generator(ParameterScope(graph, turn.generator.store) / "generator", turn.networks)
            judge = Discriminator(ParameterScope(graph, turn.discriminator.store) / "discriminator", turn.networks)
            func sentences(_ name: String) -> TextEmbedding {
                TextEmbedding(graph.input(name, [batch, turn.networks.condition]))
            }
            text = sentences("text")
            mismatch = sentences("mismatch")
            painted = sentences("painted")
            let pictures = ImageBatch(graph.input("real", [batch, side, side, 3]))
            let noise = graph.input("noise", [batch, turn.networks.noise])
            let drawn = paint(noise: noise, text: painted)
            // Without augmentation nothing of it is drawn.
            guard turn.gan.augmentation > 0 else {
                (real, fake) = (pictures, drawn)
                return
            }
            real = Augmentation(graph, "real", batch: batch, side: side)(pictures)
            fake = Augmentation(graph, "fake", batch: batch, side: side)(drawn)
        }
    }

    /// The discriminator's turn: three kinds of pairs, each its own term, and the gradient penalty unless it is 0.
    func discriminatorTurn(penalty: Float) throws -> Program {
        let scene = Scene(self)
        let features = scene.judge.features(scene.real)
        let real = scene.judge(features, scene.text)
        let mismatch = scene.judge(features, scene.mismatch)
        let painting = ImageBatch(scene.fake.tensor.stoppingGradient())
        let fake = scene.judge(scene.judge.features(painting), scene.painted)
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
                    zeroCenteredPenalty(real, images: scene.real, weight: penalty)
                    + zeroCenteredPenalty(fake, images: painting, weight: penalty)
            } else {
                term = matchingAwarePenalty(real, images: scene.real, text: scene.text, weight: penalty)
            }
            results["loss.penalty"] = term
            loss = loss + term
        }
        let writes = discriminator.gradientWrites(of: loss)
        return try device.compile(Outputs(results: results, writes: writes), parameters: parameters)
    }

    /// The generator's turn: a verdict on its pictures with the sentences they were painted from.
    func generatorTurn() throws -> Program {
        let scene = Scene(self)
        let fake = scene.judge(scene.judge.features(scene.fake), scene.painted)
        let real = gan.loss == .relativistic ? scene.judge(scene.judge.features(scene.real), scene.text) : nil
        let loss = generatorLoss(gan.loss, fake: fake, real: real)
        return try device.compile(
            Outputs(results: ["loss.generator": loss], writes: generator.gradientWrites(of: loss)),
            parameters: parameters)
    }

    private var parameters: [String: BufferSlice] { generator.current.merging(discriminator.current) { $1 } }
}
