import Glibc
import Synchronization

/// Prepared pictures in memory, where there is no file for them. What is not written takes no memory.
final class PictureMemory: Sendable {
    private let slotSize: Int
    /// Safe to share: it is unmapped with the last reference, and the store has a slot written by one thread and
    /// read by others only after that.
    nonisolated(unsafe) private let bytes: UnsafeMutableRawBufferPointer
    private let room: Atomic<Int>

    /// - Parameter limit: most bytes to fill; half of what the machine has where nothing is said.
    init(count: Int, slotSize: Int, limit: Int? = nil) {
        self.slotSize = slotSize
        let half = sysconf(Int32(_SC_PHYS_PAGES)) / 2 * sysconf(Int32(_SC_PAGESIZE))
        let size = max(count, 1) * slotSize
        let base = mmap(
            nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        if let base, base != MAP_FAILED {
            bytes = UnsafeMutableRawBufferPointer(start: base, count: size)
            room = Atomic(min(limit ?? half, size) / slotSize)
        } else {
            bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            room = Atomic(0)
        }
    }

    deinit { if let base = bytes.baseAddress { munmap(base, bytes.count) } }

    /// Keeps a slot, if there is room for it.
    func write(_ slot: UnsafeRawBufferPointer, of number: Int) -> Bool {
        guard room.subtract(1, ordering: .relaxed).newValue >= 0 else {
            room.add(1, ordering: .relaxed)
            return false
        }
        UnsafeMutableRawBufferPointer(rebasing: bytes[number * slotSize..<(number + 1) * slotSize])
            .copyMemory(from: slot)
        return true
    }

    func slot(_ number: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[number * slotSize..<(number + 1) * slotSize])
    }
}
