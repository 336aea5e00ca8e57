/// Lends bytes of a file: appends `count` from `offset` to the buffer, fewer only where the file ends.
package typealias ByteSource = (_ count: Int, _ offset: Int, _ buffer: inout [UInt8]) throws(GzipFault) -> Void

/// Expands a gzip file (RFC 1952; several members one after the other as well) from its beginning to its end, and notes
/// on the way from where it can be expanded later.
package struct GzipStream {
    private let source: ByteSource
    private let inflater: Inflater
    /// What was read of the file and not expanded yet, from `place` on.
    private var input: [UInt8] = []
    private var place = 0
    private var inputEnd = 0
    package private(set) var hasEnded = false
    /// Bytes written so far.
    package private(set) var size = 0
    package private(set) var index: GzipIndex

    /// Compressed images are hardly smaller than images: what swells more than this was made to fill the memory.
    private static let largestRatio = 200
    private static let chunk = 1 << 16

    /// - Parameter points: the most access points that are kept.
    package init(points: Int, _ source: @escaping ByteSource) throws(GzipFault) {
        self.source = source
        inflater = try Inflater(.gzip)
        index = GzipIndex(limit: points)
    }

    /// Whether a file begins as a gzip file does.
    package static func isGzip(_ bytes: some Collection<UInt8>) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// Appends what comes next to `output`, some 64 KiB; false at the end.
    /// - Throws: `GzipFault`.
    package mutating func expand(into output: inout [UInt8]) throws(GzipFault) -> Bool {
        if hasEnded { return false }
        let before = output.count
        output.append(contentsOf: repeatElement(0, count: Self.chunk))
        var written = 0
        while written < Self.chunk, !hasEnded {
            if place == input.count {
                input.removeAll(keepingCapacity: true)
                place = 0
                try source(4 * Self.chunk, inputEnd, &input)
                inputEnd += input.count
                if input.isEmpty { throw .cut }
            }
            let step = try output.withUnsafeMutableBufferPointer { output throws(GzipFault) in
                try inflater.step(
                    input[place...], into: UnsafeMutableBufferPointer(rebasing: output[(before + written)...]))
            }
            place += step.read
            written += step.written
            size += step.written
            let read = inputEnd - input.count + place
            guard size < Self.largestRatio * read + 1 << 26 else {
                throw GzipFault(reason: "it expands to more than \(Self.largestRatio) times its size")
            }
            if step.isBetweenBlocks, !step.hasEnded, index.wantsPoint(at: size) {
                index.add(.init(input: read, bits: step.unusedBits, output: size, window: inflater.window()))
            }
            if step.hasEnded { try startNextMember() }
        }
        output.removeLast(Self.chunk - written)
        return true
    }

    /// Another member may follow; zeros that fill up a tape, or anything else, end the file.
    private mutating func startNextMember() throws(GzipFault) {
        if input.count - place < 2 {
            input.removeSubrange(..<place)
            place = 0
            let before = input.count
            try source(Self.chunk, inputEnd, &input)
            inputEnd += input.count - before
        }
        if Self.isGzip(input[place...]) { inflater.restart(.gzip) } else { hasEnded = true }
    }

    /// The content of a whole gzip file.
    /// - Parameter limit: the most bytes of content; a file that claims more is refused.
    package static func expanded(_ bytes: [UInt8], limit: Int) throws(GzipFault) -> [UInt8] {
        guard isGzip(bytes), bytes.count >= 18 else {
            throw GzipFault(reason: "its gzip header is broken, or it has been cut short")
        }
        var stream = try GzipStream(points: 0) { (count, offset, buffer) throws(GzipFault) in
            buffer += bytes[min(offset, bytes.count)..<min(offset + count, bytes.count)]
        }
        var output: [UInt8] = []
        while try stream.expand(into: &output) {
            guard output.count <= limit else {
                throw GzipFault(reason: "its content has more than \(limit) bytes")
            }
        }
        return output
    }
}
