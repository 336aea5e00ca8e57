/// Formats of image files. The raw value is the name in messages.
///
/// Some are decoded; the others are recognized only so that messages name them and say how to convert them.
public enum ImageFormat: String, Sendable, CaseIterable {
    /// Portable Network Graphics (ISO/IEC 15948).
    case png = "PNG"
    /// JPEG (ISO/IEC 10918), with a JFIF, Exif or Adobe header.
    case jpeg = "JPEG"
    /// WebP (RFC 9649).
    case webp = "WebP"
    /// Graphics Interchange Format, versions 87a and 89a.
    case gif = "GIF"
    /// Windows bitmap.
    case bmp = "BMP"
    /// TIFF 6.0 and BigTIFF.
    case tiff = "TIFF"

    /// AV1 Image File Format.
    case avif = "AVIF"
    /// High Efficiency Image File Format.
    case heic = "HEIC"
    /// JPEG XL (ISO/IEC 18181).
    case jpegXL = "JPEG XL"
    /// JPEG 2000 (ISO/IEC 15444).
    case jpeg2000 = "JPEG 2000"
    /// Photoshop documents.
    case photoshop = "Photoshop"
    /// Scalable Vector Graphics.
    case svg = "SVG"
    /// Windows icons.
    case icon = "ICO"
    /// Netpbm: PBM, PGM, PPM and PAM.
    case netpbm = "Netpbm"
    /// Sensor data of cameras, such as DNG.
    case cameraRaw = "camera raw"

    /// Whether images of this format are decoded. JPEG, WebP and TIFF need a library, which is loaded at run time.
    public var isDecodable: Bool {
        switch self {
        case .png, .jpeg, .webp, .gif, .bmp, .tiff: true
        case .avif, .heic, .jpegXL, .jpeg2000, .photoshop, .svg, .icon, .netpbm, .cameraRaw: false
        }
    }

    /// The usual suffixes of file names, in lower case and without the dot; the most common one is the first.
    public var suffixes: [String] {
        switch self {
        case .png: ["png", "apng"]
        case .jpeg: ["jpg", "jpeg", "jpe", "jfif"]
        case .webp: ["webp"]
        case .gif: ["gif"]
        case .bmp: ["bmp", "dib"]
        case .tiff: ["tif", "tiff"]
        case .avif: ["avif"]
        case .heic: ["heic", "heif", "hif"]
        case .jpegXL: ["jxl"]
        case .jpeg2000: ["jp2", "j2k", "jpx"]
        case .photoshop: ["psd", "psb"]
        case .svg: ["svg"]
        case .icon: ["ico"]
        case .netpbm: ["ppm", "pgm", "pbm", "pnm", "pam"]
        case .cameraRaw: ["dng", "nef", "cr2", "cr3", "arw", "raf", "orf", "rw2"]
        }
    }

    /// How to convert files of a format that is not decoded, for messages: a command for the files of a folder and the
    /// package that has it. Nil if the format is decoded.
    public var advice: String? {
        let suffix = suffixes[0]
        return switch self {
        case .png, .jpeg, .webp, .gif, .bmp, .tiff: nil
        case .avif, .heic, .jpeg2000, .icon, .netpbm:
            "convert it with `mogrify -format png *.\(suffix)` (package imagemagick)"
        case .photoshop:
            "convert it with `for f in *.psd; do convert \"$f[0]\" \"${f%.psd}.png\"; done` (package imagemagick)"
        case .jpegXL:
            "convert it with `for f in *.jxl; do djxl \"$f\" \"${f%.jxl}.png\"; done` (package libjxl-tools)"
        case .svg:
            "convert it with `for f in *.svg; do rsvg-convert -o \"${f%.svg}.png\" \"$f\"; done` "
                + "(package librsvg2-bin)"
        case .cameraRaw: "convert it with `dcraw_emu -T -Z tiff *.\(suffix)` (package libraw-bin)"
        }
    }

    /// The format that files with this suffix usually have; nil if it is not that of a known image format.
    ///
    /// - Parameter suffix: without the dot; case is ignored.
    public init?(suffix: some StringProtocol) {
        let suffix = suffix.lowercased()
        guard let format = Self.allCases.first(where: { $0.suffixes.contains(suffix) }) else { return nil }
        self = format
    }

    /// The format whose signature `bytes` begin with; nil if unknown. The first kilobyte is enough.
    public init?(signatureOf bytes: [UInt8]) {
        func begins(_ signature: [UInt8], at offset: Int = 0) -> Bool {
            bytes.dropFirst(offset).starts(with: signature)
        }
        func begins(_ signature: String, at offset: Int = 0) -> Bool { begins(Array(signature.utf8), at: offset) }

        if begins([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if begins([0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if begins("RIFF"), begins("WEBP", at: 8) {
            self = .webp
        } else if begins("GIF87a") || begins("GIF89a") {
            self = .gif
        } else if begins("BM"), begins([0, 0, 0, 0], at: 6) {
            // Four reserved bytes.
            self = .bmp
        } else if begins("II*\0") && begins("CR", at: 8) || begins("IIRO") || begins("IIRS") || begins("IIU\0")
            || begins("FUJIFILMCCD-RAW")
        {
            self = .cameraRaw
        } else if begins("II*\0") || begins("MM\0*") || begins("II+\0") || begins("MM\0+") {
            self = .tiff
        } else if begins("ftyp", at: 4), let format = Self(brandsOf: bytes) {
            self = format
        } else if begins([0xFF, 0x0A]) || begins([0, 0, 0, 12] + Array("JXL ".utf8)) {
            self = .jpegXL
        } else if begins([0, 0, 0, 12] + Array("jP  ".utf8)) || begins([0xFF, 0x4F, 0xFF, 0x51]) {
            self = .jpeg2000
        } else if begins("8BPS") {
            self = .photoshop
        } else if begins([0, 0, 1, 0]) {
            self = .icon
        } else if bytes.count > 2, begins("P"), (0x31...0x37).contains(bytes[1]),
            [0x09, 0x0A, 0x0D, 0x20].contains(bytes[2])
        {
            self = .netpbm
        } else if Self.isSVG(bytes.prefix(1024)) {
            self = .svg
        } else {
            return nil
        }
    }

    /// The format by the brands of an ISO base media file (ISO/IEC 14496-12, section 4.3).
    private init?(brandsOf bytes: [UInt8]) {
        let size = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        let box = bytes.prefix(min(size, 256))
        let brands = stride(from: 8, to: box.count - 3, by: 4).map { String(decoding: box[$0..<$0 + 4], as: UTF8.self) }
        if brands.contains(where: ["avif", "avis"].contains) {
            self = .avif
        } else if brands.contains(where: ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"].contains) {
            self = .heic
        } else if brands.first == "crx " {
            self = .cameraRaw
        } else {
            return nil
        }
    }

    /// Whether a text begins with an SVG element, after an XML declaration, comments and white space.
    private static func isSVG(_ bytes: ArraySlice<UInt8>) -> Bool {
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes
        let start = text.drop { [0x09, 0x0A, 0x0D, 0x20].contains($0) }
        if start.starts(with: "<svg".utf8) { return true }
        guard
            start.starts(with: "<?xml".utf8) || start.starts(with: "<!--".utf8)
                || start.starts(with: "<!DOCTYPE svg".utf8)
        else { return false }
        return start.indices.contains { start[$0...].starts(with: "<svg".utf8) }
    }
}
