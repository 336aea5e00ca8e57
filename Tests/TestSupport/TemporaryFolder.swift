import FoundationEssentials

/// A new empty folder that is removed with the last reference to it.
public final class TemporaryFolder: Sendable {
    /// The folder's path, without a trailing slash.
    public let path: String

    /// Creates the folder among the system's temporary files.
    public init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "limn-test-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes `bytes` to `name` within the folder; missing subfolders are created.
    public func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
        let file = URL(filePath: "\(path)/\(name)")
        let parent = file.deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }
}

/// Calls `body` with the path of a new empty folder, which is removed afterwards.
public func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = try TemporaryFolder()
    return try withExtendedLifetime(folder) { try body(folder.path) }
}

/// The bytes of a file; nil if it cannot be read.
public func contents(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map(Array.init) }

/// The names of a folder's files and folders, sorted.
public func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}

/// Writes a file without Limn's own writers.
public func put(_ bytes: some Collection<UInt8>, _ path: String) throws {
    try Data(bytes).write(to: URL(filePath: path))
}

/// Writes a text file without Limn's own writers.
public func put(_ text: String, _ path: String) throws { try put(Array(text.utf8), path) }
