import Checkpoints
import CPUBackend
import Execution
import FoundationEssentials
import Graphs
import Layers
import Networks
import Models
import Testing

/// `Golden/features.json`, which scripts/golden/features.py writes and explains.
private struct Golden: Decodable {
    struct Map: Decodable {
        let stride: Int
        let shape: [Int]
        let mean: Double
        let norm: Double
        let positions: [Int]
        let values: [Double]
    }
    struct Pooled: Decodable {
        let shape: [Int]
        let mean: Double
        let norm: Double
        let values: [Double]
    }
    struct Reference: Decodable, Sendable, CustomTestStringConvertible {
        let network: String
        let side: Int
        let seed: UInt32
        let taps: [Map]
        let pooled: Pooled
        var testDescription: String { "\(network) at \(side)" }
    }
    let published: [Reference]
    let generated: [Reference]
    let weights: [String: [Double]]

    static let features: Golden = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/features.json")
        do {
            return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
        } catch { preconditionFailure("\(file.path): \(error)") }
    }()
}

extension Golden.Map: Sendable {}
extension Golden.Pooled: Sendable {}

/// Values −1 ..< 1 of the linear congruential generator that the golden file's images and weights come from.
private func generatorValues(_ count: Int, from seed: UInt32) -> [Double] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return (Double(state >> 23) - 256) / 256
    }
}

/// The 32-bit FNV-1a hash of a name's bytes.
private func hash(_ name: String) -> UInt32 { name.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 } }

@Suite(.serialized) struct FeatureNetworkTests {
    /// Libraries and precisions, with the tolerated difference from float64 relative to the root mean square of a
    /// feature map; in bfloat16, where operands and results of about fifty convolutions are rounded, relative to it and
    /// to the value itself.
    enum Target: String, CaseIterable, CustomTestStringConvertible {
        case openBLAS = "OpenBLAS, float32"
        case oneDNN = "oneDNN, float32"
        case bfloat16 = "oneDNN, bfloat16"

        var testDescription: String { rawValue }

        var tolerance: Double { self == .bfloat16 ? 0.35 : 1e-4 }

        func device() throws -> CPUDevice {
            let library: CPUDevice.Library = self == .openBLAS ? .openBLAS : .oneDNN
            let precision: Precision = self == .bfloat16 ? .bfloat16 : .float32
            let device = CPUDevice(library: library, threads: 1, precision: precision)
            guard device.library == library, device.precision == precision else {
                try Test.cancel("\(rawValue) is not on this machine")
            }
            return device
        }
    }

    /// Weights by the golden file's formula.
    private func generatedArrays(_ store: ParameterStore) -> NetworkArrays {
        var arrays = NetworkArrays()
        for entry in store.entries {
            var scale = 1.0
            if !entry.path.hasSuffix("bias") {
                let fanIn = Double(entry.shape.count / entry.shape[0])
                scale = ((entry.path.contains("depthwise") ? 10 : 6) / fanIn).squareRoot()
            }
            let values = generatorValues(entry.shape.count, from: hash(entry.path))
            arrays[entry.path] = (entry.shape.dimensions, values.map { Float($0 * scale) })
        }
        return arrays
    }

