import CZlib

/// Why gzip data cannot be read.
package struct GzipFault: Error {
    package let reason: String

    static let broken = GzipFault(reason: "its compressed data are broken")
    static let cut = GzipFault(reason: "it has been cut short")
    package init(reason: String) { self.reason = reason }
}

/// zlib's decompressor in the middle of a stream.
///
/// `@unchecked`: it may go from thread to thread and is used by one at a time, which those who hold it see to:
/// `GzipStream` owns its own, `GzipCursors` lends each to one reader and to nobody else until it comes back.
final class Inflater: @unchecked Sendable {
    /// zlib checks that its state has not moved, so that it lies in memory of its own.
    private let stream: UnsafeMutablePointer<z_stream>

    /// What wraps the data: a gzip header and checksum, or nothing.
    enum Wrapping: Int32 {
        // zlib's windowBits: 15, and 16 more for gzip; negative for none.
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

    /// How far one step came.
    struct Step {
        /// Bytes that were read.
        var read = 0
        /// Bytes that were written.
        var written = 0
        /// Whether the compressed stream ended here, with its checksum right.
        var hasEnded = false
        /// Whether the step ended between two blocks, where another could begin.
        var isBetweenBlocks = false
        /// Bits of the last byte read that are still to be used.
        var unusedBits = 0
    }

    /// Goes on with `input` until it or `output` is used up, or a block has ended.
    func step(_ input: ArraySlice<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>) throws(GzipFault) -> Step {
        var step = Step()
        let code = input.withUnsafeBufferPointer { input in
            let (readable, writable) = (UInt32(clamping: input.count), UInt32(clamping: output.count))
            // zlib does not write to its input; its header lacks the const.
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
        // The bits of data_type are told at zlib.h, inflate().
        let state = stream.pointee.data_type
        step.isBetweenBlocks = state & 128 != 0 && state & 64 == 0
        step.unusedBits = Int(state & 7)
        return step
    }

    /// Begins anew.
    func restart(_ wrapping: Wrapping) { inflateReset2(stream, wrapping.rawValue) }

    /// Prepares to go on in the middle of a stream: with bits left over from the byte before, and the text before.
    func resume(bits: Int, of byte: UInt8, window: [UInt8]) throws(GzipFault) {
        inflateReset2(stream, Wrapping.none.rawValue)
        if bits > 0 { inflatePrime(stream, Int32(bits), Int32(byte >> UInt8(8 - bits))) }
        guard window.isEmpty || inflateSetDictionary(stream, window, UInt32(window.count)) == Z_OK else {
            throw .broken
        }
    }

    /// The last bytes written, at most 32 KiB: what the stream may refer back to.
    func window() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 1 << 15) { buffer, count in
            var length = UInt32(0)
            inflateGetDictionary(stream, buffer.baseAddress, &length)
            count = Int(length)
        }
    }
}
