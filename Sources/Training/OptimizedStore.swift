import CKernels
import Execution
import Glibc
import Graphs
import Layers

/// A network's parameters with all that Adam and the moving average keep beside them, each in one flat buffer.
package final class OptimizedStore {
    package let store: ParameterStore
    package let parameters: FlatBuffer
    /// The gradient, and one more buffer for each further replica of a program that computes it.
    private let gradients: [FlatBuffer]
    package var gradient: FlatBuffer { gradients[0] }
    let first: FlatBuffer
    let second: FlatBuffer
    let average: FlatBuffer
    /// What programs read of parameters that are spectrally normalized; nil where there are none.
    package let spectral: SpectralNormalization?
    /// Updates made.
    var steps = 0
    /// Updates left out since the last one that was made.
    var skippedInARow = 0
    private let beta1: Float
    private let beta2: Float

    init(_ store: ParameterStore, seed: UInt64, beta1: Float, beta2: Float, replicas: Int = 1) {
        self.store = store
        (self.beta1, self.beta2) = (beta1, beta2)
        parameters = store.allocate(seed: seed)
        gradients = (0..<replicas).map { _ in FlatBuffer(count: store.length) }
        first = FlatBuffer(count: store.length)
        second = FlatBuffer(count: store.length)
        average = FlatBuffer(count: store.length)
        average.values = parameters.values
        spectral = SpectralNormalization(store, parameters: parameters, gradient: gradients[0], seed: seed)
    }

    /// Where a program reads the current parameters.
    package var current: [String: BufferSlice] {
        store.slices(of: parameters).merging(spectral?.slices ?? [:]) { $1 }
    }

    /// The derivatives of `loss` by the parameters, each bound for its place in a replica's gradient buffer.
    /// - Parameter roots: the first names of the paths of those wanted; all when there are none.
    func gradientWrites(of loss: Tensor, replica: Int = 0, under roots: [String] = [])
        -> [(tensor: Tensor, destination: BufferSlice)]
    {
        let entries = store.entries.filter { entry in
            roots.isEmpty || roots.contains { entry.path.hasPrefix($0 + ".") }
        }
        let variables = entries.map { loss.graph.parameter($0.path, $0.shape) }
        return zip(entries, Graphs.gradients(of: loss, withRespectTo: variables)).map {
            ($1, store.slice($0, of: gradients[replica]))
        }
    }

    /// Where the first replica's gradient of one parameter lies.
    func gradientSlice(of path: String) -> BufferSlice {
        guard let entry = store.entries.first(where: { $0.path == path }) else { preconditionFailure("no \(path)") }
        return store.slice(entry, of: gradient)
    }

    /// Makes `gradient` the mean over the replicas.
    /// - Returns: its Euclidean length; not finite when any of its values is not.
    func meanGradient(threads: Int) -> Double {
        let buffers: [UnsafeMutablePointer<Float>?] = gradients.map(\.pointer)
        return limn_mean_gradient(buffers, Int32(buffers.count), gradient.count, Int32(threads)).squareRoot()
    }

    /// One step of Adam (Kingma and Ba 2015) and of the moving average a ← decay·a + (1 − decay)·p, and one power iteration
    /// of each parameter that is spectrally normalized.
    func update(rate: Float, averageDecay: Float, threads: Int) {
        steps += 1
        spectral?.correctGradient(threads: threads)
        var settings = limn_adam()
        settings.rate = rate
        settings.beta1 = beta1
        settings.beta2 = beta2
        settings.epsilon = 1e-8
        settings.correction1 = Float(1 / (1 - pow(Double(beta1), Double(steps))))
        settings.correction2 = Float(1 / (1 - pow(Double(beta2), Double(steps))))
        settings.average_decay = averageDecay
        limn_adam_step(
            &settings, gradient.pointer, parameters.pointer, first.pointer, second.pointer, average.pointer,
            parameters.count, Int32(threads))
        spectral?.normalize(iterating: true, threads: threads)
    }

    /// To be called when parameters were changed other than by `update`: what programs read of them is made again.
    package func parametersChanged() { spectral?.normalize(iterating: false, threads: 1) }

    /// What a checkpoint keeps, by name.
    var state: [(name: String, buffer: FlatBuffer)] {
        [("parameters", parameters), ("first_moment", first), ("second_moment", second), ("average", average)]
            + (spectral.map { [("singular_vectors", $0.vectors)] } ?? [])
    }
}
