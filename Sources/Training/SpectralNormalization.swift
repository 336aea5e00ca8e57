import Execution
import Layers
import RandomStreams

/// Spectral normalization (Miyato et al. 2018, algorithm 1) as part of the optimizer's step: programs read W/σ from a buffer
/// of its own, where σ = uᵀWv estimates the largest singular value of W.
///
/// The power iteration advances once per update and nowhere else, so that shards, the programs of a step and profiles read
/// the same filters. Its vectors u and v belong to a checkpoint; W/σ follows from them.
package final class SpectralNormalization {
    /// u and v of each normalized parameter, one after another.
    package let vectors: any Buffer
    private let normalized: any Buffer
    private let entries: [ParameterStore.Entry]
    private let store: ParameterStore
    private let filters: [SpectralFilter]
    private let device: any Device

    /// Power iterations before the first step, from random vectors.
    private static let warmUp = 8

    /// Nil if no parameter of the store is normalized.
    package init?(
        _ store: ParameterStore, parameters: any Buffer, gradient: any Buffer, device: any Device, seed: UInt64
    ) throws(ExecutionError) {
        entries = store.entries.filter(\.isSpectrallyNormalized)
        guard !entries.isEmpty else { return nil }
        self.store = store
        self.device = device
        let normalized = try device.makeBuffer(count: store.length)
        let vectors = try device.makeBuffer(
            count: entries.reduce(0) { $0 + $1.shape[0] + $1.shape.count / $1.shape[0] })
        var filters: [SpectralFilter] = []
        var offset = 0
        for entry in entries {
            let (rows, columns) = (entry.shape[0], entry.shape.count / entry.shape[0])
            let u = BufferSlice(vectors, offset: offset, count: rows)
            let v = BufferSlice(vectors, offset: offset + rows, count: columns)
            offset += rows + columns
            var stream = RandomStream(seed: seed, purpose: "spectral \(entry.path)")
            u.values = stream.normals(rows)
            filters.append(
                SpectralFilter(
                    weight: store.slice(entry, of: parameters), u: u, v: v,
                    normalized: store.slice(entry, of: normalized), gradient: store.slice(entry, of: gradient)))
        }
        (self.normalized, self.vectors, self.filters) = (normalized, vectors, filters)
        for _ in 0..<SpectralNormalization.warmUp { normalize(iterating: true) }
    }

    /// Where programs read the normalized parameters, by path.
    package var slices: [String: BufferSlice] {
        Dictionary(uniqueKeysWithValues: entries.map { ($0.path, store.slice($0, of: normalized)) })
    }

    /// u and v by the path of their parameter.
    package var arrays: [(path: String, shape: [Int], values: [Float])] {
        zip(entries, filters).flatMap { entry, filter in
            [("u", filter.u), ("v", filter.v)].map { ("\(entry.path).\($0)", [$1.count], $1.values) }
        }
    }

    /// Computes W/σ from W, after a power iteration if `iterating`.
    package func normalize(iterating: Bool) { device.normalize(filters, iterating: iterating) }

    /// Converts gradients by W/σ into gradients by W.
    package func correctGradient() { device.correctGradients(filters) }
}
