/// A Windows bitmap (BITMAPFILEHEADER and one of BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV4HEADER and
/// BITMAPV5HEADER).
struct Bitmap {
    /// Width and height in pixels.
    let width: Int
    let height: Int
    private let name: String
    private let bytes: [UInt8]
    /// Bits per stored pixel.
    private let depth: Int
    private let compression: Compression
    /// Whether the first stored row is the top one; usually it is the bottom one.
    private let isTopDown: Bool
    /// Offset of the pixels.
    private let pixels: Int
    /// B, G, R and possibly an unused byte of each colour, for up to 8 bits per pixel.
    private let palette: ArraySlice<UInt8>
    private let entrySize: Int
    /// The bits of red, green, blue and alpha in a pixel of 16 or more bits.
    private let masks: [UInt32]

    private enum Compression: Int { case none, runs8, runs4, masks, alphaMasks = 6 }

    /// Reads the headers.
    ///
    /// - Throws: ``ImageError`` if they are truncated, invalid, or of a kind that is not in use, or if the image is too
    ///   large.
    init(of bytes: [UInt8], named name: String) throws {
        func damaged(_ reason: String) -> ImageError { .damaged(name: name, format: .bmp, reason: reason) }
        func field(_ offset: Int, _ size: Int = 4) -> Int { littleEndian(bytes[offset..<offset + size]) }
        guard bytes.count >= 26 else { throw ImageError.truncated(name: name, format: .bmp) }
        let (headerSize, isCore) = (field(14), field(14) == 12)
        guard isCore || (16...124).contains(headerSize) && headerSize % 4 == 0 else {
            throw damaged("it has a header of \(headerSize) bytes")
        }
        let headerEnd = 14 + headerSize
        guard headerEnd <= bytes.count else { throw ImageError.truncated(name: name, format: .bmp) }
        /// A field that shorter headers lack.
        func laterField(_ offset: Int) -> Int { offset + 4 <= headerEnd ? field(offset) : 0 }
        let signedHeight = Int(Int32(truncatingIfNeeded: field(22)))
        (width, height) = isCore ? (field(18, 2), field(20, 2)) : (field(18), abs(signedHeight))
        isTopDown = !isCore && signedHeight < 0
        try checkSize(width: width, height: height, format: .bmp, name: name)
        depth = isCore ? field(24, 2) : field(28, 2)
        let number = isCore ? 0 : laterField(30)
        guard let compression = Compression(rawValue: number) else {
            throw damaged("its compression, \(number), is not one for files")
        }
        let depths: [Int] =
            switch compression {
            case .none: [1, 2, 4, 8, 16, 24, 32]
            case .runs8: [8]
            case .runs4: [4]
            case .masks, .alphaMasks: [16, 32]
            }
        guard depths.contains(depth) else { throw damaged("it has \(depth) bits per pixel") }
        guard !isTopDown || compression == .none || compression.rawValue >= 3 else {
            throw damaged("it is compressed from the top")
        }

        // Masks are the first fields of the longer headers, and follow a short one.
        let hasMasks = compression.rawValue >= 3
        let maskCount = headerSize >= 56 || compression == .alphaMasks ? 4 : 3
        let paletteStart = max(headerEnd, hasMasks ? 54 + 4 * maskCount : 0)
        guard paletteStart <= bytes.count else { throw ImageError.truncated(name: name, format: .bmp) }
        if hasMasks {
            masks = (0..<4).map { $0 < maskCount ? UInt32(field(54 + 4 * $0)) : 0 }
        } else {
            masks = depth == 16 ? [0x7C00, 0x3E0, 0x1F, 0] : [0xFF0000, 0xFF00, 0xFF, 0]
        }
        entrySize = isCore ? 3 : 4
        let used = laterField(46)
        let entries = depth > 8 ? 0 : used > 0 ? min(used, 1 << depth) : 1 << depth
        pixels = field(10)
        guard pixels >= paletteStart else { throw damaged("its pixels begin within its header") }
        guard pixels <= bytes.count else { throw ImageError.truncated(name: name, format: .bmp) }
        palette = bytes[paletteStart..<min(paletteStart + entrySize * entries, pixels)]
        (self.bytes, self.name, self.compression) = (bytes, name, compression)
    }

    /// - Throws: ``ImageError`` if pixels are missing.
    func decoded(over background: RGB) throws -> Image {
        let rowBytes = (width * depth + 31) / 32 * 4
        let hasRuns = compression == .runs8 || compression == .runs4
        guard hasRuns || rowBytes * height <= bytes.count - pixels else {
            throw ImageError.truncated(name: name, format: .bmp)
        }
        try Image.checkMemory(width * height * 3, named: name)
        var image = Image(width: width, height: height, color: background)
        if depth <= 8 {
            drawIndices(hasRuns ? try indicesOfRuns() : nil, rowBytes: rowBytes, on: &image)
        } else {
            drawSamples(over: background, rowBytes: rowBytes, on: &image)
        }
        return image
    }

    /// The offset in the image's samples of a stored row.
    private func target(_ row: Int) -> Int { (isTopDown ? row : height - 1 - row) * width * 3 }

