import CPUBackend
import Execution
import Graphs
import Layers
import Networks
import RandomStreams
import Testing

@Suite struct TranslatorTests {
    static let configurations = [
        TranslatorConfiguration(kind: .resNet, width: 4, blocks: 2, halvings: 2),
        TranslatorConfiguration(kind: .uNet, width: 4, blocks: 1, halvings: 3, normalization: .none, isResidual: true),
        TranslatorConfiguration(kind: .uNet, width: 4, blocks: 1, halvings: 2, condition: 8),
    ]

    /// Results of random weights on images of values in −1…1.
    private func translated(
        _ configuration: TranslatorConfiguration, _ images: [Float], height: Int, width: Int, sentence: Float = 0
    )
        throws -> [Float]
    {
        let (graph, store) = (Graph(), ParameterStore())
        let count = images.count / (height * width * 3)
        let source = ImageBatch(graph.input("source", [count, height, width, 3]))
        let text =
            configuration.condition > 0
            ? TextEmbedding(graph.input("text", [count, configuration.condition])) : nil
        let result = Translator(ParameterScope(graph, store) / "translator", configuration)(source, sentences: text)
        #expect(result.tensor.shape == source.tensor.shape)
        let device = CPUDevice(library: .openBLAS, threads: 1, precision: .float32)
        let values = try store.allocate(on: device, seed: 3)
        var all = values.values
        // Initial sentence affines ignore the sentence.
        var stream = RandomStream(seed: 1, purpose: "weights")
        if text != nil { for index in all.indices where all[index] == 0 { all[index] = 0.1 * stream.normals(1)[0] } }
        values.values = all
        let program = try device.compile(
            Outputs(results: ["images": result.tensor]), parameters: ParameterMap(store.slices(of: values)))
        let sentences = [Float](repeating: sentence, count: count * configuration.condition)
        return try program.run(["source": .floats(images), "text": .floats(sentences)])["images"]
    }

    private func noise(_ count: Int) -> [Float] {
        var stream = RandomStream(seed: 2, purpose: "noise")
        return stream.normals(count).map { max(-1, min(1, 0.4 * $0)) }
    }

    @Test(arguments: configurations) func anImageDoesNotDependOnItsNeighbours(_ configuration: TranslatorConfiguration)
        throws
    {
        let images = noise(2 * 16 * 24 * 3)
        let both = try translated(configuration, images, height: 16, width: 24)
        let one = try translated(configuration, Array(images[..<(images.count / 2)]), height: 16, width: 24)
        for (a, b) in zip(one, both) { #expect(abs(a - b) < 1e-4) }
        if !configuration.isResidual { #expect(both.allSatisfy { abs($0) <= 1 }) }
    }

    /// Without normalization a pixel depends on no source further away than the reach.
    @Test(arguments: [TranslatorKind.resNet, .uNet]) func noPixelDependsOnMoreThanTheReach(_ kind: TranslatorKind)
        throws
    {
        let configuration = TranslatorConfiguration(
            kind: kind, width: 4, blocks: 1, halvings: 1, normalization: .none, isResidual: true)
        let (height, width) = (8, 8 * ((2 * configuration.reach + 23) / 8))
        let images = noise(height * width * 3)
        var changed = images
        for row in 0..<height { for channel in 0..<3 { changed[row * width * 3 + channel] = 1 } }
        let (before, after) = (
            try translated(configuration, images, height: height, width: width),
            try translated(configuration, changed, height: height, width: width)
        )
        let reached = (0..<width).filter { column in
            (0..<height * 3).contains {
                before[($0 / 3 * width + column) * 3 + $0 % 3] != after[($0 / 3 * width + column) * 3 + $0 % 3]
            }
        }
        let last = try #require(reached.last)
        #expect(last <= configuration.reach)
        // The bound is not far above the truth.
        #expect(last >= configuration.reach / 3)
    }

    @Test func theResultDependsOnSentences() throws {
        let configuration = Self.configurations[2]
        let images = noise(16 * 16 * 3)
        let (a, b) = (
            try translated(configuration, images, height: 16, width: 16, sentence: 0.3),
            try translated(configuration, images, height: 16, width: 16, sentence: -0.3)
        )
        #expect(zip(a, b).contains { abs($0 - $1) > 1e-3 })
    }

    @Test func sizesOutOfRangeAreRefused() {
        func key(_ change: (inout TranslatorConfiguration) -> Void) -> String? {
            var configuration = TranslatorConfiguration()
            change(&configuration)
            do throws(ConfigurationError) {
                try configuration.validate()
                return nil
            } catch {
                return error.key
            }
        }
        #expect(key { _ in } == nil)
        #expect(key { $0.width = 3 } == "translator.width")
        #expect(key { $0.maximumWidth = 31 } == "translator.max_width")
        #expect(key { $0.blocks = 0 } == "translator.blocks")
        #expect(key { $0.halvings = 5 } == "translator.halvings")
        #expect(key { $0.condition = 4 } == "encoder.embedding")
    }

    /// One logit per patch, the pairs of pix2pix in six channels, with and without a sentence.
    @Test(arguments: [3, 6], [0, 8]) func patchesHaveLogitsOfTheirOwn(channels: Int, condition: Int) throws {
        let configuration = DiscriminatorConfiguration(
            kind: .patch, side: 32, width: 4, condition: condition, channels: channels)
        let (graph, store) = (Graph(), ParameterStore())
        let discriminator = configuration.discriminator(
            ParameterScope(graph, store) / "discriminator", frozen: ParameterScope(graph, ParameterStore()))
        let images = ImageBatch(graph.input("images", [2, 32, 32, channels]))
        let text = condition > 0 ? TextEmbedding(graph.input("text", [2, condition])) : nil
        let logits = discriminator.logits(of: discriminator.states(of: discriminator.features(of: images)), given: text)
        #expect(logits.map(\.tensor.shape) == [[2, 36]])
    }
}
