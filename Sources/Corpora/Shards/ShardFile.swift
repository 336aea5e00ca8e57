import Compression
import Files

/// A shard: a tar file, plain or gzipped.
struct ShardFile: ImageArchive {
    let path: String
    /// Access points of a gzipped shard; nil for a plain tar file.
    let index: GzipIndex?
    /// Number of the shard among those that share `cursors`.
    let number: Int
    let cursors: GzipCursors

    func read(_ range: Range<Int>) throws(CorpusError) -> [UInt8] {
        let file = try CorpusFile.open(path)
        if let index {
            do throws(GzipFault) {
                return try cursors.read(range, ofFile: number, index, file.bytes)
            } catch {
                throw .cannotRead(path: path, reason: error.reason)
            }
        }
        var bytes: [UInt8] = []
        do throws(FileError) {
            try file.read(range.count, at: range.lowerBound, into: &bytes)
        } catch {
            throw CorpusError(error)
        }
        guard bytes.count == range.count else { throw .cannotRead(path: path, reason: "it has become shorter") }
        return bytes
    }
}

extension OpenFile {
    /// The file as a source of gzip decompression.
    func bytes(_ count: Int, _ offset: Int, _ buffer: inout [UInt8]) throws(GzipFault) {
        do throws(FileError) {
            try read(count, at: offset, into: &buffer)
        } catch {
            throw GzipFault(reason: error.reason)
        }
    }
}

/// A plain tar file, read by seeking. Each read fetches some bytes ahead, because the next request often follows
/// directly.
struct PlainTar: TarSource {
    let file: OpenFile
    private var window: [UInt8] = []
    private var start = 0
    /// Minimum number of bytes per read.
    private static let ahead = 4096

    init(_ file: OpenFile) { self.file = file }

    mutating func bytes(_ count: Int, at offset: Int) throws(TarFault) -> ArraySlice<UInt8> {
        if offset < start || offset + count > start + window.count {
            window.removeAll(keepingCapacity: true)
            start = offset
            do throws(FileError) {
                try file.read(max(count, Self.ahead), at: offset, into: &window)
            } catch {
                throw TarFault(reason: "cannot be read: \(error.reason)")
            }
        }
        return window[min(offset - start, window.count)..<min(offset - start + count, window.count)]
    }

    func has(_ size: Int) -> Bool { size <= file.size }
}

/// A gzipped tar file, decompressed once from beginning to end; only requested bytes are kept.
struct GzippedTar: TarSource {
    private(set) var stream: GzipStream
    private var window: [UInt8] = []
    private var start = 0

    /// - Parameter points: maximum number of access points.
    init(_ file: OpenFile, points: Int) throws(TarFault) {
        do throws(GzipFault) {
            stream = try GzipStream(points: points, file.bytes)
        } catch {
            throw TarFault(reason: error.reason)
        }
    }

    mutating func bytes(_ count: Int, at offset: Int) throws(TarFault) -> ArraySlice<UInt8> {
        do throws(GzipFault) {
            while start + window.count < offset + count {
                if start + window.count <= offset {
                    start += window.count
                    window.removeAll(keepingCapacity: true)
                } else if offset - start > 1 << 20 {
                    window.removeSubrange(..<(offset - start))
                    start = offset
                }
                guard try stream.expand(into: &window) else { break }
            }
        } catch {
            throw TarFault(reason: error.reason)
        }
        let from = min(max(offset - start, 0), window.count)
        return window[from..<min(from + count, window.count)]
    }

    func has(_ size: Int) -> Bool { !stream.hasEnded || size <= stream.size }
}
