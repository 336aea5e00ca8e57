import Execution
import Graphs
import Testing

/// Which nodes share a loop, in graphs small enough to know the right answer.
@Suite struct FusionTests {
    private let graph = Graph()

    /// The fusion of a graph for some outputs, after a check of its invariants.
    private func fuse(
        _ outputs: [Tensor], firstStage: [Tensor] = [], sourceLocation: SourceLocation = #_sourceLocation
    ) -> Fusion {
        let (outputs, firstStage) = (Set((outputs + firstStage).map(\.id)), Set(firstStage.map(\.id)))
        let fusion = Fusion(graph, outputs: outputs, firstStage: firstStage, memberLimit: memberLimit)
        let wrong = fusion.faults(in: graph, outputs: outputs, firstStage: firstStage)
        #expect(wrong == [], sourceLocation: sourceLocation)
        return fusion
    }

    @Test func aChainIsOneLoop() {
        let x = graph.input("x", [4, 8])
        let chain = (x.tanh() * 2 + graph.input("y", [4, 8])).sigmoid()
        let fusion = fuse([chain])
        let loop = fusion.loop[chain.id]
        #expect(loop != nil && fusion.loop.count { $0 == loop } == 4)
        #expect(fusion.loop[x.id] == nil, "an input runs in no loop")
        #expect(fusion.schedule().filter { fusion.loop[$0] != nil } == [chain.id])
    }

    @Test func whatNobodyNeedsIsLeftOut() {
        let x = graph.input("x", [4, 8])
        let (needed, unneeded) = (x.tanh(), x.sigmoid())
        let fusion = fuse([needed])
        #expect(fusion.isLive[needed.id] && !fusion.isLive[unneeded.id])
        #expect(fusion.consumers[x.id] == [needed.id])
        #expect(!fusion.schedule().contains(unneeded.id))
    }

    @Test func otherShapesAreOtherLoops() {
        let x = graph.input("x", [4, 8])
        let wide = x.tanh()
        let narrow = wide.slice(axis: 1, start: 0, count: 4).sigmoid()
        let fusion = fuse([narrow])
        #expect(fusion.loop[wide.id] != nil && fusion.loop[narrow.id] != nil)
        #expect(fusion.loop[wide.id] != fusion.loop[narrow.id])
    }

    @Test func reductionsJoinWhatMakesTheirOperand() {
        let x = graph.input("x", [4, 8])
        let values = x.tanh()
        let (sum, maximum) = (values.sum(along: [1]), graph.apply(Maximum(axes: [0]), [values]))
        let fusion = fuse([sum, maximum])
        #expect(fusion.loop[sum.id] == fusion.loop[values.id])
        #expect(fusion.loop[maximum.id] == fusion.loop[values.id])
    }

    /// A consumer of a reduction cannot join its loop, even if it also reads the reduction's operand.
    @Test func readersOfAReductionAreAnotherLoop() {
        let x = graph.input("x", [4, 8])
        let values = x.tanh()
        let sum = values.sum(along: [1])
        let scaled = values * sum
        let fusion = fuse([scaled])
        #expect(fusion.loop[sum.id] != fusion.loop[scaled.id])
        let softmax = x.softmax()
        let softmaxLoops = Set(fuse([softmax]).loop.compactMap { $0 })
        #expect(softmaxLoops.count >= 3, "maximum, sum and quotient")
    }

    @Test func broadcastsAndFillsAreReadThrough() {
        let (x, bias) = (graph.input("x", [4, 8]), graph.input("bias", [1, 8]))
        let y = x + bias
        let z = y / graph.fill(3, [4, 8])
        let fusion = fuse([z])
        #expect(fusion.inputs[y.id] == [x.id, bias.id])
        #expect(fusion.inputs[z.id] == [y.id])
        #expect(fusion.loop[y.id] == fusion.loop[z.id])
        let repeated = bias.broadcast(to: [4, 8])
        #expect(!fusion.isLive[repeated.id])
        // An output is computed even if loops could read its operand instead.
        #expect(fuse([repeated]).isLive[repeated.id])
    }

    @Test func stoppedGradientsAreResolved() {
        let x = graph.input("x", [4, 8])
        let stopped = x.tanh().stoppingGradient()
        let y = stopped.stoppingGradient().sigmoid()
        let fusion = fuse([y])
        #expect(fusion.inputs[y.id] == [x.tanh().id])
        #expect(!fusion.isLive[stopped.id])
        #expect(fusion.loop[x.tanh().id] == fusion.loop[y.id])
    }

    /// exp has consumers inside and outside the loop of the sum: fusing them would create a cycle.
    @Test func noLoopWaitsForItself() {
        let (x, w) = (graph.input("x", [4, 4]), graph.input("w", [4, 4]))
        let e = x.exp()
        let direct = e.matmul(w) + e
        #expect(fuse([direct]).loop[e.id] != fuse([direct]).loop[direct.id])
        // The path may lead through other loops of other shapes.
        let around = e.sum(along: [1]).tanh() * 2
        let detour = (around.broadcast(to: [4, 4]) + e).sigmoid()
        let fusion = fuse([detour])
        #expect(fusion.loop[e.id] != fusion.loop[detour.id])
    }

    /// Two loops that read the same node are merged, unless one depends on the other.
    @Test func readersOfOneNodeShareItsLoopWhereTheyCan() {
        let (x, w) = (graph.input("x", [4, 4]), graph.input("w", [4, 4]))
        let e = x.exp()
        let (a, b) = (e.tanh(), e.sigmoid())
        let fusion = fuse([a, b])
        #expect(fusion.loop[a.id] == fusion.loop[b.id] && fusion.loop[e.id] == fusion.loop[a.id])
        let product = a.matmul(w)
        let c = product + e
        let apart = fuse([c])
        #expect(apart.loop[a.id] != apart.loop[c.id])
    }

    @Test func loopsHaveALimit() {
        var y = graph.input("x", [4, 8])
        for _ in 0..<10 * memberLimit { y = y.tanh() }
        let fusion = fuse([y])
        let sizes = fusion.members.map(\.count).filter { $0 > 0 }
        #expect(sizes.reduce(0, +) == 10 * memberLimit)
        #expect(sizes.count == 10 && sizes.allSatisfy { $0 == memberLimit })
    }

    @Test func whatIsWantedBeforeThePauseRunsBeforeIt() {
        let (x, late) = (graph.input("x", [4, 8]), graph.input("late", [4, 8]))
        let h = x.tanh()
        let both = h.sigmoid()
        let result = both + late
        let fusion = fuse([result], firstStage: [h])
        #expect(fusion.isFirstStage[h.id] && fusion.isFirstStage[x.id])
        #expect(!fusion.isFirstStage[both.id] && !fusion.isFirstStage[late.id] && !fusion.isFirstStage[result.id])
        #expect(fusion.loop[h.id] != fusion.loop[both.id], "a loop belongs to one stage")
        #expect(fuse([result]).loop[h.id] == fuse([result]).loop[both.id], "without a pause it is one")
    }

    /// The operand of a broadcast belongs to the first stage, although no loop reads the broadcast itself.
    @Test func earlinessGoesThroughWhatIsReadThrough() {
        let (x, bias) = (graph.input("x", [4, 8]), graph.input("bias", [1, 8]))
        let scale = bias.tanh()
        let h = (x + scale.stoppingGradient()).sigmoid()
        let fusion = fuse([h * 2], firstStage: [h])
        #expect(fusion.isFirstStage[scale.id] && fusion.isFirstStage[bias.id])
    }
}
