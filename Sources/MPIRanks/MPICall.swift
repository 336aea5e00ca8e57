import CMPI
import Execution

/// Calls of MPI, on its thread.
struct MPICall {
    /// The number of ranks.
    let size: Int

    /// MPI counts bytes in 32 bits, so larger means are computed in pieces of so many values.
    private static let pieceLength = 1 << 24

    /// Loads the first library that there is and joins the job.
    static func open(_ libraries: [String]) throws(CommunicationError) -> (rank: Int, size: Int) {
        var reasons: [String] = []
        for library in libraries {
            var message = [CChar](repeating: 0, count: 512)
            if limn_mpi_open(library, &message, message.count) == 0 {
                return (Int(limn_mpi_rank()), Int(limn_mpi_size()))
            }
            reasons.append(text(message))
        }
        throw CommunicationError(
            .usage,
            "limn was started as one of several ranks, but MPI cannot be loaded (\(reasons.joined(separator: "; "))); "
                + "install openmpi-bin or mpich on every host, or name the library in LIMN_MPI")
    }

    func gather(_ bytes: [UInt8], isPatient: Bool = false) throws(CommunicationError) -> [[UInt8]] {
        var length = Int64(bytes.count)
        var lengths = [Int64](repeating: 0, count: size)
        let width = Int32(MemoryLayout<Int64>.stride)
        try require(
            limn_mpi_gather(
                &length, width, &lengths, [Int32](repeating: width, count: size),
                (0..<Int32(size)).map { $0 * width }, isPatient ? 1 : 0))
        let total = lengths.reduce(0, +)
        guard total <= Int64(Int32.max) else {
            throw CommunicationError(.outOfMemory, "ranks cannot exchange \(total >> 20) MiB in one call of MPI")
        }
        var all = [UInt8](repeating: 0, count: Int(total))
        let offsets = MPICall.offsets(lengths.map { Int32($0) })
        if total > 0 {
            try require(limn_mpi_gather(bytes, Int32(bytes.count), &all, lengths.map { Int32($0) }, offsets, 0))
        }
        return zip(offsets, lengths).map { Array(all[Int($0)..<Int($0) + Int($1)]) }
    }

    /// Each rank adds its part of all ranks' values, and all gather the sums: every value is sent twice at most, and the order of the
    /// additions does not depend on the library.
    func mean(of values: [Float], rank: Int, wire: Precision) throws(CommunicationError) -> [Float] {
        guard values.count <= MPICall.pieceLength else {
            let (first, rest) = (values[..<MPICall.pieceLength], values[MPICall.pieceLength...])
            return try mean(of: Array(first), rank: rank, wire: wire) + mean(of: Array(rest), rank: rank, wire: wire)
        }
        return switch wire {
        case .float32: try mean(of: values, rank: rank)
        case .bfloat16: try mean(of: values.map { BFloat16(rounding: $0) }, rank: rank).map(\.float)
        }
    }

    private func mean<Value: WireValue>(of values: [Value], rank: Int) throws(CommunicationError) -> [Value] {
        let width = MemoryLayout<Value>.stride
        let bounds = (0...size).map { values.count * $0 / size }
        let counts = (0..<size).map { Int32((bounds[$0 + 1] - bounds[$0]) * width) }
        let own = bounds[rank + 1] - bounds[rank]
        let ownCounts = [Int32](repeating: Int32(own * width), count: size)
        var parts = [Value](repeating: Value(rounding: 0), count: own * size)
        try require(
            limn_mpi_exchange(
                values, counts, MPICall.offsets(counts), &parts, ownCounts, MPICall.offsets(ownCounts)))
        let scale = 1 / Float(size)
        // Unchecked, since this thread shares its processor with the computation.
        let means = [Value](unsafeUninitializedCapacity: own) { means, count in
            parts.withUnsafeBufferPointer { parts in
                for index in 0..<own {
                    var sum: Float = 0
                    for part in 0..<size { sum += parts[part * own + index].float }
                    means[index] = Value(rounding: sum * scale)
                }
            }
            count = own
        }
        var all = [Value](repeating: Value(rounding: 0), count: values.count)
        try require(limn_mpi_gather(means, Int32(own * width), &all, counts, MPICall.offsets(counts), 0))
        return all
    }

    private static func offsets(_ counts: [Int32]) -> [Int32] {
        var sum: Int32 = 0
        return counts.map { count in
            defer { sum += count }
            return sum
        }
    }

    /// Throws if a call failed.
    private func require(_ status: Int32) throws(CommunicationError) {
        guard status != 0 else { return }
        guard status != LIMN_MPI_TIMEOUT else {
            throw CommunicationError(
                .interrupted, "another rank did not answer after the request to stop; resume from the last checkpoint")
        }
        var message = [CChar](repeating: 0, count: 512)
        limn_mpi_describe(status, &message, message.count)
        throw CommunicationError(.internalError, "a rank of the job cannot be reached: \(MPICall.text(message))")
    }

    private static func text(_ message: [CChar]) -> String {
        String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
