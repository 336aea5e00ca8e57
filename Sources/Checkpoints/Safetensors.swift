import Basics
import Files

/// A file of named arrays in the safetensors format (https://github.com/huggingface/safetensors, "Format"): the length
/// of the header in eight bytes, a JSON header, and the arrays' bytes.
///
/// The file is memory-mapped, so arrays use memory only when accessed. `init` validates the whole header, so that no
/// later access is out of bounds.
public struct Safetensors: Sendable {
    /// Maximum length of the header in bytes, according to the format.
    static let longestHeader = 100_000_000

    /// The file's metadata strings (`__metadata__`).
    public let metadata: [String: String]
    private let arraysByName: [String: NamedArray]

    /// Opens and validates a file.
    /// - Throws: `FileError` if the file cannot be opened; `CheckpointError.malformed`, which says what is wrong and
    ///   where.
    public init(contentsOf path: String) throws {
        let file = try MappedFile(path)
        let contents = try file.withBytes { try Self.check($0, path: path) }
        metadata = contents.header.metadata
        arraysByName = Dictionary(
            uniqueKeysWithValues: contents.header.entries.map { entry in
                let range = contents.dataStart + entry.begin..<contents.dataStart + entry.end
                let array = NamedArray(
                    name: entry.name, shape: entry.shape, element: entry.element, file: file, range: range)
                return (entry.name, array)
            })
    }

    private struct Contents {
        var header: SafetensorsHeader
        /// Offset of the arrays' bytes in the file.
        var dataStart: Int
    }

    /// Reads the header, and checks that the arrays cover the rest of the file without gaps and overlaps.
    private static func check(_ bytes: UnsafeRawBufferPointer, path: String) throws -> Contents {
        func malformed(_ reason: String) -> CheckpointError { .malformed(path: path, reason: reason) }

        if let kind = foreignKind(bytes) { throw malformed("it is \(kind)") }
        guard bytes.count >= 8 else {
            throw malformed("it has \(bytes.count) bytes, and the length of the header alone takes 8")
        }
        let claimed = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard claimed <= UInt64(longestHeader) else {
            throw malformed("its header claims \(claimed) bytes, and \(longestHeader) are allowed")
        }
        guard claimed <= UInt64(bytes.count - 8) else {
            throw malformed("its header claims \(claimed) bytes, and \(bytes.count - 8) follow: it was cut short")
        }
        let dataStart = 8 + Int(claimed)
        let dataCount = bytes.count - dataStart

        let header: SafetensorsHeader
        do {
            header = try SafetensorsHeader(Array(bytes[8..<dataStart]))
        } catch {
            throw malformed("\(error.reason) (byte \(8 + error.offset))")
        }

        var reached = 0
        for entry in header.entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
            var name: String { quoted(entry.name) }
            guard entry.begin <= entry.end, entry.end <= dataCount else {
                throw malformed(
                    "array \(name) claims the bytes \(entry.begin) to \(entry.end) of \(dataCount): it was cut short "
                        + "or its header is wrong")
            }
            guard let size = byteCount(of: entry.shape, entry.element) else {
                throw malformed("the shape of array \(name) is larger than any file")
            }
            guard size == entry.end - entry.begin else {
                throw malformed("array \(name) has \(entry.end - entry.begin) bytes where its shape takes \(size)")
            }
            guard entry.begin >= reached else { throw malformed("array \(name) overlaps the array before it") }
            guard entry.begin == reached else {
                throw malformed("there is a hole of \(entry.begin - reached) bytes before array \(name)")
            }
            reached = entry.end
        }
        guard reached == dataCount else { throw malformed("\(dataCount - reached) bytes follow its last array") }
        return Contents(header: header, dataStart: dataStart)
    }

    /// The names of the arrays, sorted.
    public var names: [String] { arraysByName.keys.sorted() }

    /// The arrays, sorted by name.
    public var arrays: [NamedArray] { arraysByName.values.sorted { $0.name < $1.name } }

    /// The array of this name; nil if there is none.
    public subscript(name: String) -> NamedArray? { arraysByName[name] }
}

/// The size of an array in bytes; nil if it overflows `Int`. Zeros are excluded from the overflow check, so that no
/// product of dimensions in any order overflows.
private func byteCount(of shape: [Int], _ element: ArrayElement) -> Int? {
    var size = element.byteCount
    for extent in shape where extent != 0 {
        let (product, overflow) = size.multipliedReportingOverflow(by: extent)
        if overflow { return nil }
        size = product
    }
    return shape.contains(0) ? 0 : size
}

/// Describes a file of another format that is commonly mistaken for safetensors, according to its first bytes.
private func foreignKind(_ bytes: UnsafeRawBufferPointer) -> String? {
    // Both of PyTorch's formats hold pickles, which run code when they are opened.
    let conversion =
        "convert it with python3 -c \"import sys, torch, safetensors.torch as s; "
        + "s.save_file({k: v.contiguous() for k, v in torch.load(sys.argv[1], weights_only=True).items()}, sys.argv[2])\" "
        + "OLD NEW.safetensors"
    let kinds: [([UInt8], String)] = [
        ([0x50, 0x4b, 0x03, 0x04], "a zip archive, perhaps a PyTorch pickle: \(conversion)"),
        ([0x80, 0x02, 0x8a, 0x0a], "an old PyTorch pickle: \(conversion)"),
        ([0x80, 0x02], "a pickle: \(conversion)"), ([0x80, 0x03], "a pickle: \(conversion)"),
        ([0x80, 0x04], "a pickle: \(conversion)"), ([0x80, 0x05], "a pickle: \(conversion)"),
        (Array("{".utf8), "a JSON file: name the safetensors file itself"),
        ([0x89, 0x50, 0x4e, 0x47], "a PNG image"),
        ([0xff, 0xd8, 0xff], "a JPEG image"),
        ([0x1f, 0x8b], "a gzip archive: unpack it"),
        (Array("GGUF".utf8), "a GGUF file"),
        (Array("version https://git-lfs".utf8), "a Git LFS pointer: fetch the file itself with `git lfs pull`"),
        (Array("<!DOCTYPE".utf8), "a web page: the download failed"),
        (Array("<html".utf8), "a web page: the download failed"),
    ]
    // The length of a valid file may happen to equal such a signature, but its ninth byte is a brace.
    if bytes.count > 8, bytes[8] == UInt8(ascii: "{") { return nil }
    return kinds.first { bytes.starts(with: $0.0) }?.1
}
