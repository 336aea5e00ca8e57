import CPUBackend
import Execution
import Graphs
import Layers
import Testing

/// Declaring, allocating, initializing and loading parameters.
@Suite struct ParameterStoreTests {
    private func store(_ declare: (ParameterScope) -> Void) -> ParameterStore {
        let store = ParameterStore()
        declare(ParameterScope(Graph(), store))
        return store
    }

    /// The values of each parameter after `allocate`.
    private func initialValues(_ store: ParameterStore, seed: UInt64?) throws -> [String: [Float]] {
        let arrays = store.arrays(from: try store.allocate(on: CPUDevice(), seed: seed))
        return Dictionary(uniqueKeysWithValues: arrays.map { ($0.path, $0.values) })
    }

    // MARK: Layout

    @Test func pathsAreJoinedByDots() {
        let root = ParameterScope(Graph(), ParameterStore())
        #expect((root / "generator" / "blocks" / 0 / "bias").path == "generator.blocks.0.bias")
        #expect((ParameterScope(root.graph, root.store, path: "a.b") / "c").path == "a.b.c")
        #expect(root.path == "")
    }

    @Test func parametersAreContiguousAndAligned() throws {
        let store = store { root in
            _ = Linear(root / "a", inputs: 5, outputs: 3)
            _ = (root / "scalar").parameter([], .constant(2))
            _ = Linear(root / "b", inputs: 16, outputs: 2)
        }
        #expect(store.entries.map(\.path) == ["a.weight", "a.bias", "scalar", "b.weight", "b.bias"])
        #expect(store.entries.map(\.offset) == [0, 16, 32, 48, 80])
        #expect(store.entries.map(\.shape.count) == [15, 3, 1, 32, 2])
        #expect(store.length == 96 && store.count == 53)
        let buffer = try store.allocate(on: CPUDevice())
        #expect(buffer.count == 96)
        let slices = store.slices(of: buffer)
        #expect(slices.count == 5 && slices["b.weight"]?.offset == 48 && slices["b.weight"]?.count == 32)
    }

    @Test func tracingAgainRefersToTheSameParameters() throws {
        let store = ParameterStore()
        for _ in 0..<3 { _ = Linear(ParameterScope(Graph(), store) / "a", inputs: 5, outputs: 3) }
        #expect(store.entries.count == 2)
        let buffer = try store.allocate(on: CPUDevice(), seed: 1)
        _ = Linear(ParameterScope(Graph(), store) / "a", inputs: 5, outputs: 3)
        let again = try store.allocate(on: CPUDevice(), seed: 2)
        #expect(again === buffer && store.values === buffer)
    }

    // MARK: Initial values

    @Test func initialValuesHaveTheirDistribution() throws {
        let store = store { root in
            _ = (root / "constant").parameter([1000], .constant(1.5))
            _ = (root / "normal").parameter([40, 1000], .normal(deviation: 0.3))
            _ = (root / "uniform").parameter([40_000], .uniform(bound: 0.25))
        }
        let values = try initialValues(store, seed: 9)
        #expect(values["constant"] == [Float](repeating: 1.5, count: 1000))
        func moments(_ values: [Float]) -> (mean: Double, deviation: Double) {
            let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
            let squares = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
            return (mean, (squares / Double(values.count)).squareRoot())
        }
        // 40,000 values: five deviations of the mean are 1/40 of theirs, of the deviation about 1/55.
        let normal = moments(try #require(values["normal"]))
        #expect(abs(normal.mean) < 0.3 / 40 && abs(normal.deviation / 0.3 - 1) < 0.02, "\(normal)")
        let drawn = try #require(values["uniform"])
        let uniform = moments(drawn)
        #expect(abs(uniform.mean) < 0.25 / 40 && abs(uniform.deviation / (0.25 / 3.0.squareRoot()) - 1) < 0.02)
        #expect(drawn.allSatisfy { abs($0) <= 0.25 } && drawn.contains { $0 < -0.24 } && drawn.contains { $0 > 0.24 })
    }

    @Test func layersHaveTheInitializersOfTheirDocumentation() throws {
        let store = store { root in
            _ = Linear(root / "linear", inputs: 64, outputs: 200)
            _ = Linear(root / "special", inputs: 4, outputs: 4, weightInitializer: .constant(3), biasValue: 2)
            _ = Convolution(root / "convolution", inputChannels: 8, outputChannels: 100, kernelSize: 3)
            _ = TransposedConvolution(root / "transposed", inputChannels: 20, outputChannels: 20)
            _ = Embedding(root / "embedding", count: 100, width: 50, deviation: 0.1)
            _ = LayerNormalization(root / "norm", width: 8)
        }
        let entries = Dictionary(uniqueKeysWithValues: store.entries.map { ($0.path, $0.initializer) })
        #expect(
            entries == [
                "linear.weight": .uniform(bound: 1 / 8), "linear.bias": .constant(0),
                "special.weight": .constant(3), "special.bias": .constant(2),
                "convolution.weight": .uniform(bound: 1 / Float(72).squareRoot()), "convolution.bias": .constant(0),
                "transposed.weight": .normal(deviation: 0.02), "transposed.bias": .constant(0),
                "embedding.weight": .normal(deviation: 0.1), "norm.gain": .constant(1), "norm.bias": .constant(0),
            ])
    }

