import Compression
import RandomStreams
import TestSupport
import Testing

/// Reads an array as a `ByteSource`.
func source(of bytes: [UInt8]) -> ByteSource {
    { (count, offset, buffer) throws(GzipFault) in
        buffer += bytes[min(offset, bytes.count)..<min(offset + count, bytes.count)]
    }
}

/// Sequential decompression of valid and invalid gzip files.
@Suite struct GzipStreamTests {
    /// Alternating text, runs and noise.
    private func content(_ count: Int, seed: UInt64) -> [UInt8] {
        var stream = RandomStream(seed: seed, purpose: "content")
        var bytes: [UInt8] = []
        while bytes.count < count {
            let (length, byte) = (1 + stream.index(below: 3000), UInt8(stream.index(below: 256)))
            switch stream.index(below: 3) {
            case 0: bytes += (0..<length).map { _ in UInt8(97 + stream.index(below: 5)) }
            case 1: bytes += [UInt8](repeating: byte, count: length)
            default: bytes += (0..<length).map { _ in UInt8(truncatingIfNeeded: stream.bits()) }
            }
        }
        return Array(bytes.prefix(count))
    }

    @Test(arguments: [0, 1, 2, 100, 65_535, 65_536, 65_537, 300_000], [0, 1, 6, 9] as [Int32])
    func whatZlibWritesIsReadBack(count: Int, level: Int32) throws {
        let content = content(count, seed: UInt64(count))
        let packed = gzipped(content, level: level)
        #expect(GzipStream.isGzip(packed))
        #expect(try GzipStream.expanded(packed, limit: count).elementsEqual(content))
    }

    @Test func piecesJoinToTheWhole() throws {
        let content = content(500_000, seed: 1)
        let packed = gzipped(content)
        var stream = try GzipStream(points: 0, source(of: packed))
        var found: [UInt8] = []
        while try stream.expand(into: &found) { #expect(stream.size == found.count) }
        #expect(found.elementsEqual(content))
        #expect(stream.hasEnded)
        #expect(stream.index.count == 0)
    }

    /// RFC 1952, section 2.2: a file may have several members.
    @Test func membersJoin() throws {
        let parts = [100_000, 0, 1, 70_000].map { content($0, seed: 3 + UInt64($0)) }
        let packed = parts.flatMap { gzipped($0) }
        let whole = parts.flatMap { $0 }
        #expect(try GzipStream.expanded(packed, limit: 1 << 20).elementsEqual(whole))
        // Tape padding, or anything else that is not a member, ends the file.
        for rest in [[0, 0, 0], [UInt8](repeating: 0, count: 5000), Array("no member".utf8), [0x1F]] as [[UInt8]] {
            #expect(try GzipStream.expanded(packed + rest, limit: 1 << 20).elementsEqual(whole))
        }
    }

    @Test func everyCutIsRefused() throws {
        let packed = gzipped(content(400, seed: 5))
        for count in 0..<packed.count {
            #expect(throws: GzipFault.self, "\(count) of \(packed.count)") {
                try GzipStream.expanded(Array(packed.prefix(count)), limit: 4000)
            }
        }
    }

    /// A flipped bit is detected, or does not affect the content (the date in the header, padding bits).
    @Test func aChangedBitIsFound() throws {
        let content = noise(100)
        let packed = gzipped(content)
        var unnoticed: [Int] = []
        for bit in 0..<packed.count * 8 {
            var broken = packed
            broken[bit / 8] ^= 1 << UInt8(bit % 8)
            if let found = try? GzipStream.expanded(broken, limit: 1 << 20) {
                #expect(found == content, "bit \(bit)")
                unnoticed.append(bit)
            }
        }
        // Bytes 4 to 9 are date, extra flags and system; of the flags in byte 3 one says "text", and needs nothing
        // more. A stored block begins at a byte boundary; the bits before it are unused.
        #expect(unnoticed.allSatisfy { (32..<80).contains($0) || $0 == 24 || (83..<88).contains($0) }, "\(unnoticed)")
    }

    @Test func damageIsNamed() throws {
        let packed = gzipped(Array("a caption".utf8))
        for (place, reason) in [
            (2, "header"), (3, "header"), (packed.count - 6, "checksum"), (packed.count - 2, "checksum"),
        ] {
            var broken = packed
            broken[place] ^= 0xE0
            let error = #expect(throws: GzipFault.self) { try GzipStream.expanded(broken, limit: 100) }
            #expect(error?.reason.contains(reason) == true, "\(place): \(error?.reason ?? "")")
        }
        #expect(throws: GzipFault.self) { try GzipStream.expanded(packed, limit: 8) }
    }

    /// 100 MiB of zeros in 100 kB: a decompression bomb.
    @Test func whatSwellsBeyondMeasureIsRefused() throws {
        let bomb = gzipped([UInt8](repeating: 0, count: 100 << 20), level: 9)
        var stream = try GzipStream(points: 0, source(of: bomb))
        var output: [UInt8] = []
        let error = #expect(throws: GzipFault.self) {
            while try stream.expand(into: &output) { output.removeAll(keepingCapacity: true) }
        }
        #expect(error?.reason.contains("more than 200 times its size") == true, "\(error?.reason ?? "")")
        #expect(stream.size < 100 << 20)
    }
}
