import Synchronization

/// Places from which a gzip file can be expanded without what is before them, after the example `zran.c` that comes
/// with zlib: where a block begins, and the 32 KiB of text before it that the block may refer to.
package struct GzipIndex: Sendable {
    struct Point: Sendable {
        /// Bytes of the file before it, the last of them with `bits` bits still to be used.
        let input: Int
        let bits: Int
        /// Bytes of the content before it.
        let output: Int
        let window: [UInt8]
    }

    private(set) var points: [Point] = []
    /// Content between two points, at least.
    private var span = 1 << 22
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Number of the points.
    package var count: Int { points.count }

    func wantsPoint(at output: Int) -> Bool { limit > 0 && (points.last.map { output - $0.output >= span } ?? true) }

    /// Adds a point; where there are too many, every second goes.
    mutating func add(_ point: Point) {
        points.append(point)
        guard points.count > limit else { return }
        span *= 2
        points = points.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    }

    /// The last point at or before a place of the content.
    func point(before output: Int) -> Point? {
        var (low, high) = (0, points.count)
        while low < high {
            let middle = (low + high) / 2
            if points[middle].output <= output { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : points[low - 1]
    }
}

/// Reads parts of gzip files, going on from where the last part ended wherever that is shorter: whoever reads in order
/// expands everything once.
package final class GzipCursors: Sendable {
    /// Somewhere in a file: input and output positions, and the state between.
    private struct Cursor: Sendable {
        let file: Int
        let inflater: Inflater
        var isWrapped: Bool
        var input: Int
        var output: Int
    }

    /// Each holds some 40 KiB.
    private static let most = 16
    private let idle = Mutex<[Cursor]>([])

    package init() {}

    /// Bytes `range` of the content of a gzip file.
    /// - Parameters:
    ///   - file: a number that tells files apart.
    ///   - index: made while the file was read from beginning to end.
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
            if idle.count == Self.most { idle.removeFirst() }
            idle.append(cursor)
        }
        return bytes
    }

    private static func advance(_ cursor: inout Cursor, to range: Range<Int>, _ source: ByteSource) throws(GzipFault)
        -> [UInt8]
    {
        var kept: [UInt8] = []
        var (input, output) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
        var place = 0
        while cursor.output < range.upperBound {
            if place == input.count {
                input.removeAll(keepingCapacity: true)
                place = 0
                try source(1 << 16, cursor.input, &input)
                if input.isEmpty { throw .cut }
            }
            let wanted = min(output.count, range.upperBound - cursor.output)
            let step = try output.withUnsafeMutableBufferPointer { output throws(GzipFault) in
                try cursor.inflater.step(input[place...], into: UnsafeMutableBufferPointer(rebasing: output[..<wanted]))
            }
            place += step.read
            cursor.input += step.read
            let skipped = min(max(range.lowerBound - cursor.output, 0), step.written)
            kept += output[skipped..<step.written]
            cursor.output += step.written
            guard step.hasEnded, cursor.output < range.upperBound else { continue }
            // The next member begins after the checksum and size of this one, which only gzip's own reading passes over.
            if !cursor.isWrapped { cursor.input += 8 }
            cursor.isWrapped = true
            cursor.inflater.restart(.gzip)
            input.removeAll(keepingCapacity: true)
            place = 0
        }
        return kept
    }
}