    /// - Parameter indices: those of all pixels, in stored order; nil if they are in the file, `rowBytes` per row.
    private func drawIndices(_ indices: [UInt8]?, rowBytes: Int, on image: inout Image) {
        for row in 0..<height {
            var to = target(row)
            for x in 0..<width {
                let index: Int
                if let indices {
                    index = Int(indices[row * width + x])
                } else {
                    let byte = Int(bytes[pixels + row * rowBytes + x * depth / 8])
                    index = byte >> (8 - depth - x * depth % 8) & (1 << depth - 1)
                }
                // Colours beyond the palette are black.
                let entry = palette.startIndex + entrySize * index
                if entry + 3 <= palette.endIndex {
                    image.setPixel(to, palette[entry + 2], palette[entry + 1], palette[entry])
                } else {
                    image.setPixel(to, 0, 0, 0)
                }
                to += 3
            }
        }
    }

    private func drawSamples(over background: RGB, rowBytes: Int, on image: inout Image) {
        let channels = masks.map(Channel.init)
        let isOpaque = masks[3] == 0 || hasNoAlpha(channels[3], rowBytes: rowBytes)
        for row in 0..<height {
            var to = target(row)
            for x in 0..<width {
                let pixel = pixel(at: pixels + row * rowBytes + x * depth / 8)
                let alpha = isOpaque ? 255 : Int(channels[3].value(pixel))
                func mixed(_ channel: Int, _ below: UInt8) -> UInt8 {
                    UInt8((Int(channels[channel].value(pixel)) * alpha + Int(below) * (255 - alpha) + 127) / 255)
                }
                image.setPixel(to, mixed(0, background.red), mixed(1, background.green), mixed(2, background.blue))
                to += 3
            }
        }
    }

    /// The bits of one sample in a pixel.
    private struct Channel {
        private let mask: UInt32
        private let shift: UInt32
        private let largest: Int

        init(_ mask: UInt32) {
            self.mask = mask
            shift = mask == 0 ? 0 : UInt32(mask.trailingZeroBitCount)
            largest = max(Int(mask >> shift), 1)
        }

        /// The sample, scaled to 0...255; 0 if the mask is empty.
        func value(_ pixel: UInt32) -> UInt8 {
            UInt8((Int(pixel & mask) >> Int(shift) * 255 + largest / 2) / largest)
        }
    }

    private func pixel(at offset: Int) -> UInt32 {
        var pixel: UInt32 = 0
        for byte in 0..<depth / 8 { pixel |= UInt32(bytes[offset + byte]) << UInt32(8 * byte) }
        return pixel
    }

    /// Whether all pixels are transparent, which is how writers that ignore alpha fill it.
    private func hasNoAlpha(_ alpha: Channel, rowBytes: Int) -> Bool {
        for row in 0..<height {
            for x in 0..<width where alpha.value(pixel(at: pixels + row * rowBytes + x * depth / 8)) > 0 {
                return false
            }
        }
        return true
    }

    /// The colour indices of a run-length encoded bitmap, in stored order; skipped pixels have index 0.
    private func indicesOfRuns() throws -> [UInt8] {
        try Image.checkMemory(width * height, named: name)
        var indices = [UInt8](repeating: 0, count: width * height)
        var (x, y, position) = (0, 0, pixels)
        /// Stores a pixel, unless it is not within the image.
        func put(_ index: UInt8) {
            if x < width && y < height { indices[y * width + x] = index }
            x += 1
        }
        /// The `number`th index in data of four or eight bits each.
        func index(_ number: Int, at offset: Int) -> UInt8 {
            guard depth == 4 else { return bytes[offset + number] }
            return number % 2 == 0 ? bytes[offset + number / 2] >> 4 : bytes[offset + number / 2] & 15
        }
        // Many files lack the mark of the end.
        while y < height - 1 || y < height && x < width {
            guard position + 2 <= bytes.count else { throw ImageError.truncated(name: name, format: .bmp) }
            let (count, value) = (Int(bytes[position]), Int(bytes[position + 1]))
            position += 2
            switch (count, value) {
            case (0, 0):
                (x, y) = (0, y + 1)
            case (0, 1):
                return indices
            case (0, 2):
                guard position + 2 <= bytes.count else { throw ImageError.truncated(name: name, format: .bmp) }
                x += Int(bytes[position])
                y += Int(bytes[position + 1])
                position += 2
            case (0, _):
                // Indices as they are, padded to 16 bits.
                let size = (value * depth + 15) / 16 * 2
                guard size <= bytes.count - position else { throw ImageError.truncated(name: name, format: .bmp) }
                for number in 0..<value { put(index(number, at: position)) }
                position += size
            default:
                // One index, or for four bits two in turn.
                for number in 0..<count { put(index(depth == 4 ? number % 2 : 0, at: position - 1)) }
            }
        }
        return indices
    }
}

extension Image {
    fileprivate mutating func setPixel(_ offset: Int, _ red: UInt8, _ green: UInt8, _ blue: UInt8) {
        pixels[offset] = red
        pixels[offset + 1] = green
        pixels[offset + 2] = blue
    }
}
