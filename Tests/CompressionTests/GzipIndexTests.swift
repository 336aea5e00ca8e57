import Compression
import Dispatch
import Synchronization
import TestSupport
import Testing

/// Reading from the middle of gzip data.
@Suite struct GzipIndexTests {
    /// Compressible text mixed with incompressible noise.
    private static let content = noise(24 << 20).enumerated().map { place, byte in
        place >> 16 & 1 == 0 ? byte >> 4 + 0x61 : byte
    }

    private func index(_ packed: [UInt8], points: Int) throws -> (GzipIndex, ByteSource, content: [UInt8]) {
        let source = source(of: packed)
        var stream = try GzipStream(points: points, source)
        var content: [UInt8] = []
        while try stream.expand(into: &content) {}
        return (stream.index, source, content)
    }

    @Test(arguments: [1, 3, 4096]) func readsInTheMiddleWhateverThePoints(points: Int) throws {
        let content = Self.content
        let half = content.count / 2 + 12345
        // One member, and two members followed by zeros.
        for packed in [
            gzipped(content, level: 1),
            gzipped(Array(content[..<half]), level: 1) + gzipped(Array(content[half...])) + [0, 0],
        ] {
            let (index, source, expanded) = try index(packed, points: points)
            // Not #expect(a == b): on failure, computing the smallest difference would take minutes.
            #expect(expanded.elementsEqual(content))
            #expect(index.count <= points && index.count >= min(points, 2) - 1)
            let cursors = GzipCursors()
            var state = UInt64(7)
            for round in 0..<60 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let length = [0, 1, 100, 70_000, 300_000][round % 5]
                // Sometimes across the boundary of the members.
                let start = round % 9 == 0 ? half - length / 2 : Int(state >> 33) % (content.count - length)
                let read = try cursors.read(start..<start + length, ofFile: 0, index, source)
                #expect(read.elementsEqual(content[start..<start + length]), "\(start) \(length)")
            }
        }
    }

    /// Ranges after the end and an index without points are errors.
    @Test func whatIsNotThereIsRefused() throws {
        let content = Array(Self.content[..<(1 << 20)])
        let packed = gzipped(content)
        let (index, source, _) = try index(packed, points: 2)
        let cursors = GzipCursors()
        let last = try cursors.read(content.count - 5..<content.count, ofFile: 0, index, source)
        #expect(last == Array(content.suffix(5)))
        #expect(throws: GzipFault.self) {
            try cursors.read(content.count - 5..<content.count + 1, ofFile: 0, index, source)
        }
        let none = try self.index(packed, points: 0).0
        #expect(none.count == 0)
        #expect(throws: GzipFault.self) { try cursors.read(0..<1, ofFile: 0, none, source) }
    }

    /// Cursors of one file are never used for another.
    @Test func filesAreToldApart() throws {
        let contents = [Array(Self.content[..<(1 << 19)]), Array(Self.content[(5 << 20)..<(5 << 20) + (1 << 19)])]
        let files = try contents.map { try index(gzipped($0), points: 1) }
        let cursors = GzipCursors()
        // Each read begins at the offset where that of the other file ended.
        for start in stride(from: 0, to: (1 << 19) - 40_000, by: 20_000) {
            for (number, file) in files.enumerated() {
                let range = start + number * 20_000..<start + (number + 1) * 20_000
                let read = try cursors.read(range, ofFile: number, file.0, file.1)
                #expect(read.elementsEqual(contents[number][range]), "file \(number) at \(range.lowerBound)")
            }
        }
    }

    @Test func manyThreadsReadOneFile() throws {
        let packed = gzipped(Self.content, level: 1)
        let (index, _, _) = try index(packed, points: 4096)
        let cursors = GzipCursors()
        let wrong = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 200) { round in
            let start = round * 7_919_113 % (Self.content.count - 5000)
            let read = try? cursors.read(start..<start + 5000, ofFile: 0, index, source(of: packed))
            if read != Array(Self.content[start..<start + 5000]) { wrong.add(1, ordering: .relaxed) }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
    }

    @Test func readsInOrderWithoutBeginningAnew() throws {
        let packed = gzipped(Self.content, level: 1)
        var taken = 0
        let (index, _, _) = try index(packed, points: 1)
        let cursors = GzipCursors()
        for start in stride(from: 0, to: Self.content.count, by: 40_000) {
            let range = start..<min(start + 40_000, Self.content.count)
            let read = try cursors.read(range, ofFile: 3, index) { (count, offset, buffer) throws(GzipFault) in
                let before = buffer.count
                buffer += packed[min(offset, packed.count)..<min(offset + count, packed.count)]
                taken += buffer.count - before
            }
            #expect(read.elementsEqual(Self.content[range]))
        }
        // Each read fetches at most 64 KiB more than it needs; starting at the only point each time would read the file
        // 300 times.
        #expect(taken < 6 * packed.count, "\(taken) of \(packed.count)")
    }
}