    /// Compares a network's features of the golden image with the golden file.
    /// - Parameter arrays: returns the parameters that the store declares.
    private func compare(
        _ golden: Golden.Reference, on target: Target, arrays: (FeatureNetwork, ParameterStore) throws -> NetworkArrays
    ) throws {
        let device = try target.device()
        let network = try #require(FeatureNetwork(rawValue: golden.network))
        let (graph, store) = (Graph(), ParameterStore())
        let images = ImageBatch(graph.input("images", [1, golden.side, golden.side, 3]))
        let features = network(ParameterScope(graph, store), images)
        let values = try store.allocate(on: CPUDevice())
        try store.load(arrays(network, store), into: values)
        #expect(features.taps.map(\.shape.dimensions) == golden.taps.map(\.shape))
        #expect(features.taps.map { $0.shape[-1] } == network.tapChannels)
        #expect(features.pooled.shape.dimensions == golden.pooled.shape)

        var results = ["pooled": features.pooled, "vectors": features.vectors(width: network.multiscaleWidth)]
        for (number, tap) in features.taps.enumerated() { results["tap \(number)"] = tap }
        let program = try device.compile(
            Outputs(results: results), parameters: ParameterMap(frozen: FrozenParameters(store.slices(of: values))))
        let pixels = generatorValues(golden.side * golden.side * 3, from: golden.seed).map { Float($0) }
        let found = try program.run(["images": .floats(pixels)])
        var worst = 0.0
        func expect(_ name: String, mean: Double, norm: Double, _ positions: [Int], _ expected: [Double]) {
            let found = found[name].map(Double.init)
            let size = norm / Double(found.count).squareRoot()
            var errors = zip(positions, expected).map { position, wanted in
                abs(found[position] - wanted) / (target == .bfloat16 ? size + abs(wanted) : size)
            }
            errors.append(abs(found.reduce(0, +) / Double(found.count) - mean) / size)
            errors.append(abs(found.reduce(0) { $0 + $1 * $1 }.squareRoot() - norm) / norm)
            worst = errors.reduce(worst, max)
            #expect(errors.allSatisfy { $0 <= target.tolerance }, "\(name) of \(golden.testDescription): \(errors)")
        }
        for (number, tap) in golden.taps.enumerated() {
            expect("tap \(number)", mean: tap.mean, norm: tap.norm, tap.positions, tap.values)
        }
        let pooled = golden.pooled
        expect("pooled", mean: pooled.mean, norm: pooled.norm, Array(pooled.values.indices), pooled.values)
        // The vectors of an image encoder: the means of each tap, then the pooled features.
        #expect(features.vectors(width: FeatureNetwork.pooledWidth).shape == features.pooled.shape)
        let means = features.taps.indices.flatMap { number in
            let (values, channels) = (found["tap \(number)"], network.tapChannels[number])
            return (0..<channels).map { channel in
                stride(from: channel, to: values.count, by: channels).reduce(0) { $0 + values[$1] }
                    * Float(channels) / Float(values.count)
            }
        }
        let vectors = found["vectors"]
        #expect(
            vectors.count == network.multiscaleWidth
                && Array(vectors.suffix(FeatureNetwork.pooledWidth)) == found["pooled"])
        let size = (means.reduce(0) { $0 + $1 * $1 } / Float(means.count)).squareRoot()
        for (value, mean) in zip(vectors, means) {
            #expect(abs(value - mean) <= Float(target.tolerance) * (size + abs(mean)))
        }
        if target == .bfloat16 {
            print("\(golden.testDescription) in bfloat16: at most \(worst) of value and root mean square from float64")
        }
    }

    @Test func weightsOfTheFormulaAreThoseOfTheGoldenFile() throws {
        let (graph, store) = (Graph(), ParameterStore())
        _ = FeatureNetwork.efficientNetLite0(
            ParameterScope(graph, store), ImageBatch(graph.input("images", [1, 64, 64, 3])))
        let arrays = generatedArrays(store)
        #expect(Golden.features.weights.count == 4)
        for (path, expected) in Golden.features.weights {
            let found = try #require(arrays[path]).values
            for (value, wanted) in zip(found, expected) {
                #expect(abs(Double(value) - wanted) <= 1e-8 * abs(wanted), "\(path)")
            }
        }
    }

    @Test(arguments: Golden.features.generated, Target.allCases)
    private func generatedWeightsGiveTheGoldenFeatures(_ golden: Golden.Reference, _ target: Target) throws {
        try compare(golden, on: target) { _, store in generatedArrays(store) }
    }

    private static let isThereAny = FeatureNetwork.allCases.contains {
        FileManager.default.fileExists(atPath: PretrainedFeatures.path(of: $0))
    }

    /// The networks that scripts/get-features has downloaded, against the published code in float64.
    @Test(
        .enabled(
            if: isThereAny, "scripts/get-features has downloaded no network to ~/.cache/limn/features or LIMN_FEATURES"),
        arguments: Golden.features.published, Target.allCases)
    private func publishedWeightsGiveThePublishedFeatures(_ golden: Golden.Reference, _ target: Target) throws {
        try compare(golden, on: target) { network, _ in
            let path = PretrainedFeatures.path(of: network)
            guard FileManager.default.fileExists(atPath: path) else {
                try Test.cancel("\(network.rawValue) is missing; scripts/get-features \(network.rawValue) downloads it")
            }
            let features = try PretrainedFeatures(network)
            #expect(try Safetensors(contentsOf: path).metadata["checksum"] == features.checksum)
            return features.arrays
        }
    }

    /// Shapes, frozen and normalized parameters, and derivatives of each head.
    @Test func aFeatureDiscriminatorHasALogitForEachHeadAndFollowsImageAndSentence() throws {
        let sizes = DiscriminatorConfiguration(kind: .features, side: 16, width: 8, condition: 8, resolution: 64)
        let (graph, trained, frozen) = (Graph(), ParameterStore(), ParameterStore())
        let discriminator = sizes.discriminator(
            ParameterScope(graph, trained) / "discriminator", frozen: ParameterScope(graph, frozen) / "frozen")
        let (images, text) = (graph.input("images", [2, 16, 16, 3]), graph.input("text", [2, 8]))
        let features = discriminator.features(of: ImageBatch(images))
        #expect(features.maps.map(\.shape) == [[2, 16, 16, 4], [2, 8, 8, 8], [2, 4, 4, 8], [2, 2, 2, 16]])
        #expect(features.frozen?.pooled.shape == [2, 1280])
        let logits = discriminator.logits(of: discriminator.states(of: features), given: TextEmbedding(text))
        #expect(logits.map(\.tensor.shape) == [Shape](repeating: [2, 1], count: 4))
        // Filters of the heads are normalized, biases are not; nothing of the frozen network is trained.
        for entry in trained.entries {
            #expect(entry.isSpectrallyNormalized == entry.path.hasSuffix("weight"), "\(entry.path)")
        }
        #expect(trained.entries.allSatisfy { $0.path.hasPrefix("discriminator.heads.") })
        #expect(frozen.entries.allSatisfy { !$0.isSpectrallyNormalized })
        #expect(Set(frozen.entries.map { $0.path.split(separator: ".")[1] }) == ["network", "projections"])

        // Each head by itself.
        var results: [String: Tensor] = [:]
        for (head, logit) in logits.enumerated() {
            let derivatives = gradients(of: logit.tensor.sum(), withRespectTo: [images, text])
            (results["image \(head)"], results["text \(head)"]) = (derivatives[0], derivatives[1])
        }
        let parameters = ParameterMap(
            trained.slices(of: try trained.allocate(on: CPUDevice(), seed: 3)),
            frozen: FrozenParameters(frozen.slices(of: try frozen.allocate(on: CPUDevice(), seed: 4))))
        let program = try CPUDevice(library: .openBLAS, threads: 1, precision: .float32).compile(
            Outputs(results: results), parameters: parameters)
        let found = try program.run([
            "images": .floats(generatorValues(2 * 768, from: 5).map { Float($0) }),
            "text": .floats(generatorValues(16, from: 6).map { Float($0) }),
        ])
        for name in found.names { #expect(found[name].contains { abs($0) > 1e-7 }, "\(name)") }
    }
}
