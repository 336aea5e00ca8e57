/// The first frame of a GIF (GIF89a specification, CompuServe, 1990).
struct GIFFrame {
    /// Size of the canvas in pixels: the logical screen, enlarged if the frame is not within it.
    let width: Int
    let height: Int
    private let name: String
    private let bytes: [UInt8]
    /// The frame's rectangle on the canvas.
    private let rectangle: (x: Int, y: Int, width: Int, height: Int)
    private let isInterlaced: Bool
    /// The colour table, R, G, B of each entry.
    private let colors: ArraySlice<UInt8>
    /// The index of transparent pixels.
    private let transparent: UInt8?
    /// Where the frame's compressed indices are: the code size, then blocks.
    private let data: Int

    /// Reads the headers up to the first frame.
    ///
    /// - Throws: ``ImageError`` if the file ends before a frame, or one is invalid or too large.
    init(of bytes: [UInt8], named name: String) throws {
        func damaged(_ reason: String) -> ImageError { .damaged(name: name, format: .gif, reason: reason) }
        var position = 13
        /// The next `count` bytes.
        func take(_ count: Int) throws -> ArraySlice<UInt8> {
            guard count <= bytes.count - position else { throw ImageError.truncated(name: name, format: .gif) }
            defer { position += count }
            return bytes[position..<position + count]
        }
        /// The colour table that the flags of a header announce; nil if there is none.
        func table(_ flags: UInt8) throws -> ArraySlice<UInt8>? {
            flags & 0x80 == 0 ? nil : try take(3 * 2 << (Int(flags) & 7))
        }
        guard bytes.count >= 13 else { throw ImageError.truncated(name: name, format: .gif) }
        let shared = try table(bytes[10])
        var transparent: UInt8?
        while true {
            switch try take(1).first {
            case 0x21:
                let isControl = try take(1).first == 0xF9
                while case let size = Int(try take(1).first ?? 0), size > 0 {
                    let block = try take(size)
                    // Flags, a delay and the transparent index.
                    guard isControl, size >= 4 else { continue }
                    transparent = block[block.startIndex] & 1 == 1 ? block[block.startIndex + 3] : nil
                }
                continue
            case 0x2C: break
            case 0x3B: throw damaged("it has no frame")
            default: throw damaged("it has a block of no known kind")
            }
            let header = try take(9)
            let fields = [0, 2, 4, 6].map { littleEndian(header.dropFirst($0).prefix(2)) }
            let flags = header.last ?? 0
            guard let colors = try table(flags) ?? shared else { throw damaged("it has no colour table") }
            guard fields[2] > 0, fields[3] > 0 else { throw damaged("its first frame has no pixels") }
            rectangle = (fields[0], fields[1], fields[2], fields[3])
            isInterlaced = flags & 0x40 != 0
            self.colors = colors
            break
        }
        width = max(littleEndian(bytes[6..<8]), rectangle.x + rectangle.width)
        height = max(littleEndian(bytes[8..<10]), rectangle.y + rectangle.height)
        try checkSize(width: width, height: height, format: .gif, name: name)
        self.transparent = transparent
        self.bytes = bytes
        self.name = name
        data = position
    }

    /// The frame on the canvas. What it leaves or is transparent has the background's colour.
    ///
    /// - Throws: ``ImageError`` if pixels are missing.
    func decoded(over background: RGB) throws -> Image {
        try Image.checkMemory(width * height * 3, named: name)
        let indices = try indices()
        var image = Image(width: width, height: height, color: background)
        var from = 0
        for y in Self.rows(rectangle.height, isInterlaced: isInterlaced) {
            var to = ((rectangle.y + y) * width + rectangle.x) * 3
            for index in indices[from..<from + rectangle.width] {
                if index != transparent {
                    // Indices beyond the table are black, as in Pillow.
                    let color = 3 * Int(index)
                    for channel in 0..<3 {
                        image.pixels[to + channel] =
                            color < colors.count ? colors[colors.startIndex + color + channel] : 0
                    }
                }
                to += 3
            }
            from += rectangle.width
        }
        return image
    }

