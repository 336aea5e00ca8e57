import Execution
import Graphs
import RandomStreams
import Testing

/// Fusion of random graphs: deep, with many parallel paths, with derivatives and two stages.
@Suite struct RandomFusionTests {
    /// A graph of some eighty operations on matrices, rows and columns, and its outputs.
    private func draw(_ random: inout RandomStream) -> (graph: Graph, outputs: [Tensor], firstStage: [Tensor]) {
        let graph = Graph()
        let inputs = [[6, 6], [6, 1], [1, 6], [6, 6]].enumerated().map { graph.input("x\($0)", Shape($1)) }
        var pool = inputs
        while pool.count < 80 {
            let recent = pool.suffix(6)
            let x =
                random.index(below: 3) == 0
                ? pool[random.index(below: pool.count)]
                : recent.randomElement(
                    using: &random) ?? pool[0]
            let y = pool[random.index(below: pool.count)]
            switch random.index(below: 12) {
            case 0, 1: pool.append(x.tanh())
            case 2: pool.append(x * 0.5 + 1)
            case 3...5: pool.append(x + y)
            case 6: pool.append(x * y)
            case 7: pool.append(x.sum(along: [random.index(below: 2)]))
            case 8: pool.append(x.maximumWithoutGradient(along: [random.index(below: 2)]))
            case 9: pool.append(x.stoppingGradient() - y)
            case 10: pool.append((x + inputs[0]).matmul(y + inputs[3]))
            default: pool.append((x + inputs[0]).transposed([1, 0]))
            }
        }
        var outputs = [pool[79], pool[random.index(below: 80)], pool[random.index(below: 80)]]
        if random.index(below: 2) == 0 {
            outputs += gradients(of: pool[79].tanh().sum() + pool[78].sum(), withRespectTo: inputs)
        }
        let firstStage = (0..<random.index(below: 3)).map { _ in pool[20 + random.index(below: 60)] }
        return (graph, outputs, firstStage)
    }

    @Test(arguments: 0..<150 as Range<UInt64>) func everyPlanCanRun(seed: UInt64) {
        var random = RandomStream(seed: seed, purpose: "fusion")
        let (graph, outputs, firstStage) = draw(&random)
        // As the compiler does: with `StopGradient` resolved.
        let canonical = Fusion.resolvingStopGradients(graph)
        let wanted = Set((outputs + firstStage).map { canonical[$0.id] })
        let before = Set(firstStage.map { canonical[$0.id] })
        let fusion = Fusion(graph, outputs: wanted, firstStage: before, memberLimit: memberLimit)
        #expect(fusion.faults(in: graph, outputs: wanted, firstStage: before) == [], "seed \(seed)")
        // Loops of single nodes would have no faults either.
        let loops = fusion.members.filter { !$0.isEmpty }
        #expect(loops.contains { $0.count > 2 })
    }
}
