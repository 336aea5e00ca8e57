import Basics
import Dispatch
import Tokenizers

/// A digest of each caption in lower case: captions that are alike but for their case and spelling in Unicode have the same,
/// and hardly any others do.
struct CaptionDigests: Sendable {
    private let values: [UInt64]

    /// Reads the captions on all processors.
    init(_ captions: Captions) {
        let texts = captions.index.rows.captions
        let count = captions.count
        let share = 4096
        values = [UInt64](unsafeUninitializedCapacity: count) { buffer, initialised in
            // Each iteration has a part of its own.
            nonisolated(unsafe) let values = buffer
            DispatchQueue.concurrentPerform(iterations: (count + share - 1) / share) { part in
                for number in part * share..<min(count, (part + 1) * share) {
                    values[number] = CaptionDigests.digest(texts.utf8(number))
                }
            }
            initialised = count
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
                for place in 0..<bytes.count {
                    let byte = bytes[place]
                    lower[place] = byte &- 0x41 < 26 ? byte | 0x20 : byte
                }
                return Digest.of(UnsafeRawBufferPointer(lower))
            }
        }
    }
}
