import Files
import FoundationEssentials
import Glibc

/// A folder that is written completely or not at all: as `NAME.partial`, which is renamed at the end.
struct StagedFolder {
    /// The folder to write to.
    let path: String
    private let target: String

    /// Creates the folder to write to.
    /// - Parameters:
    ///   - target: a folder that does not exist or is empty.
    ///   - source: a folder that must not contain it; nil for none.
    /// - Throws: `CorpusError.folderNotEmpty` or `.cannotWrite`.
    init(for target: String, outside source: String? = nil) throws {
        var target = target
        while target.count > 1, target.hasSuffix("/") { target.removeLast() }
        self.target = target
        path = target + ".partial"
        if let contents = try? FileManager.default.contentsOfDirectory(atPath: target), !contents.isEmpty {
            throw CorpusError.folderNotEmpty(target)
        }
        var status = stat()
        if stat(target, &status) == 0, status.st_mode & S_IFMT != S_IFDIR {
            throw CorpusError.cannotWrite(path: target, reason: "a file of that name is there")
        }
        let parent = parentFolder(of: target)
        // Nor may parent folders of the target be created inside the source.
        var existing = parent
        while !FileManager.default.fileExists(atPath: existing), existing.contains("/") {
            existing = parentFolder(of: existing)
        }
        if let source, let inside = resolvedPath(existing) ?? resolvedPath("."), let outer = resolvedPath(source),
            inside == outer || inside.hasPrefix(outer + "/")
        {
            throw CorpusError.cannotWrite(
                path: target, reason: "it is inside \(source), which is only read; name a folder elsewhere")
        }
        do {
            try createFolder(parent)
        } catch {
            throw CorpusError.cannotWrite(path: target, reason: error.reason)
        }
        guard mkdir(path, 0o777) == 0 else {
            let reason =
                errno == EEXIST
                ? "it is there already, left by an interrupted command or still being written; remove it"
                : String(cString: strerror(errno))
            throw CorpusError.cannotWrite(path: path, reason: reason)
        }
    }

    /// Flushes the folder to disk and renames it.
    func publish() throws {
        // One sync(2) replaces thousands of fsync(2) calls.
        sync()
        // rename(2) replaces an empty folder.
        guard rename(path, target) == 0 else {
            throw CorpusError.cannotWrite(path: target, reason: String(cString: strerror(errno)))
        }
        sync()
    }

    /// Removes everything that was written.
    func discard() { try? FileManager.default.removeItem(atPath: path) }
}
