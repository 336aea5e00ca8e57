extension Communicator {
    /// The values of every rank, in the order of ranks.
    package func gather<Value: BitwiseCopyable>(_ values: [Value]) throws(CommunicationError) -> [[Value]] {
        try gather(values.withUnsafeBytes { Array($0) }).map { bytes in
            [Value](unsafeUninitializedCapacity: bytes.count / MemoryLayout<Value>.stride) { buffer, count in
                count = bytes.count / MemoryLayout<Value>.stride
                _ = UnsafeMutableRawBufferPointer(buffer).initializeMemory(as: UInt8.self, from: bytes)
            }
        }
    }

    /// Means over all ranks of values with names; every rank has the same names.
    package func mean(_ values: [String: Double]) throws(CommunicationError) -> [String: Double] {
        guard size > 1 else { return values }
        let names = values.keys.sorted()
        var sums = [Double](repeating: 0, count: names.count)
        for ofRank in try gather(names.map { values[$0] ?? .nan }) {
            for (index, value) in ofRank.enumerated() { sums[index] += value }
        }
        return Dictionary(uniqueKeysWithValues: zip(names, sums.map { $0 / Double(size) }))
    }

    /// The first rank whose text differs from that of rank 0, and the texts of both; nil if all ranks have the same. The result is
    /// the same in all ranks.
    package func firstDifference(
        in text: String
    ) throws(CommunicationError) -> (rank: Int, text: String, expected: String)? {
        let all = try gather(Array(text.utf8))
        guard let rank = all.indices.first(where: { all[$0] != all[0] }) else { return nil }
        return (rank, String(decoding: all[rank], as: UTF8.self), String(decoding: all[0], as: UTF8.self))
    }
}
