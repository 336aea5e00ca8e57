import Basics
import Files
import JSON

extension Safetensors {
    /// Writes a file atomically: `path` keeps its old content until the new file is safely on disk.
    ///
    /// Equal arrays and metadata in any order give equal bytes: arrays are sorted by element size, largest first, then
    /// by name. The header is padded with spaces to a multiple of 8 bytes, so that every array is aligned to its
    /// elements.
    /// - Throws: `CheckpointError.unwritable` if two arrays share a name or one is named `__metadata__`; `FileError`.
    public static func write(_ arrays: [NamedArray], metadata: [String: String], to path: String) throws {
        try write(arrays, metadata: metadata, to: path, calls: .operatingSystem)
    }

    /// The checksum of arrays, as stored in training checkpoints; see `Checksum`.
    public static func checksum(of arrays: [NamedArray]) -> String { Checksum.of(arrays.sorted { $0.name < $1.name }) }

    package static func write(
        _ arrays: [NamedArray], metadata: [String: String], to path: String, calls: SystemCalls
    ) throws {
        let sorted = arrays.sorted {
            $0.element.byteCount == $1.element.byteCount
                ? $0.name < $1.name : $0.element.byteCount > $1.element.byteCount
        }
        var names: Set<String> = ["__metadata__"]
        for array in sorted where !names.insert(array.name).inserted {
            let reason =
                array.name == "__metadata__"
                ? "the format reserves the name \"__metadata__\""
                : "two arrays have the name \(quoted(array.name))"
            throw CheckpointError.unwritable(path: path, reason: reason)
        }
        let header = Self.header(sorted, metadata)
        guard header.count <= longestHeader else {
            throw CheckpointError.unwritable(
                path: path, reason: "its header takes \(header.count) bytes, and \(longestHeader) are allowed")
        }
        try AtomicFile.write(to: path, calls: calls) { file in
            try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try file.append($0) }
            try header.withUnsafeBytes { try file.append($0) }
            for array in sorted { try array.withBytes { try file.append($0) } }
        }
    }

    private static func header(_ sorted: [NamedArray], _ metadata: [String: String]) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map {
                "\(quotedForJSON($0.key)):\(quotedForJSON($0.value))"
            }
            members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        var begin = 0
        for array in sorted {
            let end = begin + array.count * array.element.byteCount
            let shape = array.shape.map(String.init).joined(separator: ",")
            members.append(
                "\(quotedForJSON(array.name)):{\"dtype\":\"\(array.element.rawValue)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(begin),\(end)]}")
            begin = end
        }
        var header = Array("{\(members.joined(separator: ","))}".utf8)
        header.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8))
        return header
    }
}
