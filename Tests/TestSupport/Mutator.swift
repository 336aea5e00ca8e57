import RandomStreams

/// Makes damaged copies of files: the same seed and number give the same copy.
public struct Mutator {
    private var stream: RandomStream

    /// - Parameters:
    ///   - seed: the seed of the test's copies.
    ///   - number: the number of the copy.
    public init(seed: UInt64, number: Int) {
        stream = RandomStream(seed: seed, purpose: "damage", index: UInt64(number))
    }

    /// One of `files`, damaged in one to four ways.
    ///
    /// - Precondition: there is a file.
    public mutating func damaged(_ files: [[UInt8]]) -> [UInt8] {
        var bytes = files[stream.index(below: files.count)]
        for _ in 0...stream.index(below: 4) {
            guard !bytes.isEmpty else { break }
            damage(&bytes, with: files)
        }
        return bytes
    }

    /// A random Boolean.
    public mutating func coin() -> Bool { stream.index(below: 2) == 0 }

    private mutating func damage(_ bytes: inout [UInt8], with files: [[UInt8]]) {
        let at = stream.index(below: bytes.count)
        let part = at..<min(at + 1 + stream.index(below: stream.index(below: 2) == 0 ? 8 : 200), bytes.count)
        switch stream.index(below: 8) {
        case 0, 1:
            bytes[at] ^= 1 << UInt8(stream.index(below: 8))
        case 2, 3:
            store(number(), in: &bytes, at: at)
        case 4:
            bytes.removeSubrange(part)
        case 5:
            // Repeats a range, often a chunk or a scan, up to fifty times.
            let copy = bytes[part]
            let times = stream.index(below: 10) == 0 ? 50 : 1
            bytes.insert(contentsOf: (0..<times).flatMap { _ in copy }, at: stream.index(below: bytes.count))
        case 6:
            if stream.index(below: 4) == 0 {
                bytes.removeSubrange(at...)
            } else {
                for i in part { bytes[i] = UInt8(truncatingIfNeeded: stream.bits()) }
            }
        default:
            let other = files[stream.index(below: files.count)]
            guard !other.isEmpty else { return }
            bytes.replaceSubrange(at..., with: other[stream.index(below: other.count)...])
        }
    }

    /// Numbers that often break readers: limits, negative, zero, small and huge ones.
    private mutating func number() -> UInt32 {
        let numbers: [UInt32] = [
            0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 255, 256, 1000, 1023, 1024, 4096, 32767, 32768,
            65535, 65536, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF,
        ]
        return numbers[stream.index(below: numbers.count)]
    }

    /// Writes `number` in 1 to 4 bytes, big- or little-endian.
    private mutating func store(_ number: UInt32, in bytes: inout [UInt8], at position: Int) {
        let width = 1 + stream.index(below: 4)
        let isLittleEndian = coin()
        for i in 0..<min(width, bytes.count - position) {
            let shift = 8 * (isLittleEndian ? i : width - 1 - i)
            bytes[position + i] = UInt8(truncatingIfNeeded: number >> UInt32(shift))
        }
    }
}
