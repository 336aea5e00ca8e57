import Execution
import Foundation
import TestSupport
import Testing
import Training

/// The training loop in several ranks, which are threads here.
@Suite(.serialized) struct RankTests {
    /// What a rank ends with.
    private struct Ending: Sendable {
        let outcome: TrainingOutcome
        let parameters: [Float]
        let skipped: Int
        let events: [String]
    }

    private func train(
        ranks: Int, images: Int, in folder: String, change: @escaping @Sendable (CountingTask) -> Void = { _ in }
    ) -> [Result<Ending, any Error>] {
        ThreadRanks.run(ranks) { ranks in
            let task = try CountingTask(images: images, ranks: ranks)
            change(task)
            let outcome = try TrainingTests.train(task, in: folder)
            return Ending(
                outcome: outcome, parameters: task.network.parameters.values, skipped: task.state.skipped,
                events: task.events)
        }
    }

    @Test func ranksTakeTheMeanGradientAndRank0AloneWrites() throws {
        try withTemporaryFolder { folder in
            let endings = try train(ranks: 3, images: 600, in: folder) {
                $0.schedule.validation = .every(images: 300)
                $0.schedule.snapshot = .every(images: 600)
            }.map { try $0.get() }
            #expect(endings.allSatisfy { $0.outcome == .finished && $0.parameters == endings[0].parameters })
            #expect(endings[0].events == ["prepare 0", "validate 300", "validate 600", "snapshot 600", "finish 600"])
            #expect(endings[1].events.isEmpty && endings[2].events.isEmpty)
            let row = try #require(try rows(folder).first)
            // Gradients are 0.5, 1.5 and 2.5 in each of four values.
            #expect(row["gradient_norm"] == 3)
            #expect(
                row["ranks.slowest"] != nil && row["ranks.slowest_over_median"] != nil && row["ranks.waiting"] != nil)
        }
    }

    @Test func earlyEndsAndSkippedStepsAreDecidedTogether() throws {
        try withTemporaryFolder { folder in
            let early = try train(ranks: 2, images: 1000, in: folder + "/early") {
                $0.schedule.validation = .every(images: 200)
                $0.validation = { $0 >= 400 ? "enough" : nil }
            }.map { try $0.get() }
            #expect(early[0].events.last == "finish 400" && early[1].parameters == early[0].parameters)

            // The gradients of one rank are not finite for twenty steps, so that all go back to the checkpoint.
            let recovered = try train(ranks: 2, images: 600, in: folder + "/recovered") {
                $0.divergingRank = 1
                $0.isFinite = { !(150..<350).contains($0) }
            }.map { try $0.get() }
            #expect(recovered.allSatisfy { $0.skipped == 20 && $0.parameters == recovered[0].parameters })
            #expect(recovered[0].parameters.allSatisfy { $0.isFinite })
        }
    }

    @Test func aRunIsResumedWithAnyNumberOfRanks() throws {
        try withTemporaryFolder { folder in
            // All ranks have the gradient of rank 0 here, so that their number makes no difference.
            let whole = try train(ranks: 1, images: 1200, in: folder + "/whole")[0].get()
            for (ranks, images) in [(2, 300), (1, 700), (3, 1200)] {
                let endings = try train(ranks: ranks, images: images, in: folder + "/parts") {
                    $0.hasEqualGradients = true
                }.map { try $0.get() }
                #expect(endings.allSatisfy { $0.parameters == endings[0].parameters })
                if images == 1200 { #expect(endings[0].parameters == whole.parameters) }
            }
        }
    }

    @Test func aFailureOfRank0EndsAll() throws {
        try withTemporaryFolder { folder in
            let endings = train(ranks: 2, images: 1000, in: folder) { $0.isFinite = { _ in false } }
            #expect(throws: StateError.self) { try endings[0].get() }
            #expect(throws: CommunicationError.self) { try endings[1].get() }
        }
    }
}
