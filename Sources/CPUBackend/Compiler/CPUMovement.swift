import CKernels
import Execution
import Graphs

/// A copy of a box between two strided layouts.
private struct BoxCopy {
    let extents: [Int64]
    let toStrides: [Int64]
    let fromStrides: [Int64]

    init(extents: [Int], to: [Int], from: [Int]) {
        self.extents = extents.map(Int64.init)
        toStrides = to.map(Int64.init)
        fromStrides = from.map(Int64.init)
    }

    func callAsFunction(_ to: UnsafeMutableRawPointer, _ from: UnsafeRawPointer, size: Int, threads: Int32) {
        limn_copy(to, toStrides, from, fromStrides, extents, Int32(extents.count), Int32(size), threads)
    }
}

/// The weights of one resampled axis, at fixed addresses.
private final class TapTable {
    let taps: UnsafeMutablePointer<limn_taps>
    private let start: UnsafeMutablePointer<Int32>
    private let index: UnsafeMutablePointer<Int32>
    private let weight: UnsafeMutablePointer<Float>

    init(_ values: ResizeTaps) {
        (start, index, weight) = (fixedTable(values.start), fixedTable(values.index), fixedTable(values.weight))
        taps = fixedTable([limn_taps(start: start, index: index, weight: weight)])
    }

    deinit {
        taps.deallocate()
        start.deallocate()
        index.deallocate()
        weight.deallocate()
    }
}

extension CPUCompiler {
    mutating func emitResampling(_ id: Int, factor: Int, up: Bool) {
        let node = graph.nodes[id]
        let from = operand(node.inputs[0], as: policy.storage(of: id))
        let to = allocate(id)
        let small = up ? graph.nodes[node.inputs[0]].shape : node.shape
        let lead = [Int](repeating: 1, count: 5 - small.rank)
        let extents = ([small[0]] + lead + Array(small.dimensions[1...])).map(Int64.init)
        let factors = (lead + [Int](repeating: factor, count: small.rank - 2)).map(Int64.init)
        let threads = Int32(device.threads)
        let bytes = Double((node.shape.count + graph.nodes[node.inputs[0]].shape.count) * to.storage.size)
        emit(up ? "upsample" : "pool", "\(node.shape)", bytes: bytes, reads: [from], writes: [to]) { at in
            let (target, source) = (at(to), at(from))
            return {
                if up {
                    limn_upsample(target, source, to.storage.rawValue, extents, factors, threads)
                } else {
                    limn_sum_pool(target, source, to.storage.rawValue, extents, factors, threads)
                }
                return 0
            }
        }
    }

    mutating func emitResize(_ id: Int) {
        let node = graph.nodes[id]
        let input = graph.nodes[node.inputs[0]].shape
        let from = operand(node.inputs[0], as: .float32)
        let result = allocate(id)
        let direct = result.storage == .float32 ? result : allocate(count: node.shape.count, .float32)
        let taps = [1, 2].map { axis in
            node.operation is Resize
                ? ResizeTaps(from: input[axis], to: node.shape[axis])
                : ResizeTaps(from: node.shape[axis], to: input[axis]).transposed(inputs: node.shape[axis])
        }
        let tables = taps.map(TapTable.init)
        owned += tables
        let extents = [input[0], input[1], input[2], node.shape[1], node.shape[2], input[3]].map(Int64.init)
        let threads = Int32(device.threads)
        let scratch = limn_resize_scratch(extents, threads) * MemoryLayout<Float>.stride
        let bytes = Double((input.count + node.shape.count) * MemoryLayout<Float>.stride)
        emit("resize", "\(input) \(node.shape)", bytes: bytes, reads: [from], writes: [direct], scratch: scratch) {
            at in
            let (source, target, memory) = (
                UnsafePointer(at(from).assumingMemoryBound(to: Float.self)),
                at(direct).assumingMemoryBound(to: Float.self), at.scratch.assumingMemoryBound(to: Float.self)
            )
            return {
                limn_resize(target, source, extents, tables[0].taps, tables[1].taps, memory, threads)
                return 0
            }
        }
        if direct.buffer != result.buffer { emitConversion(from: direct, to: result, count: node.shape.count) }
    }

    mutating func emitDoublingFilter(_ id: Int) throws(ExecutionError) {
        let node = graph.nodes[id]
        let isBack = node.operation is DoublingFilterGradient
        // The shape of the 3×3 filter, which is the operand or, of the gradient, the result.
        let shape = isBack ? node.shape : graph.nodes[node.inputs[0]].shape
        let (outs, ins) = (Int64(shape[0]), Int64(shape[3]))
        let threads = Int32(device.threads)
        let result = try emitPacked(
            isBack ? "fold filter" : "unfold filter", "\(shape)", layout: "unfolded", of: node.inputs[0],
            bytes: node.shape.count * 4, traffic: shape.count * 4 * 25 / 9, location: isBack ? allocate(id) : nil
        ) { from, to in
            limn_doubling_filter(
                to.assumingMemoryBound(to: Float.self), from.assumingMemoryBound(to: Float.self), outs, ins,
                isBack ? 1 : 0, threads)
            return 0
        }
        alias(id, to: result)
    }

