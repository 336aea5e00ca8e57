/// A file of named arrays in the safetensors format (https://github.com/huggingface/safetensors, "Format"): eight bytes
/// of header length, a JSON header, and the arrays' bytes one after another.
///
/// The file is mapped, not read: arrays cost memory when they are used. Everything the header claims is checked before
/// `init` returns, so that no later access can leave the file.
public struct Safetensors: Sendable {
    /// The longest header the format allows, in bytes.
    static let longestHeader = 100_000_000

    /// The file's free strings (`__metadata__`).
    public let metadata: [String: String]
    private let arrays: [String: NamedArray]

    /// Opens and checks the file.
    /// - Throws: `CheckpointError.refused` where the file cannot be opened; `.malformed` with what is wrong and where.
    public init(contentsOf path: String) throws {
        let file = try MappedFile(path)
        let bytes = file.bytes
        func malformed(_ reason: String) -> CheckpointError { .malformed(path: path, reason: reason) }

        if let kind = foreignKind(bytes) { throw malformed("it is \(kind)") }
        guard bytes.count >= 8 else {
            throw malformed("it has \(bytes.count) bytes, and the length of the header alone takes 8")
        }
        let claimed = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard claimed <= UInt64(Self.longestHeader) else {
            throw malformed("its header claims \(claimed) bytes, and \(Self.longestHeader) are allowed")
        }
        guard claimed <= UInt64(bytes.count - 8) else {
            throw malformed("its header claims \(claimed) bytes, and \(bytes.count - 8) follow: it was cut short")
        }
        let dataStart = 8 + Int(claimed)

        var scanner = HeaderScanner(UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart]))
        let entries: [HeaderEntry]
        do {
            (entries, metadata) = try scanner.header()
        } catch {
            throw malformed("\(error.reason) (byte \(8 + error.offset))")
        }

        var arrays: [String: NamedArray] = [:]
        arrays.reserveCapacity(entries.count)
        var reached = 0
        for entry in entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
            guard entry.begin <= entry.end, entry.end <= bytes.count - dataStart else {
                throw malformed(
                    "array \(quoted(entry.name)) claims the bytes \(entry.begin) to \(entry.end) of "
                        + "\(bytes.count - dataStart): it was cut short or its header is wrong")
            }
            guard let size = byteCount(of: entry.shape, entry.element) else {
                throw malformed("the shape of array \(quoted(entry.name)) is larger than any file")
            }
            guard size == entry.end - entry.begin else {
                throw malformed(
                    "array \(quoted(entry.name)) has \(entry.end - entry.begin) bytes where its shape takes \(size)")
            }
            guard entry.begin >= reached else {
                throw malformed("array \(quoted(entry.name)) overlaps the array before it")
            }
            guard entry.begin == reached else {
                throw malformed("there is a hole of \(entry.begin - reached) bytes before array \(quoted(entry.name))")
            }
            reached = entry.end
            arrays[entry.name] = NamedArray(
                name: entry.name, shape: entry.shape, element: entry.element, file: file,
                range: dataStart + entry.begin..<dataStart + entry.end)
        }
        guard reached == bytes.count - dataStart else {
            throw malformed("\(bytes.count - dataStart - reached) bytes follow its last array")
        }
        self.arrays = arrays
    }

    /// The names of the arrays, sorted.
    public var names: [String] { arrays.keys.sorted() }

    /// The array of that name, or nil.
    public subscript(name: String) -> NamedArray? { arrays[name] }
}

/// The bytes an array of this shape takes, or nil where that exceeds `Int`. A zero anywhere makes it empty.
private func byteCount(of shape: [Int], _ element: ArrayElement) -> Int? {
    var size = element.byteCount
    var overflowed = false
    for extent in shape {
        if extent == 0 { return 0 }
        let (product, overflow) = size.multipliedReportingOverflow(by: extent)
        size = product
        overflowed = overflowed || overflow
    }
    return overflowed ? nil : size
}

/// What a file's first bytes say it is, where they are those of a format people mistake for this one.
private func foreignKind(_ bytes: UnsafeRawBufferPointer) -> String? {
    let kinds: [([UInt8], String)] = [
        ([0x50, 0x4b, 0x03, 0x04], "a zip archive, perhaps a PyTorch file: convert it to safetensors"),
        ([0x80, 0x02, 0x8a, 0x0a], "an old PyTorch file: convert it to safetensors"),
        ([0x89, 0x50, 0x4e, 0x47], "a PNG picture"),
        ([0xff, 0xd8, 0xff], "a JPEG picture"),
        ([0x1f, 0x8b], "a gzip archive: unpack it"),
        (Array("GGUF".utf8), "a GGUF file"),
        (Array("version https://git-lfs".utf8), "a Git LFS pointer: fetch the file itself with `git lfs pull`"),
        (Array("<!DOCTYPE".utf8), "a web page: the download failed"),
        (Array("<html".utf8), "a web page: the download failed"),
    ]
    // A sound file whose length happens to spell such a beginning still has its brace in the ninth place.
    if bytes.count > 8, bytes[8] == UInt8(ascii: "{") { return nil }
    return kinds.first { bytes.starts(with: $0.0) }?.1
}
