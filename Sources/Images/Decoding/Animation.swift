extension Image {
    /// Whether an image file is an animation of several frames; false if that cannot be told, since the file is damaged.
    package static func isAnimation(_ bytes: [UInt8]) -> Bool {
        switch ImageFormat(signatureOf: bytes) {
        case .png:
            // The number of frames is in a chunk before the pixels.
            let control = PNGChunks(bytes).prefix { !$0.hasKind("IDAT") }.first { $0.hasKind("acTL") }
            return control.map { bigEndian($0.content.prefix(4)) > 1 } ?? false
        case .gif: return hasSecondGIFFrame(bytes)
        case .webp: return bytes.dropFirst(12).starts(with: "VP8X".utf8) && bytes.count > 20 && bytes[20] & 2 != 0
        default: return false
        }
    }

    private static func hasSecondGIFFrame(_ bytes: [UInt8]) -> Bool {
        func byte(_ position: Int) -> Int { position < bytes.count ? Int(bytes[position]) : 0x3B }
        /// The size of the colour table that the flags at `position` announce.
        func table(_ position: Int) -> Int { byte(position) & 0x80 == 0 ? 0 : 3 * 2 << (byte(position) & 7) }
        var position = 13 + table(10)
        var frames = 0
        while frames < 2 {
            switch byte(position) {
            case 0x21: position += 2
            case 0x2C:
                frames += 1
                position += 11 + table(position + 9)
            default: return false
            }
            // Blocks, up to an empty one.
            while position < bytes.count, byte(position) > 0 { position += 1 + byte(position) }
            position += 1
        }
        return true
    }
}
