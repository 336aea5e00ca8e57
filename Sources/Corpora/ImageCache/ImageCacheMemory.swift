import Glibc
import Synchronization

/// A memory cache of preprocessed images. Its address space is reserved at once; memory is used only for slots that are
/// written.
final class ImageCacheMemory: Sendable {
    private let slotSize: Int
    /// Safe to share: it is unmapped with the last reference, and each slot is written by one thread and read by others
    /// only after that.
    nonisolated(unsafe) private let bytes: UnsafeMutableRawBufferPointer
    private let freeSlots: Atomic<Int>

    /// - Parameters:
    ///   - count: number of images.
    ///   - slotSize: size of the largest preprocessed image in bytes.
    ///   - limit: maximum number of bytes to fill; nil is half of the machine's memory.
    init(count: Int, slotSize: Int, limit: Int? = nil) {
        self.slotSize = slotSize
        let half = sysconf(Int32(_SC_PHYS_PAGES)) / 2 * sysconf(Int32(_SC_PAGESIZE))
        let size = max(count, 1) * slotSize
        let base = mmap(
            nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        if let base, base != MAP_FAILED {
            bytes = UnsafeMutableRawBufferPointer(start: base, count: size)
            freeSlots = Atomic(min(limit ?? half, size) / slotSize)
        } else {
            bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            freeSlots = Atomic(0)
        }
    }

    deinit { if let base = bytes.baseAddress { munmap(base, bytes.count) } }

    /// Copies an image into its slot; false if the limit is reached.
    func write(_ slot: UnsafeRawBufferPointer, of number: Int) -> Bool {
        guard freeSlots.subtract(1, ordering: .relaxed).newValue >= 0 else {
            freeSlots.add(1, ordering: .relaxed)
            return false
        }
        UnsafeMutableRawBufferPointer(rebasing: bytes[number * slotSize..<(number + 1) * slotSize])
            .copyMemory(from: slot)
        return true
    }

    /// The slot of image `number`, which must have been written.
    func slot(_ number: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[number * slotSize..<(number + 1) * slotSize])
    }
}
