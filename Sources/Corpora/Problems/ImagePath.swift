import Images

/// Checks and normalizes paths of images: byte strings relative to the corpus folder.
enum ImagePath {
    /// File extensions of the formats that are decoded, in lower case, for messages.
    static let extensions = ImageFormat.allCases.filter(\.isDecodable).flatMap(\.suffixes)

    /// The formats by their extensions, each packed into an integer, since every file of a folder is looked up.
    private static let formats: [UInt64: ImageFormat] = Dictionary(
        ImageFormat.allCases.flatMap { format in
            format.suffixes.map { (packed(Array($0.utf8)[...]), format) }
        }, uniquingKeysWith: { first, _ in first })

    /// The bytes of an extension of at most eight letters, in lower case.
    private static func packed(_ suffix: ArraySlice<UInt8>) -> UInt64 {
        suffix.reduce(0) { $0 << 8 | UInt64((0x41...0x5A).contains($1) ? $1 | 0x20 : $1) }
    }

    /// The format that a path's extension names, ignoring case; nil if it is none of an image. A file may be of another format.
    static func format(_ path: ArraySlice<UInt8>) -> ImageFormat? {
        guard let dot = path.suffix(6).lastIndex(of: UInt8(ascii: ".")), dot > path.startIndex, path[dot - 1] != 0x2F
        else {
            return nil
        }
        return formats[packed(path[(dot + 1)...])]
    }

    /// Whether a path has the extension of an image, be it of a format that is decoded or not.
    static func isImage(_ path: ArraySlice<UInt8>) -> Bool { format(path) != nil }

    /// The path without the suffix of its last component.
    static func stem(_ path: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let name = path.lastPathPart
        return name.lastIndex(of: UInt8(ascii: ".")).map { path[..<$0] } ?? path
    }

    /// Whether any component of the path begins with a dot.
    static func isHidden(_ path: ArraySlice<UInt8>) -> Bool {
        path.first == UInt8(ascii: ".") || zip(path, path.dropFirst()).contains { $0 == 0x2F && $1 == 0x2E }
    }

    /// Why a path is unsafe; nil if it stays within the folder.
    static func fault(_ path: ArraySlice<UInt8>) -> String? {
        var name: String { String(decoding: path, as: UTF8.self) }
        if path.isEmpty || path.contains(0) { return "is empty or holds a zero byte" }
        if path.first == 0x2F { return "\(name) is absolute; it must be relative to the folder" }
        return climbs(path) ? "\(name) leaves the folder" : nil
    }

    /// Whether any component of the path is `..`.
    private static func climbs(_ path: ArraySlice<UInt8>) -> Bool {
        var start = path.startIndex
        for end in path.startIndex...path.endIndex where end == path.endIndex || path[end] == 0x2F {
            if end - start == 2, path[start] == 0x2E, path[start + 1] == 0x2E { return true }
            start = end + 1
        }
        return false
    }

    /// The path without empty and `.` components.
    static func normalized(_ path: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isNormal =
            path.first != 0x2E && path.last != 0x2F
            && !zip(path, path.dropFirst()).contains { $0 == 0x2F && ($1 == 0x2F || $1 == 0x2E) }
        if isNormal { return path }
        return path.split(separator: 0x2F).filter { $0 != [0x2E] }.joined(separator: [0x2F]).reduce(into: []) {
            $0.append($1)
        }
    }
}

extension ArraySlice<UInt8> {
    /// Whether the bytes end in `end`, ignoring ASCII case.
    func hasSuffix(_ end: StaticString) -> Bool {
        let count = end.utf8CodeUnitCount
        guard self.count >= count else { return false }
        return end.withUTF8Buffer { end in
            zip(suffix(count), end).allSatisfy { own, other in
                (0x41...0x5A).contains(own) ? own | 0x20 == other : own == other
            }
        }
    }

    /// The bytes without white space at both ends.
    var trimmingWhitespace: ArraySlice<UInt8> {
        let start = firstIndex { $0 > 0x20 } ?? endIndex
        let end = lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? endIndex
        return self[start..<end]
    }

    /// The part after the last slash.
    var lastPathPart: ArraySlice<UInt8> { lastIndex(of: 0x2F).map { self[($0 + 1)...] } ?? self }

    /// The part before the last slash; empty if there is no slash.
    var dropLastPathPart: ArraySlice<UInt8> { lastIndex(of: 0x2F).map { self[..<$0] } ?? self[..<startIndex] }
}
