/// The characters that represent bytes in byte-level tokenizers (Radford et al., 2019, `encoder.py`,
/// `bytes_to_unicode`).
///
/// Printable bytes of ISO 8859-1 represent themselves; the others are mapped in order to U+0100 and up.
enum ByteAlphabet {
    /// The scalar of each byte.
    static let scalars: [UInt32] = {
        var next: UInt32 = 0x100
        return (UInt32(0)..<256).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return byte
            default:
                defer { next += 1 }
                return next
            }
        }
    }()

    /// The character of a space, Ġ.
    static let space = scalars[0x20]

    private static let bytes: [UInt32: UInt8] = Dictionary(
        uniqueKeysWithValues: scalars.enumerated().map { ($1, UInt8($0)) })

    /// The bytes of a token; nil if it has characters outside of the alphabet.
    static func bytes(of token: String) -> [UInt8]? {
        var result: [UInt8] = []
        for scalar in token.unicodeScalars {
            guard let byte = bytes[scalar.value] else { return nil }
            result.append(byte)
        }
        return result
    }

    /// Appends the characters of a scalar's UTF-8, each with the scalar's offsets.
    @inline(__always)
    static func append(_ scalar: AlignedScalar, to result: inout [AlignedScalar], _ table: UnsafeBufferPointer<UInt32>)
    {
        var copy = scalar
        let value = scalar.value
        if value < 0x80 {
            copy.value = table[Int(value)]
            result.append(copy)
            return
        }
        let width = utf8Width(value)
        for index in 0..<width {
            let shift = UInt32(6 * (width - 1 - index))
            let byte =
                index == 0
                ? UInt32(truncatingIfNeeded: 0xF00 >> width) & 0xFF | value >> shift : 0x80 | (value >> shift) & 0x3F
            copy.value = table[Int(byte)]
            result.append(copy)
        }
    }
}
