import CPUBackend
import Execution
import Graphs
import Layers
import Networks
import RandomStreams
import Testing

private let device = CPUDevice(library: .openBLAS, threads: 1, precision: .float32)

@Suite struct NetworkTests {
    /// Both networks of a kind that learns to see from the corpus alone.
    private func traced(_ kind: DiscriminatorKind, _ scope: ParameterScope, _ images: ImageBatch, _ text: TextEmbedding)
        -> [Logits]
    {
        let sizes = DiscriminatorConfiguration(
            kind: kind, side: images.tensor.shape[1], width: 4, condition: text.tensor.shape[1])
        let discriminator = sizes.discriminator(scope, frozen: ParameterScope(scope.graph, ParameterStore()))
        return discriminator.logits(of: discriminator.states(of: discriminator.features(of: images)), given: text)
    }

    @Test(arguments: GeneratorKind.allCases, [16, 32])
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

    @Test(arguments: GeneratorKind.allCases, [64, 128])
    func largerSidesAreTraced(kind: GeneratorKind, side: Int) {
        let configuration = GeneratorConfiguration(kind: kind, side: side)
        let graph = Graph()
        let images = Generator(ParameterScope(graph, ParameterStore()) / "g", configuration)(
            noise: graph.input("noise", [1, 100]), text: TextEmbedding(graph.input("text", [1, 256])))
        #expect(images.tensor.shape == [1, side, side, 3])
    }

    @Test func configurationErrorsNameTheirKey() {
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
        #expect(key(GeneratorConfiguration(side: 48)) == "side")
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

    /// Logits must follow the sentence: a discriminator that ignores it could not be matching-aware.
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

@Suite struct ParameterStoreTests {
    @Test func loadingIsStrictAndChangesNothingWhenItFails() throws {
        let (graph, store) = (Graph(), ParameterStore())
        let root = ParameterScope(graph, store)
        _ = Linear(root / "first", 2, 3)
        _ = Linear(root / "second", 3, 1)
        let values = try store.allocate(on: CPUDevice(), seed: 1)
        let before = values.values
        var arrays: [String: (shape: [Int], values: [Float])] = [:]
        for array in store.arrays(from: values) { arrays[array.path] = (array.shape, array.values.map { $0 + 1 }) }
        let moved = arrays.removeValue(forKey: "first.bias")
        arrays["first.offset"] = moved
        arrays["second.weight"] = ([3, 1], [1, 2, 3])
        let error = #expect(throws: ParameterMismatch.self) { try store.load(arrays, into: values) }
        #expect(error?.missing == ["first.bias"])
        #expect(error?.unused == ["first.offset"])
        #expect(error?.misshapen.count == 1)
        #expect(values.values == before)
    }

    @Test func aNewLayerChangesNoOthersFirstValues() throws {
        func weights(withExtra: Bool) throws -> [Float] {
            let (graph, store) = (Graph(), ParameterStore())
            let root = ParameterScope(graph, store)
            if withExtra { _ = Linear(root / "extra", 4, 4) }
            _ = Linear(root / "kept", 4, 4)
            let values = try store.allocate(on: CPUDevice(), seed: 9)
            return store.arrays(from: values).first { $0.path == "kept.weight" }?.values ?? []
        }
        #expect(try weights(withExtra: true) == weights(withExtra: false))
        #expect(try Set(weights(withExtra: false)).count > 8)
    }
}

@Suite struct LayerTests {
    /// What a layer makes of an input, all parameters and inputs being sin(0.7 i) · 0.5.
    private func run(_ shape: Shape, _ draw: (ParameterScope, Tensor) -> Tensor) throws -> [Float] {
        let (graph, store) = (Graph(), ParameterStore())
        let result = draw(ParameterScope(graph, store), graph.input("x", shape))
        let values = try store.allocate(on: CPUDevice())
        var arrays: [String: (shape: [Int], values: [Float])] = [:]
        for entry in store.entries { arrays[entry.path] = (entry.shape.dimensions, wave(entry.shape.count)) }
        try store.load(arrays, into: values)
        let program = try device.compile(
            Outputs(results: ["y": result]), parameters: ParameterMap(store.slices(of: values)))
        return try program.run(["x": .floats(wave(shape.count))])["y"]
    }

    private func wave(_ count: Int) -> [Float] {
        // A sine without a library: the recurrence sin((n+1)t) = 2 cos t sin nt − sin((n−1)t), in double.
        var (previous, current) = (-0.6442176872376911, 0.0)
        return (0..<count).map { _ in
            defer { (previous, current) = (current, 2 * 0.7648421872844885 * current - previous) }
            return Float(current * 0.5)
        }
    }

    @Test func linearIsRowsTimesWeightsPlusBias() throws {
        let y = try run([2, 3]) { Linear($0, 3, 2)($1) }
        let (x, w, b) = (wave(6), wave(6), wave(2))
        for row in 0..<2 {
            for out in 0..<2 {
                let expected = (0..<3).reduce(b[out]) { $0 + x[row * 3 + $1] * w[out * 3 + $1] }
                #expect(abs(y[row * 2 + out] - expected) < 1e-6)
            }
        }
    }

    @Test func layerNormalizationCentersAndScalesRows() throws {
        let y = try run([4, 8]) { scope, x in LayerNormalization(scope, width: 8)(x) }
        let (gain, x) = (wave(8), wave(32))
        for row in 0..<4 {
            let values = x[row * 8..<(row + 1) * 8]
            let mean = values.reduce(0, +) / 8
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 8
            for column in 0..<8 {
                let expected =
                    (x[row * 8 + column] - mean) / (variance + 1e-5).squareRoot() * gain[column] + gain[column]
                #expect(abs(y[row * 8 + column] - expected) < 1e-4)
            }
        }
    }

    @Test func transposedConvolutionDoublesAndIsTheAdjointOfItsConvolution() throws {
        let y = try run([1, 4, 4, 3]) { TransposedConvolution($0, 3, 2)($1) }
        #expect(y.count == 8 * 8 * 2)
    }
}