    /// The order in which rows are stored.
    private static func rows(_ height: Int, isInterlaced: Bool) -> [Int] {
        guard isInterlaced else { return Array(0..<height) }
        return [(0, 8), (4, 8), (2, 4), (1, 2)].flatMap { Array(stride(from: $0, to: height, by: $1)) }
    }

    /// The indices of the frame's pixels, in stored order.
    private func indices() throws -> [UInt8] {
        var codes = try LZWCodes(blocks: bytes[data...], named: name)
        let count = rectangle.width * rectangle.height
        try Image.checkMemory(count, named: name)
        var indices = [UInt8](repeating: 0, count: count)
        // A string is that of its prefix and one more index. All lengths are at most 4096.
        var prefixes = [Int](repeating: 0, count: 4096)
        var firsts = (0..<4096).map { UInt8(truncatingIfNeeded: $0) }
        var lasts = firsts
        var lengths = [Int](repeating: 1, count: 4096)
        var previous: Int?
        var filled = 0
        while filled < count {
            guard let code = codes.next() else {
                throw codes.isTruncated
                    ? ImageError.truncated(name: name, format: .gif)
                    : ImageError.damaged(name: name, format: .gif, reason: "its first frame lacks pixels")
            }
            if code == codes.clear {
                codes.reset()
                previous = nil
                continue
            }
            let isKnown = previous == nil ? code < codes.clear : code < codes.count
            guard isKnown || previous != nil && code == codes.count && code < 4096 else {
                throw ImageError.damaged(name: name, format: .gif, reason: "it has an invalid code")
            }
            if let previous, codes.count < 4096 {
                let new = codes.count
                prefixes[new] = previous
                firsts[new] = firsts[previous]
                lasts[new] = firsts[isKnown ? code : previous]
                lengths[new] = lengths[previous] + 1
                codes.add()
            }
            // Strings are read from their ends.
            var string = code
            for offset in stride(from: lengths[code] - 1, through: 0, by: -1) {
                if filled + offset < count { indices[filled + offset] = lasts[string] }
                string = prefixes[string]
            }
            filled += lengths[code]
            previous = code
        }
        return indices
    }
}

/// The codes of a GIF's compressed data (GIF89a specification, appendix F): 3 to 12 bits each, the least significant bit
/// first, in blocks of at most 255 bytes.
private struct LZWCodes {
    /// The code that resets the table; the next one ends the data.
    let clear: Int
    /// Number of codes in use, with those two.
    private(set) var count: Int
    /// Whether the file ended before the data did.
    private(set) var isTruncated = false
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var blockEnd: Int
    private var width: Int
    private var bits = 0
    private var bitCount = 0

    init(blocks bytes: ArraySlice<UInt8>, named name: String) throws {
        guard let size = bytes.first else { throw ImageError.truncated(name: name, format: .gif) }
        guard (1...8).contains(size) else {
            throw ImageError.damaged(name: name, format: .gif, reason: "its codes begin with \(size) bits")
        }
        clear = 1 << Int(size)
        count = clear + 2
        width = Int(size) + 1
        self.bytes = bytes
        position = bytes.startIndex + 1
        blockEnd = position
    }

    /// Empties the table.
    mutating func reset() {
        count = clear + 2
        width = clear.trailingZeroBitCount + 1
    }

    /// Takes a code into use.
    mutating func add() {
        count += 1
        if count == 1 << width && width < 12 { width += 1 }
    }

    /// The next code; nil at the end.
    mutating func next() -> Int? {
        while bitCount < width {
            if position == blockEnd {
                guard position < bytes.endIndex else {
                    isTruncated = true
                    return nil
                }
                blockEnd = position + 1 + Int(bytes[position])
                position += 1
                if blockEnd == position { return nil }
            }
            guard position < bytes.endIndex else {
                isTruncated = true
                return nil
            }
            bits |= Int(bytes[position]) << bitCount
            bitCount += 8
            position += 1
        }
        let code = bits & (1 << width - 1)
        bits >>= width
        bitCount -= width
        return code == clear + 1 ? nil : code
    }
}
