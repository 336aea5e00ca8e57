import CPUBackend
import Execution
import Graphs
import Layers
import RandomStreams
import Testing
import Tasks
import Training

/// Filters divided by their largest singular value.
@Suite(.serialized) struct SpectralNormalizationTests {
    /// Filters of several shapes, one of them not normalized.
    private struct Filters {
        let store = ParameterStore()
        let parameters: any Buffer
        let gradient: any Buffer
        let spectral: SpectralNormalization

        init(seed: UInt64, threads: Int = 2) throws {
            let root = ParameterScope(Graph(), store)
            _ = Convolution(
                root / "plain", inputChannels: 4, outputChannels: 8, kernelSize: 3)
            _ = Convolution(
                root / "wide", inputChannels: 3, outputChannels: 24, kernelSize: 3, isSpectrallyNormalized: true)
            _ = Convolution(
                root / "tall", inputChannels: 2, outputChannels: 40, kernelSize: 1, isSpectrallyNormalized: true)
            _ = Convolution(
                root / "row", inputChannels: 8, outputChannels: 1, kernelSize: 3, isSpectrallyNormalized: true)
            _ = Convolution(
                root / "large", inputChannels: 33, outputChannels: 48, kernelSize: 4, bias: false,
                isSpectrallyNormalized: true)
            parameters = try store.allocate(on: CPUDevice(), seed: seed)
            gradient = try CPUDevice().makeBuffer(count: store.length)
            let normalization = try SpectralNormalization(
                store, parameters: parameters, gradient: gradient, device: CPUDevice(threads: threads), seed: seed)
            spectral = try #require(normalization)
        }

        var normalized: [ParameterStore.Entry] { store.entries.filter(\.isSpectrallyNormalized) }

        /// What programs read of a filter, as a matrix of rows.
        func effective(_ entry: ParameterStore.Entry) throws -> [[Double]] {
            let slice = try #require(spectral.slices[entry.path])
            return SpectralNormalizationTests.matrix(slice.buffer.values, slice.offset, entry)
        }

        func weight(_ entry: ParameterStore.Entry) -> [[Double]] {
            SpectralNormalizationTests.matrix(parameters.values, entry.offset, entry)
        }

        /// The estimates of the first singular vectors.
        func vectors(_ entry: ParameterStore.Entry) -> (u: [Double], v: [Double]) {
            let values = spectral.vectors.values.map(Double.init)
            var position = 0
            for other in normalized {
                let (rows, columns) = (other.shape[0], other.shape.count / other.shape[0])
                if other.path == entry.path {
                    return (
                        Array(values[position..<position + rows]),
                        Array(values[position + rows..<position + rows + columns])
                    )
                }
                position += rows + columns
            }
            return ([], [])
        }
    }

    private static func matrix(_ values: [Float], _ offset: Int, _ entry: ParameterStore.Entry) -> [[Double]] {
        let (rows, columns) = (entry.shape[0], entry.shape.count / entry.shape[0])
        return (0..<rows).map { row in (0..<columns).map { Double(values[offset + row * columns + $0]) } }
    }

    private func product(_ matrix: [[Double]], _ v: [Double]) -> [Double] {
        matrix.map { row in zip(row, v).reduce(0) { $0 + $1.0 * $1.1 } }
    }

    private func transposedProduct(_ matrix: [[Double]], _ u: [Double]) -> [Double] {
        matrix[0].indices.map { column in matrix.indices.reduce(0) { $0 + matrix[$1][column] * u[$1] } }
    }

