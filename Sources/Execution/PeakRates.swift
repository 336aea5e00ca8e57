import Graphs

/// What a device reaches at its best here and now: what a program's kernels are held against.
public struct PeakRates: Sendable {
    /// Arithmetic operations a second of the fastest of a few 3×3 convolutions that networks have.
    public let arithmetic: Double
    /// Bytes a second that a long elementwise loop reads and writes.
    public let traffic: Double

    /// Measures both in a few seconds, by the best of several runs; all threads take part, as in a training step.
    public init(of device: CPUDevice) throws {
        let batch = 32
        let replicas = Replicas.count(batch: batch, device: device)
        func costs(_ input: Shape, filter: Shape?) throws -> [Program.StepCost] {
            let values = HostArray.floats([Float](repeating: 0.5, count: input.count * replicas))
            let filters = HostArray.floats([Float](repeating: 0.5, count: (filter?.count ?? 0) * replicas))
            let program = try Replicas(replicas, on: device, parameters: [:]) { _ in
                let graph = Graph()
                let x = graph.input("x", input)
                guard let filter else { return Outputs(results: ["y": x * 2 + 1]) }
                // The second reads and writes what the device itself chose to keep.
                let w = graph.input("w", filter)
                let y = x.convolution(w, .init(padding: 1)).convolution(w, .init(padding: 1))
                return Outputs(results: ["y": y.sum(along: [0, 1, 2, 3])])
            }
            return try (0..<8).flatMap { _ in try program.profile(["x": values, "w": filters]) }
        }
        var arithmetic = 0.0
        for (side, channels) in [(64, 64), (32, 64), (32, 128), (16, 128), (16, 256), (8, 256), (8, 512)] {
            let input: Shape = [batch / replicas, side, side, channels]
            for cost in try costs(input, filter: [channels, 3, 3, channels]) where cost.name.hasPrefix("convolution") {
                arithmetic = max(arithmetic, cost.flops / cost.seconds)
            }
        }
        // More than most caches hold.
        let loops = try costs([batch / replicas, 1 << 18], filter: nil).filter { $0.name.hasPrefix("loop") }
        traffic = loops.map { $0.bytes / $0.seconds }.max() ?? 0
        self.arithmetic = arithmetic
    }
}