    /// Adding or reordering layers does not change the initial values of the others.
    @Test func eachPathHasItsOwnStream() throws {
        let alone = store { _ = Linear($0 / "b", inputs: 8, outputs: 8) }
        let among = store { root in
            _ = Convolution(root / "a", inputChannels: 3, outputChannels: 7, kernelSize: 3)
            _ = Linear(root / "b", inputs: 8, outputs: 8)
            _ = Linear(root / "c", inputs: 8, outputs: 8)
        }
        let (first, second) = (try initialValues(alone, seed: 4), try initialValues(among, seed: 4))
        #expect(first["b.weight"] == second["b.weight"])
        #expect(second["b.weight"] != second["c.weight"])
        #expect(
            try initialValues(store { _ = Linear($0 / "b", inputs: 8, outputs: 8) }, seed: 5)["b.weight"]
                != first["b.weight"])
        // The values of a larger parameter start with those of a smaller one at the same path.
        let larger = try initialValues(store { _ = ($0 / "x").parameter([200], .normal(deviation: 1)) }, seed: 4)
        let smaller = try initialValues(store { _ = ($0 / "x").parameter([100], .normal(deviation: 1)) }, seed: 4)
        #expect(larger["x"]?.prefix(100) == smaller["x"]?[...])
    }

    @Test func withoutASeedValuesAreZero() throws {
        let values = try initialValues(store { _ = LayerNormalization($0 / "norm", width: 8) }, seed: nil)
        #expect(values["norm.gain"] == [Float](repeating: 0, count: 8))
    }

    // MARK: Loading

    private typealias Arrays = [String: (shape: [Int], values: [Float])]

    private func sample() throws -> (ParameterStore, any Buffer, Arrays) {
        let store = store { root in
            _ = Linear(root / "a", inputs: 3, outputs: 2)
            _ = Linear(root / "b", inputs: 2, outputs: 4)
        }
        let buffer = try store.allocate(on: CPUDevice(), seed: 1)
        let arrays = store.arrays(from: buffer).map { ($0.path, (shape: $0.shape, values: $0.values.map { $0 + 1 })) }
        return (store, buffer, Dictionary(uniqueKeysWithValues: arrays))
    }

    @Test func loadedArraysAreReadBack() throws {
        let (store, buffer, arrays) = try sample()
        try store.load(arrays, into: buffer)
        let read = store.arrays(from: buffer)
        #expect(read.map(\.path) == store.entries.map(\.path))
        for array in read {
            #expect(array.values == arrays[array.path]?.values && array.shape == arrays[array.path]?.shape)
        }
        // Averages and moments are loaded in the same way.
        let other = try CPUDevice().makeBuffer(count: store.length)
        try store.load(arrays, into: other)
        #expect(
            other.values
                == buffer.values.enumerated().map { index, value in
                    store.entries.contains { ($0.offset..<$0.offset + $0.shape.count).contains(index) } ? value : 0
                })
    }

    @Test func oneErrorListsAllMismatchesAndNothingIsCopied() throws {
        let (store, buffer, good) = try sample()
        let before = buffer.values
        var arrays = good
        arrays["a.weight"] = nil
        arrays["a.bias"] = (shape: [1, 2], values: [9, 9])
        arrays["b.bias"] = (shape: [4], values: [9, 9, 9])
        arrays["z"] = (shape: [1], values: [9])
        arrays["c.weight"] = (shape: [1], values: [9])
        let broken = arrays
        let error = try #require(throws: ParameterMismatch.self) { try store.load(broken, into: buffer) }
        #expect(error.missing == ["a.weight"])
        #expect(error.unused == ["c.weight", "z"])
        #expect(error.misshapen == ["a.bias is [1×2], expected [2]", "b.bias has 3 values for [4]"])
        #expect(
            error.description
                == "the arrays are not this network's parameters (missing: a.weight; unused: c.weight, z; "
                + "of another shape: a.bias is [1×2], expected [2], b.bias has 3 values for [4])")
        #expect(buffer.values == before)
        #expect(throws: ParameterMismatch.self) { try store.check(broken) }
        try store.check(good)
    }

    @Test func longListsAreShortened() throws {
        let store = store { root in for index in 0..<9 { _ = (root / "p\(index)").parameter([1], .constant(0)) } }
        let error = try #require(throws: ParameterMismatch.self) { try store.check([:]) }
        #expect(error.missing.count == 9)
        #expect(error.description.contains("missing: p0, p1, p2, p3, p4, p5 and 3 more"))
        #expect(!error.description.contains("unused"))
    }
}
