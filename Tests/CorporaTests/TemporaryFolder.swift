import Corpora
import FoundationEssentials
import Images

/// A folder that is removed with the last reference to it.
final class TemporaryFolder {
    let path: String

    init() throws {
        let name = "limn-corpora-" + String(UInt64.random(in: 0 ... .max), radix: 36)
        path = FileManager.default.temporaryDirectory.appending(path: name).path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
        let file = URL(filePath: "\(path)/\(name)")
        let parent = file.deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }

    /// A folder of metadata lines; `pictures` are made as empty files, enough for a listing.
    convenience init(metadata lines: [String], pictures: [String] = []) throws {
        try self.init()
        for picture in pictures { try write([], to: picture) }
        try write(lines.joined(separator: "\n").utf8, to: "metadata.jsonl")
    }

    /// A small corpus of shapes, 8 × 8 pixels.
    convenience init(shapes count: Int) throws {
        try self.init()
        try ShapesCorpus(seed: 5, side: 8).write(to: path, count: count)
    }
}

/// The message of the error that `body` throws, or what shows that it throws none.
func message(of body: () throws -> Void) -> String {
    do {
        try body()
        return "no error"
    } catch {
        return "\(error)"
    }
}
