/// Reads a file: appends `count` bytes from `offset` on to the buffer; fewer only at the end of the file.
package typealias ByteSource = (_ count: Int, _ offset: Int, _ buffer: inout [UInt8]) throws(GzipFault) -> Void

/// Decompresses a gzip file (RFC 1952, including files of several members) sequentially, and collects access points.
package struct GzipStream {
    private let source: ByteSource
    private let inflater: Inflater
    /// Bytes read from the file; those from `position` on are not decompressed yet.
    private var input: [UInt8] = []
    private var position = 0
    /// File offset of the end of `input`.
    private var inputEnd = 0
    /// Whether the whole file has been decompressed.
    package private(set) var hasEnded = false
    /// Number of bytes decompressed so far.
    package private(set) var size = 0
    /// The access points found so far.
    package private(set) var index: GzipIndex

    /// Maximum compression ratio. Images and captions compress far less; more indicates a decompression bomb.
    private static let largestRatio = 200
    private static let chunk = 1 << 16

    /// - Parameters:
    ///   - points: maximum number of access points.
    ///   - source: reads the file.
    /// - Throws: `GzipFault`.
    package init(points: Int, _ source: @escaping ByteSource) throws(GzipFault) {
        self.source = source
        inflater = try Inflater(.gzip)
        index = GzipIndex(limit: points)
    }

    /// Whether a file begins with the signature of gzip.
    package static func isGzip(_ bytes: some Collection<UInt8>) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// Appends the next 64 KiB or less of content to `output`; returns false at the end.
    /// - Throws: `GzipFault`.
    package mutating func expand(into output: inout [UInt8]) throws(GzipFault) -> Bool {
        if hasEnded { return false }
        let before = output.count
        output.append(contentsOf: repeatElement(0, count: Self.chunk))
        var written = 0
        while written < Self.chunk, !hasEnded {
            if position == input.count {
                input.removeAll(keepingCapacity: true)
                position = 0
                try source(4 * Self.chunk, inputEnd, &input)
                inputEnd += input.count
                if input.isEmpty { throw .cut }
            }
            let step = try output.withUnsafeMutableBufferPointer { output throws(GzipFault) in
                try inflater.step(
                    input[position...], into: UnsafeMutableBufferPointer(rebasing: output[(before + written)...]))
            }
            position += step.read
            written += step.written
            size += step.written
            let read = inputEnd - input.count + position
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

    /// Continues with another member if one follows; tape padding, or anything else, ends the file.
    private mutating func startNextMember() throws(GzipFault) {
        if input.count - position < 2 {
            input.removeSubrange(..<position)
            position = 0
            let before = input.count
            try source(Self.chunk, inputEnd, &input)
            inputEnd += input.count - before
        }
        if Self.isGzip(input[position...]) { inflater.restart(.gzip) } else { hasEnded = true }
    }

    /// The content of a gzip file.
    /// - Parameter limit: maximum size of the content in bytes; larger files are refused.
    /// - Throws: `GzipFault`.
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
