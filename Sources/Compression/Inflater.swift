import CZlib

/// Why gzip data cannot be read.
package struct GzipFault: Error {
    package let reason: String

    static let broken = GzipFault(reason: "its compressed data are broken")
    static let cut = GzipFault(reason: "it has been cut short")
    package init(reason: String) { self.reason = reason }
}

/// zlib's decompressor (`z_stream`).
///
/// `@unchecked Sendable` is safe because only one thread uses it at a time: `GzipStream` owns its decompressor, and
/// `GzipCursors` hands each to one reader at a time.
final class Inflater: @unchecked Sendable {
    /// Allocated separately, because zlib's internal state points back to the stream, which must not move.
    private let stream: UnsafeMutablePointer<z_stream>

    /// The container of the data: gzip, or none (raw deflate).
    enum Wrapping: Int32 {
        // zlib's windowBits: 15, plus 16 for gzip; negative for raw data.
        case gzip = 31
        case none = -15
    }

    init(_ wrapping: Wrapping) throws(GzipFault) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard inflateInit2_(stream, wrapping.rawValue, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            stream.deallocate()
            throw GzipFault(reason: "there is not enough memory to expand it")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// The result of a step.
    struct Step {
        /// Number of bytes read.
        var read = 0
        /// Number of bytes written.
        var written = 0
        /// Whether the compressed stream ended, with a valid checksum.
        var hasEnded = false
        /// Whether the step ended at a block boundary.
        var isBetweenBlocks = false
        /// Number of unused bits of the last byte read.
        var unusedBits = 0
    }

    /// Decompresses until `input` or `output` is used up, or a block ends.
    /// - Throws: `GzipFault`.
    func step(_ input: ArraySlice<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>) throws(GzipFault) -> Step {
        var step = Step()
        let code = input.withUnsafeBufferPointer { input in
            let (readable, writable) = (UInt32(clamping: input.count), UInt32(clamping: output.count))
            // zlib does not write to its input, although its header does not say const.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.pointee.avail_in = readable
            stream.pointee.next_out = output.baseAddress
            stream.pointee.avail_out = writable
            let code = inflate(stream, Z_BLOCK)
            step.read = Int(readable - stream.pointee.avail_in)
            step.written = Int(writable - stream.pointee.avail_out)
            return code
        }
        switch code {
        case Z_OK: break
        case Z_STREAM_END: step.hasEnded = true
        case Z_MEM_ERROR: throw GzipFault(reason: "there is not enough memory to expand it")
        default:
            let message = stream.pointee.msg.map { String(cString: $0) } ?? ""
            if message.contains("header") || message.hasPrefix("unknown") {
                throw GzipFault(reason: "its gzip header is broken")
            }
            if message.hasPrefix("incorrect") { throw GzipFault(reason: "its checksum is not that of its content") }
            throw .broken
        }
        // The bits of data_type are documented in zlib.h at inflate().
        let state = stream.pointee.data_type
        step.isBetweenBlocks = state & 128 != 0 && state & 64 == 0
        step.unusedBits = Int(state & 7)
        return step
    }

    /// Resets the decompressor for a new stream.
    func restart(_ wrapping: Wrapping) { inflateReset2(stream, wrapping.rawValue) }

    /// Resets the decompressor to continue in the middle of a raw stream.
    /// - Parameters:
    ///   - bits: number of unused bits of `byte`, the last byte before.
    ///   - window: the content before, at most 32 KiB.
    func resume(bits: Int, of byte: UInt8, window: [UInt8]) throws(GzipFault) {
        inflateReset2(stream, Wrapping.none.rawValue)
        if bits > 0 { inflatePrime(stream, Int32(bits), Int32(byte >> UInt8(8 - bits))) }
        guard window.isEmpty || inflateSetDictionary(stream, window, UInt32(window.count)) == Z_OK else {
            throw .broken
        }
    }

    /// The last 32 KiB written, or less at the beginning, which the stream may refer to.
    func window() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 1 << 15) { buffer, count in
            var length = UInt32(0)
            inflateGetDictionary(stream, buffer.baseAddress, &length)
            count = Int(length)
        }
    }
}
