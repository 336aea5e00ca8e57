import CKernels
import Graphs

/// Strides of one operand over a loop's dimensions, in elements.
typealias Strides = [Int]

/// The tables that describe a fused loop to its kernel, at fixed addresses.
final class LoopTables {
    let instructions: UnsafeMutablePointer<limn_instruction>
    let loads: UnsafeMutablePointer<limn_load>
    let stores: UnsafeMutablePointer<limn_store>
    let reductions: UnsafeMutablePointer<limn_reduction>
    let loop: UnsafeMutablePointer<limn_loop>

    /// The tables of a loop, without the addresses of its operands and results.
    init(_ body: LoopBody) {
        let strides = body.loads.map(\.strides) + body.reductions.map(\.strides) + [body.shape.strides]
        let (extents, collapsed) = collapse(body.shape.dimensions, strides)
        let dense = collapsed[collapsed.count - 1]
        instructions = fixedTable(body.instructions)
        loads = fixedTable(
            zip(body.loads, collapsed).map { LoopTables.entry($0, strides: $1, extents: extents, dense: dense) })
        stores = fixedTable(
            body.stores.map { limn_store(data: nil, type: $0.location.storage.rawValue, slot: Int32($0.slot)) })
        reductions = fixedTable(
            zip(body.reductions, collapsed.dropFirst(body.loads.count)).map {
                LoopTables.entry($0, strides: $1, extents: extents)
            })
        loop = fixedTable([LoopTables.loop(body, extents: extents)])
        loop.pointee.instructions = UnsafePointer(instructions)
        loop.pointee.loads = UnsafePointer(loads)
        loop.pointee.stores = UnsafePointer(stores)
        loop.pointee.reductions = UnsafePointer(reductions)
    }

    /// - Parameter dense: the strides of a value that has the loop's whole shape.
    private static func entry(
        _ read: LoopBody.Load, strides: Strides, extents: [Int], dense: Strides
    ) -> limn_load {
        var load = limn_load()
        load.type = read.location.storage.rawValue
        load.slot = Int32(read.slot)
        load.dense = strides == dense ? 1 : 0
        withUnsafeMutableBytes(of: &load.strides) { fill($0, with: strides) }
        (load.period, load.repeats) = periodicity(extents, strides)
        return load
    }

    private static func entry(_ reduced: LoopBody.Reduction, strides: Strides, extents: [Int]) -> limn_reduction {
        var reduction = limn_reduction()
        reduction.slot = Int32(reduced.slot)
        reduction.maximum = reduced.isMaximum ? 1 : 0
        reduction.count = Int64(reduced.count)
        withUnsafeMutableBytes(of: &reduction.strides) { fill($0, with: strides) }
        (reduction.period, reduction.repeats) = periodicity(extents, strides)
        return reduction
    }

    /// The loop without its tables.
    private static func loop(_ body: LoopBody, extents: [Int]) -> limn_loop {
        var loop = limn_loop()
        loop.rank = Int32(extents.count)
        loop.slots = Int32(body.slots.count)
        loop.instruction_count = Int32(body.instructions.count)
        loop.load_count = Int32(body.loads.count)
        loop.store_count = Int32(body.stores.count)
        loop.reduction_count = Int32(body.reductions.count)
        loop.count = Int64(body.shape.count)
        withUnsafeMutableBytes(of: &loop.extents) { fill($0, with: extents) }
        return loop
    }

    deinit {
        instructions.deallocate()
        loads.deallocate()
        stores.deallocate()
        reductions.deallocate()
        loop.deallocate()
    }
}

/// The values at a fixed address. The caller deallocates them.
func fixedTable<T>(_ values: [T]) -> UnsafeMutablePointer<T> {
    let pointer = UnsafeMutablePointer<T>.allocate(capacity: max(values.count, 1))
    pointer.initialize(from: values, count: values.count)
    return pointer
}

private func fill(_ target: UnsafeMutableRawBufferPointer, with values: [Int]) {
    for (index, value) in values.enumerated() {
        target.storeBytes(of: Int64(value), toByteOffset: index * 8, as: Int64.self)
    }
}

/// Merges adjacent dimensions that every operand traverses with one stride, and drops those of extent 1.
private func collapse(_ dimensions: [Int], _ operands: [Strides]) -> (extents: [Int], strides: [Strides]) {
    var extents: [Int] = []
    var strides = [Strides](repeating: [], count: operands.count)
    for axis in dimensions.indices where dimensions[axis] > 1 {
        let joins =
            !extents.isEmpty
            && operands.indices.allSatisfy {
                strides[$0][extents.count - 1] == operands[$0][axis] * dimensions[axis]
            }
        if joins { extents[extents.count - 1] *= dimensions[axis] } else { extents.append(dimensions[axis]) }
        for index in operands.indices {
            if joins {
                strides[index][extents.count - 1] = operands[index][axis]
            } else {
                strides[index].append(operands[index][axis])
            }
        }
    }
    precondition(extents.count <= Int(LIMN_MAX_RANK), "a loop over \(extents.count) dimensions")
    return extents.isEmpty ? ([1], operands.map { _ in [1] }) : (extents, strides)
}

/// The broadcast pattern of an operand's innermost dimensions: `period` consecutive elements, read `repeats` times; (0, 0) if
/// there is none.
private func periodicity(_ extents: [Int], _ strides: Strides) -> (Int64, Int64) {
    var period = 1
    var axis = extents.count - 1
    while axis >= 0, strides[axis] == period {
        period *= extents[axis]
        axis -= 1
    }
    var repeats = 1
    while axis >= 0, strides[axis] == 0 {
        repeats *= extents[axis]
        axis -= 1
    }
    return repeats == 1 ? (0, 0) : (Int64(period), Int64(repeats))
}
