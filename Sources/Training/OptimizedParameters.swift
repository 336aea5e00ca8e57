import Execution
import Graphs
import Layers

/// A network's parameters with everything that Adam and the moving average keep beside them, each in one buffer of a device.
package final class OptimizedParameters {
    /// The parameters' paths and shapes.
    package let store: ParameterStore
    /// The current values.
    package let parameters: any Buffer
    /// One gradient buffer for each shard of the program that computes it; the mean is taken into the first.
    private let gradients: [any Buffer]
    /// The exchange of the gradients of the run in progress.
    private var reduction: GradientReduction?
    private let first: any Buffer
    private let second: any Buffer
    /// Moving average of the values.
    package let average: any Buffer
    /// The parameters under spectral normalization; nil if there are none.
    package let spectral: SpectralNormalization?
    /// Updates made.
    package internal(set) var steps = 0
    /// Updates skipped since the last one that was made.
    package internal(set) var skippedInARow = 0
    private let beta1: Float
    private let beta2: Float
    private let device: any Device
    /// The ranks that train these parameters together.
    package var ranks: any Communicator { device.ranks }

    /// Lays out the declared parameters on a device and draws their initial values.
    /// - Parameters:
    ///   - beta1, beta2: Adam's decay rates.
    ///   - shards: of the programs that compute gradients in this rank.
    package init(
        _ store: ParameterStore, device: any Device, seed: UInt64, beta1: Float, beta2: Float, shards: Int = 1
    ) throws(ExecutionError) {
        self.store = store
        self.device = device
        (self.beta1, self.beta2) = (beta1, beta2)
        parameters = try store.allocate(on: device, seed: seed)
        var gradients: [any Buffer] = []
        for _ in 0..<shards { gradients.append(try device.makeBuffer(count: store.length)) }
        self.gradients = gradients
        first = try device.makeBuffer(count: store.length)
        second = try device.makeBuffer(count: store.length)
        average = try device.makeBuffer(count: store.length)
        average.values = parameters.values
        spectral = try SpectralNormalization(
            store, parameters: parameters, gradient: gradients[0], device: device, seed: seed)
    }

    /// Where a program reads the current parameters.
    package var current: [String: BufferSlice] {
        store.slices(of: parameters).merging(spectral?.slices ?? [:]) { $1 }
    }

    /// The gradients of `loss` by the parameters, each with its place in a shard's gradient buffer.
    package func gradientWrites(of loss: Tensor, shard: Int = 0) -> [(tensor: Tensor, destination: BufferSlice)] {
        let variables = store.entries.map { loss.graph.parameter($0.path, $0.shape) }
        return zip(store.entries, Graphs.gradients(of: loss, withRespectTo: variables)).map {
            ($1, store.slice($0, of: gradients[shard]))
        }
    }

    /// The gradient of the last step, after `averageGradients`.
    package var gradient: any Buffer { gradients[0] }

    /// Averages the gradients of all shards of all ranks.
    /// - Parameter maximumNorm: the mean is scaled down to this Euclidean norm; nil leaves it.
    /// - Returns: the norm before scaling; not finite if any gradient is not.
    package func averageGradients(maximumNorm: Double? = nil) throws -> Double {
        guard let reduction else {
            precondition(
                ranks.size == 1, "the gradients of several ranks are averaged only if startReduction was called")
            return device.averageGradients(gradients, maximumNorm: maximumNorm)
        }
        self.reduction = nil
        try reduction.finish()
        return device.averageGradients([gradient], maximumNorm: maximumNorm)
    }

    /// Starts to average the gradients that a run of `program` is about to write, over all ranks; nil if there is only one.
    package func startReduction(of program: any Executable) -> GradientReduction? {
        guard ranks.size > 1 else { return nil }
        reduction = GradientReduction(gradients, writes: program.writes, ranks: ranks)
        return reduction
    }

    /// One step of Adam and of the moving average, and one power iteration of each parameter under spectral normalization.
    package func update(learningRate: Float, averageDecay: Float) {
        steps += 1
        spectral?.correctGradient()
        device.adam(
            AdamStep(
                learningRate: learningRate, beta1: beta1, beta2: beta2, number: steps, averageDecay: averageDecay),
            on: AdamState(
                gradient: gradient, parameters: parameters, first: first, second: second, average: average))
        spectral?.normalize(iterating: true)
    }

    /// Replaces the values of all parameters below a path, and their moving average, before the first update.
    /// - Parameters:
    ///   - arrays: one for each of these parameters, and no others, by path from `root`.
    ///   - root: the first component of their paths.
    package func start(from arrays: [String: (shape: [Int], values: [Float])], below root: String)
        throws(ParameterMismatch)
    {
        var all: [String: (shape: [Int], values: [Float])] = [:]
        for (path, shape, values) in store.arrays(from: parameters) where !path.hasPrefix("\(root).") {
            all[path] = (shape, values)
        }
        for (path, array) in arrays { all["\(root).\(path)"] = array }
        try store.load(all, into: parameters)
        average.values = parameters.values
        parametersChanged()
    }

    /// Must be called after parameters were changed other than by `update`, so that programs read the new values.
    package func parametersChanged() { spectral?.normalize(iterating: false) }

    /// The buffers that a checkpoint keeps, by name.
    var buffers: [(name: String, buffer: any Buffer)] {
        [("parameters", parameters), ("first_moment", first), ("second_moment", second), ("average", average)]
            + (spectral.map { [("singular_vectors", $0.vectors)] } ?? [])
    }

    /// The moving averages as named arrays.
    package var averagedArrays: [String: (shape: [Int], values: [Float])] {
        Dictionary(uniqueKeysWithValues: store.arrays(from: average).map { ($0.path, ($0.shape, $0.values)) })
    }
}