    mutating func emitRows(_ id: Int) {
        let node = graph.nodes[id]
        let values = operand(node.inputs[0], as: .float32)
        let indices = operand(node.inputs[1], as: .int32)
        let to = allocate(id)
        let isGather = node.operation is Gather
        let count = graph.nodes[node.inputs[1]].shape[0]
        let columns = node.shape[1]
        let rows = isGather ? graph.nodes[node.inputs[0]].shape[0] : node.shape[0]
        emit(node.operation.name.lowercased(), "\(node.shape)", reads: [values, indices], writes: [to]) { at in
            let (target, source) = (
                at(to).assumingMemoryBound(to: Float.self), at(values).assumingMemoryBound(to: Float.self)
            )
            let list = at(indices).assumingMemoryBound(to: Int32.self)
            return {
                if isGather {
                    limn_gather(target, source, list, count, rows, columns)
                } else {
                    limn_scatter(target, source, list, count, rows, columns)
                }
                return 0
            }
        }
    }

    mutating func emitTranslate(_ id: Int, _ translate: Translate) {
        let node = graph.nodes[id]
        let from = operand(node.inputs[0], as: policy.storage(of: id))
        let offsets = operand(node.inputs[1], as: .int32)
        let to = allocate(id)
        let extents = node.shape.dimensions.map(Int64.init)
        let threads = Int32(device.threads)
        let size = Int32(to.storage.size)
        emit(
            "translate", "\(node.shape)", bytes: Double(2 * node.shape.count * to.storage.size),
            reads: [from, offsets],
            writes: [to]
        ) { at in
            let (target, source, moves) = (at(to), at(from), at(offsets).assumingMemoryBound(to: Int32.self))
            return {
                limn_translate(target, source, moves, translate.isBack ? 1 : 0, size, extents, threads)
                return 0
            }
        }
    }

    mutating func emitSlice(_ id: Int, _ slice: Slice) {
        let node = graph.nodes[id]
        let shape = graph.nodes[node.inputs[0]].shape
        let source = location(of: node.inputs[0])
        let start = slice.start * shape.strides[slice.axis]
        // A contiguous part needs no copy.
        if shape.dimensions[..<slice.axis].allSatisfy({ $0 == 1 }), source.storage == policy.storage(of: id) {
            alias(
                id,
                to: Location(
                    buffer: source.buffer, byteOffset: source.byteOffset + start * source.storage.size,
                    storage: source.storage)
            )
            return
        }
        let box = BoxCopy(extents: node.shape.dimensions, to: node.shape.strides, from: shape.strides)
        emitCopy("slice", id, node.inputs[0], box, fromOffset: start)
    }

    mutating func emitPad(_ id: Int, _ pad: Pad) {
        let node = graph.nodes[id]
        let to = allocate(id)
        let bytes = node.shape.count * to.storage.size
        emit("zero", "\(node.shape)", bytes: Double(bytes), reads: [], writes: [to]) { at in
            let target = at(to)
            return {
                target.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
                return 0
            }
        }
        let shape = graph.nodes[node.inputs[0]].shape
        let box = BoxCopy(extents: shape.dimensions, to: node.shape.strides, from: shape.strides)
        emitCopy("pad", id, node.inputs[0], box, toOffset: pad.before * node.shape.strides[pad.axis])
    }

    mutating func emitConcatenate(_ id: Int, _ concatenate: Concatenate) {
        let node = graph.nodes[id]
        var start = 0
        for input in node.inputs {
            let shape = graph.nodes[input].shape
            let box = BoxCopy(extents: shape.dimensions, to: node.shape.strides, from: shape.strides)
            emitCopy("concatenate", id, input, box, toOffset: start * node.shape.strides[concatenate.axis])
            start += shape[concatenate.axis]
        }
    }

    mutating func emitTranspose(_ id: Int, _ transpose: Transpose) {
        let node = graph.nodes[id]
        let from = graph.nodes[node.inputs[0]].shape.strides
        let box = BoxCopy(
            extents: node.shape.dimensions, to: node.shape.strides, from: transpose.order.map { from[$0] })
        emitCopy("transpose", id, node.inputs[0], box)
    }

    private mutating func emitCopy(
        _ name: String, _ id: Int, _ input: Int, _ box: BoxCopy, toOffset: Int = 0, fromOffset: Int = 0
    ) {
        let from = operand(input, as: policy.storage(of: id))
        let to = allocate(id)
        let size = to.storage.size
        let threads = Int32(device.threads)
        let count = box.extents.reduce(1, *)
        emit(
            name, "\(graph.nodes[id].shape)", bytes: Double(2 * Int(count) * size), reads: [from], writes: [to]
        ) {
            at in
            let (target, source) = (at(to) + toOffset * size, at(from) + fromOffset * size)
            return {
                box(target, source, size: size, threads: threads)
                return 0
            }
        }
    }
}
