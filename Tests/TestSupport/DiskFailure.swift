import Files
import Glibc

/// Simulated failures of a disk.
package enum DiskFailure: CaseIterable {
    case fullAtOnce, fullHalfway, synchronizing, renaming

    package var calls: SystemCalls {
        switch self {
        case .fullAtOnce: SystemCalls(writeBytes: { _, _, _ in refuse(ENOSPC) })
        case .fullHalfway:
            SystemCalls(writeBytes: { file, bytes, count in
                lseek(file, 0, SEEK_CUR) >= 5 ? refuse(ENOSPC) : write(file, bytes, min(count, 5))
            })
        case .synchronizing: SystemCalls(synchronize: { _ in refuse(EIO) })
        case .renaming: SystemCalls(renameFile: { _, _ in refuse(EACCES) })
        }
    }

    package var reason: String {
        switch self {
        case .fullAtOnce, .fullHalfway: "the disk is full; free some space and try again (older files are untouched)"
        case .synchronizing: "Input/output error"
        case .renaming: "Permission denied"
        }
    }
}

private func refuse<Result: SignedInteger>(_ code: Int32) -> Result {
    errno = code
    return -1
}
