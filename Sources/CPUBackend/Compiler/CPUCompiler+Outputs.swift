import CKernels
import COneDNN
import Execution
import Graphs

extension CPUCompiler {
    /// Assigns outputs their destinations in advance, so that the steps that compute them write there directly.
    ///
    /// Nodes that get no memory of their own are left to `copyRemainingWrites`: they share memory with another value
    /// (`Reshape`, `Slice`, `Parameter`), with the host (`Input`) or with other programs (`DoublingFilter`, whose result is packed
    /// before this program runs).
    mutating func preassignWrites() {
        for (index, write) in outputs.writes.enumerated() {
            let id = canonical[write.tensor.id]
            switch graph.nodes[id].operation {
            case is Reshape, is Slice, is Parameter, is Input, is DoublingFilter: continue
            default: break
            }
            // A value with several destinations is computed at the first and copied to the others.
            guard locations[id] == nil else { continue }
            let location = fixed(write.destination)
            locations[id] = location
            preassigned.insert(id)
            writeLocations[index] = location
        }
    }

    /// The nodes of the largest writes, which together hold nine tenths of all values written, in the order of the graph: a backward
    /// pass then goes straight to the large filters of a generator's low resolutions, and the filters of the high ones, small but slow,
    /// come after them.
    func largeWrites() -> [Int] {
        let bySize = outputs.writes.sorted {
            ($1.destination.count, $0.tensor.id) < ($0.destination.count, $1.tensor.id)
        }
        var left = bySize.reduce(0) { $0 + $1.destination.count } * 9 / 10
        let large = bySize.prefix { write in
            defer { left -= write.destination.count }
            return left > 0
        }
        return large.map { canonical[$0.tensor.id] }.sorted()
    }

    /// Copies outputs to their destinations if they were computed elsewhere.
    mutating func copyRemainingWrites() {
        precondition(preassigned.isEmpty, "output writes of nodes \(preassigned.sorted()) would be lost")
        for (index, write) in outputs.writes.enumerated() where writeLocations[index] == nil {
            let from = operand(write.tensor.id, as: .float32)
            let to = fixed(write.destination)
            writeLocations[index] = to
            emitConversion(from: from, to: to, count: write.destination.count)
        }
    }

    /// Plans the arena and binds all steps to addresses.
    /// - Parameters:
    ///   - firstStage: locations of the first stage's outputs.
    ///   - split: number of steps in the first stage.
    mutating func finish(firstStage: [String: Location], split: Int) throws(ExecutionError) -> CPUProgram {
        for location in firstStage.values {
            allocations[location.buffer].last = max(allocations[location.buffer].last, split)
        }
        var results: [String: (Location, Shape)] = [:]
        for (name, tensor) in outputs.results {
            let location = operand(tensor.id, as: .float32)
            allocations[location.buffer].last = Int.max
            results[name] = (location, tensor.shape)
        }
        var inputs: [String: (Location, Shape, ElementType, isSecondStage: Bool)] = [:]
        for (id, node) in graph.nodes.enumerated() where fusion.isLive[id] {
            guard let input = node.operation as? Input, let location = locations[id] else { continue }
            allocations[location.buffer].first = -1
            inputs[input.inputName] = (
                location, input.shape, input.elementType, !outputs.firstStage.isEmpty && !fusion.isFirstStage[id]
            )
        }
        let planned = allocations.indices.filter { allocations[$0].fixed == nil }
        let plan = MemoryPlan(
            planned.map { .init(size: allocations[$0].size, first: allocations[$0].first, last: allocations[$0].last) })
        let arena = try AlignedMemory(bytes: plan.size)
        let scratch = try AlignedMemory(bytes: scratchBytes)
        var base = allocations.map { $0.fixed ?? arena.pointer }
        for (index, offset) in zip(planned, plan.offsets) { base[index] = arena.pointer + offset }
        let at = Addresses(base: base, scratch: scratch.pointer)
        // A write is complete after the last step that touches its destination, or after all steps if it is a result as well.
        let writes = writeLocations.sorted { $0.key < $1.key }.map { index, location in
            (
                step: min(allocations[location.buffer].last, pending.count - 1),
                destination: outputs.writes[index].destination
            )
        }.sorted { $0.step < $1.step }
        var writesOfStep = [Int](repeating: 0, count: pending.count)
        for write in writes { writesOfStep[write.step] += 1 }
        return CPUProgram(
            steps: zip(pending, writesOfStep).map {
                CPUProgram.Step(
                    operation: $0.operation, shapes: $0.shapes, flops: $0.flops, bytes: $0.bytes, writes: $1,
                    run: $0.bind(at))
            },
            split: outputs.firstStage.isEmpty ? pending.count : split,
            inputs: inputs.mapValues { .init(pointer: at($0.0), shape: $0.1, type: $0.2, isSecondStage: $0.3) },
            firstStage: Dictionary(
                uniqueKeysWithValues: firstStage.map {
                    ($0, .init(pointer: at($1), shape: outputs.firstStage[$0]?.shape ?? [], type: .float32))
                }),
            results: results.mapValues { .init(pointer: at($0.0), shape: $0.1, type: .float32) },
            writes: writes.map { $0.destination.offset..<$0.destination.offset + $0.destination.count },
            owned: owned + [arena, scratch] + Array(primitives.values), memory: plan.size + scratchBytes,
            productThreads: productThreads,
            configureThreads: { [threads = Int32(device.threads)] in limn_onednn_set_threads(threads) })
    }
}
