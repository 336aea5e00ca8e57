import FoundationEssentials
import Glibc

/// A folder that comes to be whole or not at all: it is written under another name, `NAME.partial`, and renamed at the end.
struct StagedFolder {
    /// Where to write.
    let path: String
    private let target: String

    /// Makes the folder to be written.
    /// - Parameters:
    ///   - target: a folder that is not there or is empty.
    ///   - source: a folder in which it must not lie.
    /// - Throws: `CorpusError.folderNotEmpty` or `.cannotWrite`.
    init(for target: String, outside source: String) throws {
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
        let parent = target.lastIndex(of: "/").map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
        // The source is not even given a folder that the target needs.
        var existing = parent
        while !FileManager.default.fileExists(atPath: existing), let slash = existing.lastIndex(of: "/") {
            existing = slash == existing.startIndex ? "/" : String(existing[..<slash])
        }
        if let inside = FolderWalk.resolved(existing) ?? FolderWalk.resolved("."),
            let outer = FolderWalk.resolved(source), inside == outer || inside.hasPrefix(outer + "/")
        {
            throw CorpusError.cannotWrite(
                path: target, reason: "it lies in \(source), which is only read; name a folder elsewhere")
        }
        do {
            try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        } catch {
            throw CorpusError.cannotWrite(path: target, reason: CorpusError.reason(error))
        }
        guard mkdir(path, 0o777) == 0 else {
            let reason =
                errno == EEXIST
                ? "it is there already, left by a conversion that was ended, or still being written; remove it"
                : String(cString: strerror(errno))
            throw CorpusError.cannotWrite(path: path, reason: reason)
        }
    }

    /// Gives the folder its name, once all of it is on the disk.
    func publish() throws {
        // One call for all files: each by itself would wait for the disk thousands of times.
        sync()
        // An empty folder of that name gives way.
        guard rename(path, target) == 0 else {
            throw CorpusError.cannotWrite(path: target, reason: String(cString: strerror(errno)))
        }
        sync()
    }

    /// Removes what was written.
    func discard() { try? FileManager.default.removeItem(atPath: path) }
}
