import Basics
import FoundationEssentials
import Glibc

/// A file or folder that could not be read or written. The description is one line: what was attempted, the path, why.
public struct FileError: ClassifiedError {
    /// What was attempted.
    public enum Action: String, Sendable {
        case open, read, map
        case list = "read the folder"
        case write, remove, lock
        case createFolder = "create the folder"
    }

    /// What was attempted.
    public let action: Action
    /// The file or folder.
    public let path: String
    /// Why it failed, in words.
    public let reason: String
    /// The operating system's `errno`; nil if Limn refused the file.
    public let code: Int32?

    /// A failure of the operating system with `errno` `code`.
    package init(_ action: Action, _ path: String, code: Int32) {
        (self.action, self.path, self.code) = (action, path, code)
        reason =
            [ENOSPC, EDQUOT].contains(code)
            ? "the disk is full; free some space and try again (older files are untouched)"
            : String(cString: strerror(code))
    }

    /// A file that Limn refuses.
    package init(_ action: Action, _ path: String, reason: String) {
        (self.action, self.path, self.reason, code) = (action, path, reason, nil)
    }

    /// `noInput` for reading, `cannotWrite` for writing.
    public var kind: ErrorKind {
        switch action {
        case .open, .read, .map, .list: .noInput
        case .write, .remove, .lock, .createFolder: .cannotWrite
        }
    }

    /// `cannot write images/metadata.jsonl: Permission denied`.
    public var description: String { "cannot \(action.rawValue) \(path): \(reason)" }
}

/// The `errno` of an error from Foundation's file manager; EIO if it has none.
package func posixCode(_ error: any Error) -> Int32 { knownPosixCode(error) ?? EIO }

/// The `errno` of an error from Foundation's file manager; nil if it has none.
package func knownPosixCode(_ error: any Error) -> Int32? {
    ((error as? CocoaError)?.underlying as? POSIXError)?.code.rawValue
}