    private func length(_ v: [Double]) -> Double { v.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    /// The largest singular value, by power iteration until it no longer changes.
    private func largestSingularValue(_ matrix: [[Double]]) -> Double {
        var stream = RandomStream(seed: 99, purpose: "power iteration")
        var v = stream.normals(matrix[0].count).map(Double.init)
        var last = 0.0
        for _ in 0..<100_000 {
            let scale = length(v)
            let u = product(matrix, v.map { $0 / scale })
            v = transposedProduct(matrix, u)
            let found = length(u)
            if abs(found - last) < 1e-13 * found { return found }
            last = found
        }
        return last
    }

    @Test func theLargestSingularValueBecomesOne() throws {
        for threads in [1, 2] { try checkLargestSingularValue(Filters(seed: 1, threads: threads)) }
    }

    private func checkLargestSingularValue(_ filters: Filters) throws {
        for entry in filters.normalized {
            // The estimate is never too large, and after the first iterations not much too small.
            let value = largestSingularValue(try filters.effective(entry))
            #expect(value > 1 - 1e-5 && value < 1.25, "\(entry.path) begins at \(value)")
        }
        for _ in 0..<2 {
            for _ in 0..<400 { filters.spectral.normalize(iterating: true) }
            for entry in filters.normalized {
                let value = largestSingularValue(try filters.effective(entry))
                #expect(abs(value - 1) < 1e-3, "\(entry.path): \(value)")
                // A multiple of the filter.
                let (effective, weight) = (try filters.effective(entry).joined(), filters.weight(entry).joined())
                let sigma = largestSingularValue(filters.weight(entry))
                for (a, b) in zip(effective, weight) { #expect(abs(a * sigma - b) <= 2e-3 * abs(b)) }
            }
            // Other filters, as after an update: the estimate follows.
            var stream = RandomStream(seed: 2, purpose: "filters")
            filters.parameters.values = stream.normals(filters.parameters.count)
        }
    }

    @Test func onlyWhatIsNormalizedIsReadElsewhere() throws {
        let filters = try Filters(seed: 1)
        #expect(Set(filters.spectral.slices.keys) == ["wide.weight", "tall.weight", "row.weight", "large.weight"])
        let store = ParameterStore()
        _ = Convolution(
            ParameterScope(Graph(), store) / "plain", inputChannels: 4, outputChannels: 8, kernelSize: 3)
        let values = try store.allocate(on: CPUDevice(), seed: 1)
        let none = try SpectralNormalization(
            store, parameters: values, gradient: CPUDevice().makeBuffer(count: store.length), device: CPUDevice(),
            seed: 1)
        #expect(none == nil)
    }

    /// Without a power iteration W/σ follows W, and the vectors stay.
    @Test func normalizingWithoutIteratingLeavesTheVectors() throws {
        let filters = try Filters(seed: 3)
        let vectors = filters.spectral.vectors.values
        let before = try filters.normalized.map { try filters.effective($0) }
        filters.spectral.normalize(iterating: false)
        #expect(filters.spectral.vectors.values == vectors)
        #expect(try filters.normalized.map { try filters.effective($0) } == before)
        filters.parameters.values = filters.parameters.values.map { $0 * 3 }
        filters.spectral.normalize(iterating: false)
        #expect(filters.spectral.vectors.values == vectors)
        for (entry, old) in zip(filters.normalized, before) {
            for (a, b) in zip(try filters.effective(entry).joined(), old.joined()) {
                #expect(abs(a - b) <= 1e-5 * abs(b))
            }
        }
        filters.spectral.normalize(iterating: true)
        #expect(filters.spectral.vectors.values != vectors)
    }

    /// Of L = Σ (a + ½ b · W/σ) · W/σ, whose derivative by W/σ is a + b · W/σ: through σ = uᵀWv with u and v as they are.
    @Test(arguments: [1, 2]) func theCorrectedGradientIsThatThroughTheSingularValue(_ threads: Int) throws {
        let filters = try Filters(seed: 5, threads: threads)
        var stream = RandomStream(seed: 6, purpose: "loss")
        var given = [Float](repeating: 0, count: filters.gradient.count)
        var losses: [String: (a: [Double], b: [Double])] = [:]
        for entry in filters.store.entries {
            let (a, b) = (
                stream.normals(entry.shape.count).map(Double.init), stream.normals(entry.shape.count).map(Double.init)
            )
            losses[entry.path] = (a, b)
            let effective =
                entry.isSpectrallyNormalized
                ? Array(try filters.effective(entry).joined()) : [Double](repeating: 1, count: entry.shape.count)
            for index in 0..<entry.shape.count {
                given[entry.offset + index] = Float(a[index] + b[index] * effective[index])
            }
        }
        filters.gradient.values = given
        filters.spectral.correctGradient()
        let found = filters.gradient.values
        for entry in filters.store.entries {
            let range = entry.offset..<entry.offset + entry.shape.count
            guard entry.isSpectrallyNormalized else {
                #expect(found[range] == given[range], "\(entry.path)")
                continue
            }
            let (u, v) = filters.vectors(entry)
            #expect(abs(length(u) - 1) < 1e-5 && abs(length(v) - 1) < 1e-5)
            let weight = filters.weight(entry)
            let (a, b) = try #require(losses[entry.path])
            let columns = weight[0].count
            func loss(moving row: Int, _ column: Int, by step: Double) -> Double {
                var moved = weight
                moved[row][column] += step
                let sigma = zip(u, product(moved, v)).reduce(0) { $0 + $1.0 * $1.1 }
                var sum = 0.0
                for (index, value) in moved.joined().enumerated() {
                    let effective = value / sigma
                    sum += (a[index] + 0.5 * b[index] * effective) * effective
                }
                return sum
            }
            let size = length(found[range].map(Double.init)) / Double(range.count).squareRoot()
            for index in stride(from: 0, to: range.count, by: max(1, range.count / 60)) {
                let (row, column) = (index / columns, index % columns)
                let step = 1e-5
                let expected =
                    (loss(moving: row, column, by: step) - loss(moving: row, column, by: -step)) / (2 * step)
                #expect(
                    abs(Double(found[entry.offset + index]) - expected) <= 2e-4 * (size + abs(expected)),
                    "\(entry.path)[\(index)]: \(found[entry.offset + index]), differences give \(expected)")
            }
        }
    }

    // MARK: In a training

    /// What a checkpoint keeps of a trainer, and what programs read of the discriminator.
    private func state(_ trainer: GANTrainer) -> [String: [Float]] {
        var state: [String: [Float]] = [:]
        let checkpoint = trainer.state.checkpoint(recipe: "", seed: 1)
        for array in checkpoint.arrays { state[array.name] = (try? array.floats()) ?? [] }
        for (name, network) in checkpoint.counters.networks {
            state["\(name).skipped_in_a_row"] = [Float(network.skippedInARow)]
        }
        for (path, slice) in trainer.discriminator.current {
            state["read \(path)"] = Array(slice.buffer.values[slice.offset..<slice.offset + slice.count])
        }
        return state
    }

    /// Names of what differs, bit for bit.
    private func differences(_ a: [String: [Float]], _ b: [String: [Float]]) -> [String] {
        a.keys.filter { a[$0]?.map(\.bitPattern) != b[$0]?.map(\.bitPattern) }.sorted()
    }

    @Test func programsAndProfilesDoNotAdvanceIt() throws {
        let gan = try TinyGAN(.features, threads: 2)
        let before = state(gan.trainer)
        #expect(before["discriminator.singular_vectors"]?.isEmpty == false)
        _ = try gan.trainer.profile(gan.batch)
        _ = gan.trainer.inputs(gan.batch)
        #expect(differences(state(gan.trainer), before).isEmpty)

        // An update does, by one iteration: the first of its vectors, remade.
        _ = try gan.trainer.step(gan.batch)
        let after = state(gan.trainer)
        #expect(differences(after, before).contains("discriminator.singular_vectors"))
        let (store, parameters) = (gan.trainer.discriminator.store, gan.trainer.discriminator.parameters.values)
        let entry = try #require(store.entries.first { $0.isSpectrallyNormalized })
        let weight = SpectralNormalizationTests.matrix(parameters, entry.offset, entry)
        let u = try #require(before["discriminator.singular_vectors"])[..<entry.shape[0]].map(Double.init)
        let wu = transposedProduct(weight, u)
        let v = wu.map { $0 / length(wu) }
        let wv = product(weight, v)
        let expected = wv.map { $0 / length(wv) } + v
        for (a, b) in zip(try #require(after["discriminator.singular_vectors"]), expected) {
            #expect(abs(Double(a) - b) < 1e-5)
        }
    }

    @Test func aSkippedUpdateDoesNotAdvanceIt() throws {
        let gan = try TinyGAN(.features, scale: .nan)
        let before = state(gan.trainer)
        _ = try gan.trainer.step(gan.batch)
        #expect(gan.trainer.state.skipped == 2)
        let counters = differences(state(gan.trainer), before)
        #expect(counters == ["discriminator.skipped_in_a_row", "generator.skipped_in_a_row"])
    }

    @Test func aCheckpointRestoresTheSameFilters() throws {
        let gan = try TinyGAN(.features)
        for _ in 0..<3 { _ = try gan.trainer.step(gan.batch) }
        let checkpoint = gan.trainer.state.checkpoint(recipe: "", seed: 1)
        let other = try TinyGAN(.features)
        #expect(!differences(state(gan.trainer), state(other.trainer)).isEmpty)
        try other.trainer.state.restore(checkpoint)
        #expect(differences(state(gan.trainer), state(other.trainer)).isEmpty)
        let measured = try [gan, other].map { try $0.trainer.step($0.batch) }
        #expect(measured[0] == measured[1])
        #expect(differences(state(gan.trainer), state(other.trainer)).isEmpty)
    }
}
