import CKernels
import Execution
import Layers
import RandomStreams

/// Spectral normalization (Miyato et al. 2018, algorithm 1) as part of the optimizer's step: programs read W/σ from a buffer
/// of their own, where σ = uᵀWv estimates the largest singular value of W.
///
/// The power iteration advances once per update and nowhere else, so that shards, the programs of a step and profiles see the
/// same filters. Its vectors u and v belong to a checkpoint; W/σ follows from them.
package final class SpectralNormalization {
    /// u and v of each normalized parameter, one after another.
    package let vectors: FlatBuffer
    private let effective: FlatBuffer
    private let store: ParameterStore
    private var filters: [limn_spectral] = []

    /// Power iterations before the first step, from random vectors.
    private static let warmUp = 8

    /// Nil where no parameter of the store is normalized.
    package init?(_ store: ParameterStore, parameters: FlatBuffer, gradient: FlatBuffer, seed: UInt64) {
        let entries = store.entries.filter(\.isSpectrallyNormalized)
        guard !entries.isEmpty else { return nil }
        self.store = store
        effective = FlatBuffer(count: store.length)
        vectors = FlatBuffer(count: entries.reduce(0) { $0 + $1.shape[0] + $1.shape.count / $1.shape[0] })
        var position = 0
        for entry in entries {
            let (rows, columns) = (entry.shape[0], entry.shape.count / entry.shape[0])
            let (u, v) = (vectors.pointer + position, vectors.pointer + position + rows)
            position += rows + columns
            var stream = RandomStream(seed: seed, purpose: "spectral \(entry.path)")
            for (row, value) in stream.normals(rows).enumerated() { u[row] = value }
            filters.append(
                limn_spectral(
                    weight: parameters.pointer + entry.offset, u: u, v: v, effective: effective.pointer + entry.offset,
                    gradient: gradient.pointer + entry.offset, rows: Int64(rows), columns: Int64(columns)))
        }
        for _ in 0..<SpectralNormalization.warmUp { normalize(iterating: true, threads: 1) }
    }

    /// Where programs read the normalized parameters, by path.
    package var slices: [String: BufferSlice] {
        store.slices(of: effective).filter { path, _ in normalizedPaths.contains(path) }
    }

    /// u and v by the path of their parameter.
    package var arrays: [(path: String, shape: [Int], values: [Float])] {
        zip(store.entries.filter(\.isSpectrallyNormalized), filters).flatMap { entry, filter in
            [("u", filter.u, Int(filter.rows)), ("v", filter.v, Int(filter.columns))].map { name, start, count in
                ("\(entry.path).\(name)", [count], Array(UnsafeBufferPointer(start: start, count: count)))
            }
        }
    }

    private var normalizedPaths: Set<String> {
        Set(store.entries.filter(\.isSpectrallyNormalized).map(\.path))
    }

    /// Makes W/σ from W, after a power iteration where `iterating`.
    package func normalize(iterating: Bool, threads: Int) {
        limn_spectral_normalize(filters, Int32(filters.count), iterating ? 1 : 0, Int32(threads))
    }

    /// Turns the gradients by W/σ into those by W.
    package func correctGradient(threads: Int) { limn_spectral_gradient(filters, Int32(filters.count), Int32(threads)) }
}
