import Files
import Glibc

/// A recursive walk through a folder. Links are reported, and followed only on request.
enum FolderWalk {
    enum Kind {
        case file
        case link
    }

    /// Maximum depth; deeper folders are not entered.
    private static let deepest = 64

    /// Calls `body` with the path of each file relative to `root`, in no particular order.
    /// - Parameter followingLinks: visit what links lead to as if it were there; a folder is entered once only, so that
    ///   circles end.
    /// - Throws: `CorpusError.cannotRead` if a folder cannot be listed.
    static func visit(
        _ root: String, followingLinks: Bool = false, _ body: (ArraySlice<UInt8>, Kind) throws -> Void
    ) throws {
        var folders: [(path: [UInt8], depth: Int)] = [([], 0)]
        // Entered last, so that a folder that is also there under its own name is read under that one.
        var linked: [(path: [UInt8], depth: Int)] = []
        var entered: Set<[UInt64]> = []
        var path: [UInt8] = []
        while let folder = folders.popLast() ?? linked.popLast() {
            let name = folder.path.isEmpty ? root : "\(root)/\(String(decoding: folder.path, as: UTF8.self))"
            // Bytes, because file names need not be UTF-8.
            let open =
                folder.path.isEmpty
                ? Array(root.utf8CString)
                : Array(root.utf8CString.dropLast()) + [0x2F] + folder.path.map { CChar(bitPattern: $0) } + [0]
            guard let stream = opendir(open) else { throw CorpusError.cannotRead(path: name, code: errno) }
            defer { closedir(stream) }
            if followingLinks {
                var status = stat()
                guard fstat(dirfd(stream), &status) == 0,
                    entered.insert([UInt64(status.st_dev), UInt64(status.st_ino)]).inserted
                else { continue }
            }
            while let entry = readdir(stream) {
                path.removeAll(keepingCapacity: true)
                path += folder.path
                if !path.isEmpty { path.append(0x2F) }
                let start = path.count
                withUnsafeBytes(of: &entry.pointee.d_name) { path += $0.prefix { $0 != 0 } }
                if path[start...] == [0x2E] || path[start...] == [0x2E, 0x2E] { continue }
                switch kind(Int(entry.pointee.d_type), path, root, followingLinks: followingLinks) {
                case DT_REG: try body(path[...], .file)
                case DT_LNK: try body(path[...], .link)
                case DT_DIR where folder.depth < deepest:
                    if Int(entry.pointee.d_type) == DT_LNK {
                        linked.append((path, folder.depth + 1))
                    } else {
                        folders.append((path, folder.depth + 1))
                    }
                default: break
                }
            }
        }
    }

    /// The type in the directory entry, or from `lstat` on file systems that do not store it there; of a followed link, that
    /// of its target. A broken link remains a link.
    private static func kind(_ stated: Int, _ path: [UInt8], _ root: String, followingLinks: Bool) -> Int {
        guard stated == DT_UNKNOWN || (stated == DT_LNK && followingLinks) else { return stated }
        var status = stat()
        let whole = Array(root.utf8CString.dropLast()) + [0x2F] + path.map { CChar(bitPattern: $0) } + [0]
        if followingLinks, stat(whole, &status) == 0 {
            // The target's type.
        } else if lstat(whole, &status) != 0 {
            return DT_UNKNOWN
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return DT_REG
        case S_IFLNK: return DT_LNK
        case S_IFDIR: return DT_DIR
        default: return DT_UNKNOWN
        }
    }

    /// The target of a path that contains a link: a file within the folder, a file outside of it, a folder anywhere, or nothing.
    enum Target {
        case file
        case missing
        case folder
        case outside
    }

    /// Resolves a path.
    /// - Parameters:
    ///   - path: relative to `root`.
    ///   - root: a path without links.
    static func target(of path: ArraySlice<UInt8>, in root: String) -> Target {
        guard let resolved = resolvedPath("\(root)/\(String(decoding: path, as: UTF8.self))") else { return .missing }
        var status = stat()
        guard stat(resolved, &status) == 0 else { return .missing }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .folder
        case S_IFREG: return resolved.hasPrefix(root == "/" ? root : root + "/") ? .file : .outside
        default: return .missing
        }
    }
}
