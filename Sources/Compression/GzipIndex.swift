import Synchronization

/// Access points of a gzip file, from which it can be decompressed without the data before them (after zlib's example
/// `zran.c`). Each is the start of a block with the 32 KiB of content before it that the block may refer to.
package struct GzipIndex: Sendable {
    struct Point: Sendable {
        /// Number of compressed bytes before it; `bits` bits of the last one belong to the block.
        let input: Int
        let bits: Int
        /// Number of decompressed bytes before it.
        let output: Int
        /// The last 32 KiB of content before it, or less at the beginning.
        let window: [UInt8]
    }

    private(set) var points: [Point] = []
    /// Minimum distance of two points in the content, in bytes; doubled when there are too many points.
    private var span = 1 << 22
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Number of access points.
    package var count: Int { points.count }

    /// Whether a point at this offset of the content would be far enough from the last one.
    func wantsPoint(at output: Int) -> Bool { limit > 0 && (points.last.map { output - $0.output >= span } ?? true) }

    /// Adds a point; if there are too many, removes every second one.
    mutating func add(_ point: Point) {
        points.append(point)
        guard points.count > limit else { return }
        span *= 2
        points = points.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    }

    /// The last point at or before an offset of the content.
    func point(before output: Int) -> Point? {
        var (low, high) = (0, points.count)
        while low < high {
            let middle = (low + high) / 2
            if points[middle].output <= output { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : points[low - 1]
    }
}

/// Reads ranges of gzip files. Each read continues from where an earlier one ended, if that is closer than the next
/// access point, so sequential reading decompresses everything once. Safe to use from several threads.
package final class GzipCursors: Sendable {
    /// A suspended decompression: offsets in the file and in the content, and the decompressor's state.
    private struct Cursor: Sendable {
        let file: Int
        let inflater: Inflater
        /// Whether the decompressor reads gzip headers and checksums itself.
        var isWrapped: Bool
        var input: Int
        var output: Int
    }

    /// Maximum number of idle cursors; each takes about 40 KiB.
    private static let limit = 16
    private let idle = Mutex<[Cursor]>([])

    package init() {}

    /// The bytes in `range` of the content of a gzip file.
    /// - Parameters:
    ///   - file: a number that identifies the file.
    ///   - index: the file's access points.
    ///   - source: reads the file.
    /// - Throws: `GzipFault`.
    package func read(
        _ range: Range<Int>, ofFile file: Int, _ index: GzipIndex, _ source: ByteSource
    ) throws(GzipFault) -> [UInt8] {
        guard let point = index.point(before: range.lowerBound) else { throw .broken }
        let near = idle.withLock { idle -> Cursor? in
            let fit = idle.indices.filter {
                idle[$0].file == file && (point.output...range.lowerBound).contains(idle[$0].output)
            }
            return fit.max { idle[$0].output < idle[$1].output }.map { idle.remove(at: $0) }
        }
        var cursor: Cursor
        if let near {
            cursor = near
        } else {
            cursor = Cursor(
                file: file, inflater: try Inflater(.none), isWrapped: false, input: point.input, output: point.output)
            var byte: [UInt8] = []
            if point.bits > 0 {
                try source(1, point.input - 1, &byte)
                if byte.isEmpty { throw .cut }
            }
            try cursor.inflater.resume(bits: point.bits, of: byte.first ?? 0, window: point.window)
        }
        let bytes = try GzipCursors.advance(&cursor, to: range, source)
        idle.withLock { idle in
            if idle.count == Self.limit { idle.removeFirst() }
            idle.append(cursor)
        }
        return bytes
    }

    private static func advance(_ cursor: inout Cursor, to range: Range<Int>, _ source: ByteSource) throws(GzipFault)
        -> [UInt8]
    {
        var kept: [UInt8] = []
        var (input, output) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
        var position = 0
        while cursor.output < range.upperBound {
            if position == input.count {
                input.removeAll(keepingCapacity: true)
                position = 0
                try source(1 << 16, cursor.input, &input)
                if input.isEmpty { throw .cut }
            }
            let wanted = min(output.count, range.upperBound - cursor.output)
            let step = try output.withUnsafeMutableBufferPointer { output throws(GzipFault) in
                try cursor.inflater.step(
                    input[position...], into: UnsafeMutableBufferPointer(rebasing: output[..<wanted]))
            }
            position += step.read
            cursor.input += step.read
            let skipped = min(max(range.lowerBound - cursor.output, 0), step.written)
            kept += output[skipped..<step.written]
            cursor.output += step.written
            guard step.hasEnded, cursor.output < range.upperBound else { continue }
            // The next member begins after the checksum and size of this one (8 bytes), which a raw decompressor does
            // not read.
            if !cursor.isWrapped { cursor.input += 8 }
            cursor.isWrapped = true
            cursor.inflater.restart(.gzip)
            input.removeAll(keepingCapacity: true)
            position = 0
        }
        return kept
    }
}
