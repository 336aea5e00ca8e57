import Basics
import Dispatch
import Tokenizers

/// A digest of each caption in lower case and canonical decomposition. Captions that differ only in case or in Unicode
/// composition have equal digests; others hardly ever do.
struct CaptionDigests: Sendable {
    private let values: [UInt64]

    /// Computes the digests on all processors.
    init(_ captions: CaptionCollection) {
        let texts = captions.index.rows.captions
        let count = captions.count
        let chunk = 4096
        values = [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
            // Each iteration writes its own elements.
            nonisolated(unsafe) let values = buffer
            DispatchQueue.concurrentPerform(iterations: (count + chunk - 1) / chunk) { part in
                for number in part * chunk..<min(count, (part + 1) * chunk) {
                    values[number] = CaptionDigests.digest(texts.utf8(number))
                }
            }
            initialized = count
        }
    }

    subscript(caption: Int) -> UInt64 { values[caption] }

    private static func digest(_ text: ArraySlice<UInt8>) -> UInt64 {
        text.withUnsafeBytes { bytes in
            guard !bytes.contains(where: { $0 >= 0x80 }) else {
                return String(decoding: text, as: UTF8.self).lowercased().canonicalScalars
                    .withUnsafeBytes(Digest.of)
            }
            return withUnsafeTemporaryAllocation(byteCount: bytes.count, alignment: 1) { lower in
                for position in 0..<bytes.count {
                    let byte = bytes[position]
                    lower[position] = byte &- 0x41 < 26 ? byte | 0x20 : byte
                }
                return Digest.of(UnsafeRawBufferPointer(lower))
            }
        }
    }
}
