import Graphs

/// The highest rates that a device reaches on this machine: the two bounds of the roofline model for a program's kernels.
public struct PeakRates: Sendable {
    /// Floating-point operations per second of the fastest of several typical 3×3 convolutions.
    public let arithmetic: Double
    /// Bytes per second that a long elementwise loop reads and writes.
    public let traffic: Double

    /// Measures both rates in a few seconds: the best of up to eight runs on all threads, as in a training step. Slow devices make fewer.
    /// - Throws: `ExecutionError`.
    public init(of device: any Device) throws {
        let batch = 32
        let shards = device.shardCount(forBatch: batch)
        func costs(_ input: Shape, filter: Shape?) throws -> [KernelCost] {
            let values = HostArray.floats([Float](repeating: 0.5, count: input.count * shards))
            let filters = HostArray.floats([Float](repeating: 0.5, count: (filter?.count ?? 0) * shards))
            let program = try device.compile(shards: shards, parameters: [:]) { _ in
                let graph = Graph()
                let x = graph.input("x", input)
                guard let filter else { return Outputs(results: ["y": x * 2 + 1]) }
                // The second convolution reads and writes activations in the storage that the device itself chose.
                let w = graph.input("w", filter)
                let y = x.convolution(w, .init(padding: 1)).convolution(w, .init(padding: 1))
                return Outputs(results: ["y": y.sum(along: [0, 1, 2, 3])])
            }
            let begin = ContinuousClock.now
            var costs: [KernelCost] = []
            for run in 0..<8 where run == 0 || ContinuousClock.now - begin < .seconds(0.5) {
                costs += try program.profile(["x": values, "w": filters])
            }
            return costs
        }
        var arithmetic = 0.0
        for (side, channels) in [(64, 64), (32, 64), (32, 128), (16, 128), (16, 256), (8, 256), (8, 512)] {
            let input: Shape = [batch / shards, side, side, channels]
            for cost in try costs(input, filter: [channels, 3, 3, channels]) {
                arithmetic = max(arithmetic, cost.flops / cost.seconds)
            }
        }
        self.arithmetic = arithmetic
        // Larger than most caches.
        traffic = try costs([batch / shards, 1 << 18], filter: nil).map { $0.bytes / $0.seconds }.max() ?? 0
    }
}
