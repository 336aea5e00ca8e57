import CKernels
import Execution

/// Values at a fixed, 64-byte aligned address in this process.
final class CPUBuffer: Buffer {
    let count: Int
    let pointer: UnsafeMutablePointer<Float>
    private let memory: AlignedMemory

    /// A buffer of `count` zeros.
    init(count: Int) throws(ExecutionError) {
        self.count = count
        memory = try AlignedMemory(bytes: count * MemoryLayout<Float>.stride)
        // Zero bits are the float 0.
        pointer = memory.pointer.bindMemory(to: Float.self, capacity: max(count, 1))
    }

    func read(_ range: Range<Int>) -> [Float] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of a buffer of \(count)")
        return Array(UnsafeBufferPointer(start: pointer + range.lowerBound, count: range.count))
    }

    func write(_ values: [Float], at offset: Int) {
        precondition(offset >= 0 && offset + values.count <= count, "\(values.count) values at \(offset) of \(count)")
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { (pointer + offset).update(from: base, count: values.count) }
        }
    }
}

extension Buffer {
    /// This buffer's memory; buffers of other devices must not reach a CPU program.
    var cpu: CPUBuffer {
        guard let buffer = self as? CPUBuffer else { preconditionFailure("a buffer of another device") }
        return buffer
    }
}

extension BufferSlice {
    /// The address of the first value.
    var pointer: UnsafeMutablePointer<Float> { buffer.cpu.pointer + offset }
}

/// Zeroed bytes at a fixed, 64-byte aligned address, in huge pages where they are large.
final class AlignedMemory {
    let pointer: UnsafeMutableRawPointer
    let bytes: Int

    init(bytes: Int) throws(ExecutionError) {
        guard let pointer = limn_allocate(bytes) else { throw .outOfMemory(bytes: bytes) }
        (self.pointer, self.bytes) = (pointer, bytes)
    }

    deinit { limn_free(pointer, bytes) }
}
