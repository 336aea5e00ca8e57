import CPUBackend
import Execution
import Graphs
import Layers
import Networks
import RandomStreams
import Testing

private let device = CPUDevice(library: .openBLAS, threads: 1, precision: .float32)

@Suite struct NetworkTests {
    /// The logits of a discriminator without a frozen network.
    private func traced(_ kind: DiscriminatorKind, _ scope: ParameterScope, _ images: ImageBatch, _ text: TextEmbedding)
        -> [Logits]
    {
        let sizes = DiscriminatorConfiguration(
            kind: kind, side: images.tensor.shape[1], width: 4, condition: text.tensor.shape[1])
        let discriminator = sizes.discriminator(scope, frozen: ParameterScope(scope.graph, ParameterStore()))
        return discriminator.logits(of: discriminator.states(of: discriminator.features(of: images)), given: text)
    }

    @Test(arguments: GeneratorKind.allCases, [16, 32, 48, 80])
    func generatorsMakeImagesInRange(kind: GeneratorKind, side: Int) throws {
        let discriminator = try #require(DiscriminatorKind(rawValue: kind.rawValue))
        let configuration = GeneratorConfiguration(kind: kind, side: side, width: 4, noise: 8, condition: 8)
        let (graph, store) = (Graph(), ParameterStore())
        let root = ParameterScope(graph, store)
        let text = TextEmbedding(graph.input("text", [3, 8]))
        let images = Generator(root / "generator", configuration)(noise: graph.input("noise", [3, 8]), text: text)
        let logits = traced(discriminator, root / "discriminator", images, text)
        #expect(images.tensor.shape == [3, side, side, 3])
        #expect(logits.map(\.tensor.shape) == [[3, 1]])
        let values = try store.allocate(on: CPUDevice(), seed: 1)
        let program = try device.compile(
            Outputs(results: ["images": images.tensor, "logits": logits[0].tensor]),
            parameters: ParameterMap(store.slices(of: values)))
        var stream = RandomStream(seed: 1, purpose: "test")
        let results = try program.run(["noise": .floats(stream.normals(24)), "text": .floats(stream.normals(24))])
        #expect(results["images"].allSatisfy { abs($0) <= 1 })
        #expect(results["logits"].allSatisfy { $0.isFinite })
    }

    /// Blocks begin as if there were no sentence, and never choose between the positions of the first map.
    @Test(arguments: [false, true]) func sentencesReachTheFirstMapIfAsked(_ textInStart: Bool) throws {
        let configuration = GeneratorConfiguration(
            side: 16, width: 4, noise: 8, condition: 8, textInStart: textInStart ? true : nil)
        let (graph, store) = (Graph(), ParameterStore())
        let images = Generator(ParameterScope(graph, store), configuration)(
            noise: graph.input("noise", [2, 8]), text: TextEmbedding(graph.input("text", [2, 8])))
        let values = try store.allocate(on: CPUDevice(), seed: 1)
        let program = try device.compile(
            Outputs(results: ["images": images.tensor]), parameters: ParameterMap(store.slices(of: values)))
        var stream = RandomStream(seed: 1, purpose: "test")
        let noise = stream.normals(8)
        let found = try program.run(["noise": .floats(noise + noise), "text": .floats((0..<16).map { Float($0) / 16 })])
        let pixels = found["images"]
        #expect((pixels.prefix(768) != pixels.suffix(768)) == textInStart)
    }

    @Test(arguments: GeneratorKind.allCases, [64, 128, 144, 176, 512])
    func largerSidesAreTraced(kind: GeneratorKind, side: Int) {
        let configuration = GeneratorConfiguration(kind: kind, side: side)
        let graph = Graph()
        let images = Generator(ParameterScope(graph, ParameterStore()) / "g", configuration)(
            noise: graph.input("noise", [1, 100]), text: TextEmbedding(graph.input("text", [1, 256])))
        #expect(images.tensor.shape == [1, side, side, 3])
    }

    @Test func configurationErrorsNameTheirKey() throws {
        func key(_ body: () throws(ConfigurationError) -> Void) -> String? {
            do throws(ConfigurationError) {
                try body()
                return nil
            } catch { return error.key }
        }
        func key(_ sizes: GeneratorConfiguration) -> String? {
            key { () throws(ConfigurationError) in try sizes.validate() }
        }
        func key(_ sizes: DiscriminatorConfiguration) -> String? {
            key { () throws(ConfigurationError) in try sizes.validate() }
        }
        #expect(key(GeneratorConfiguration(side: 50)) == "side")
        #expect(key(GeneratorConfiguration(width: 1)) == "generator.width")
        #expect(key(GeneratorConfiguration(maximumWidth: 8)) == "generator.max_width")
        #expect(key(GeneratorConfiguration(noise: 0)) == "generator.noise")
        #expect(key(GeneratorConfiguration(condition: 4)) == "encoder.embedding")
        #expect(key(DiscriminatorConfiguration(side: 17)) == "side")
        #expect(key(DiscriminatorConfiguration(width: 257)) == "discriminator.width")
        #expect(key(DiscriminatorConfiguration(resolution: 100)) == "discriminator.resolution")
        #expect(
            key { () throws(ConfigurationError) in
                try TextEncoderConfiguration(vocabulary: 300, width: 30, heads: 4).validate()
            }
                == "encoder.heads")
        #expect(key(GeneratorConfiguration()) == nil)
        #expect(key(DiscriminatorConfiguration()) == nil)
    }

    /// A matching-aware discriminator must depend on the sentence.
    @Test(arguments: [DiscriminatorKind.dfGAN, .ganCLS])
    func logitsDependOnImageAndSentence(kind: DiscriminatorKind) throws {
        let (graph, store) = (Graph(), ParameterStore())
        let images = graph.input("images", [1, 16, 16, 3])
        let text = graph.input("text", [1, 8])
        let logits = traced(kind, ParameterScope(graph, store), ImageBatch(images), TextEmbedding(text))
        let derivatives = gradients(of: logits[0].tensor, withRespectTo: [images, text])
        let program = try device.compile(
            Outputs(results: ["by image": derivatives[0], "by text": derivatives[1]]),
            parameters: ParameterMap(store.slices(of: store.allocate(on: CPUDevice(), seed: 2))))
        var stream = RandomStream(seed: 3, purpose: "test")
        let results = try program.run(["images": .floats(stream.normals(768)), "text": .floats(stream.normals(8))])
        for name in ["by image", "by text"] { #expect(results[name].contains { abs($0) > 1e-6 }) }
    }
}
