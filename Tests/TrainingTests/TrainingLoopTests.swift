import Checkpoints
import Foundation
import TestSupport
import Testing
import Training

@Suite(.serialized) struct TrainingLoopTests {
    @Test func intervalsElapseAtMultiplesAndTheLastStepCountsForAll() throws {
        try withTemporaryFolder { folder in
            let task = try CountingTask(images: 250)
            task.schedule.validation = .times(3, inImages: 250)
            task.schedule.snapshot = .every(images: 100)
            #expect(try train(task, in: folder) == .finished)
            #expect(
                task.events == [
                    "prepare 0", "validate 90", "snapshot 100", "validate 170", "snapshot 200", "validate 250",
                    "snapshot 250", "finish 250",
                ])
            let last = try #require(try TrainingCheckpoint.latest(in: folder + "/run"))
            #expect(last.counters.imagesSeen == 250 && last.counters.networks["network"]?.steps == 25)
        }
    }

    @Test func aResumedTrainingEndsWithTheSameParametersAndStatistics() throws {
        try withTemporaryFolder { folder in
            let whole = try CountingTask(images: 1200)
            _ = try train(whole, in: folder + "/whole")
            for images in [300, 700, 1200] {
                let part = try CountingTask(images: images)
                _ = try train(part, in: folder + "/parts")
                guard images == 1200 else { continue }
                #expect(part.events.first == "prepare 700")
                #expect(part.network.parameters.values == whole.network.parameters.values)
            }
            let (a, b) = (try rows(folder + "/whole"), try rows(folder + "/parts"))
            #expect(a.map { $0["images"] } == [500, 1000] && b.map { $0["images"] } == [500, 1000])
            for (a, b) in zip(a, b) { #expect(a["loss"] == b["loss"] && a["gradient_norm"] == b["gradient_norm"]) }
        }
    }

    /// Events after the checkpoint that a training goes back to are superseded, so that TensorBoard shows each row once.
    @Test func aResumedTrainingShowsEachRowOnce() throws {
        try withTemporaryFolder { folder in
            let run = folder + "/run"
            for _ in 1...2 {
                let task = try CountingTask(images: 1600)
                task.schedule.checkpoint = .every(images: 1000)
                _ = try train(task, in: folder)
                try FileManager.default.removeItem(atPath: run + "/checkpoint-000001600.safetensors")
            }
            #expect(try rows(folder).map { $0["images"] } == [500, 1000, 1500])
            let files = try names(in: run).filter { $0.contains("tfevents") }
            #expect(files.count == 2)
            var written: [Int] = []
            var shown: [Int] = []
            for event in try files.flatMap({ try Event.all(in: #require(contents("\(run)/\($0)"))) }) {
                // What TensorBoard does with the start of a session.
                if event.isStart { shown.removeAll { $0 >= event.step } }
                guard event.tags.contains("training/loss") else { continue }
                #expect(
                    event.tags.isSuperset(of: [
                        "training/gradient_norm", "training/learning_rate", "training/skipped",
                        "training/images_per_second",
                    ]))
                written.append(event.step)
                shown.append(event.step)
            }
            #expect(written == [500, 1000, 1500, 1500])
            #expect(shown == [500, 1000, 1500])
        }
    }

    /// The name of an event file is longer than those of the other files.
    @Test func aTrainingDoesNotDependOnItsEvents() throws {
        try withTemporaryFolder { folder in
            let most = 4095 - "/checkpoint-000000500.safetensors".utf8.count
            var deep = folder
            while deep.utf8.count + "/run".utf8.count < most {
                let rest = most - "/run".utf8.count - deep.utf8.count - 1
                deep += "/" + String(repeating: "d", count: rest < 202 ? rest : 200)
            }
            #expect(try train(try CountingTask(images: 1500), in: deep) == .finished)
            #expect(try rows(deep).map { $0["images"] } == [500, 1000, 1500])
            let log = try String(contentsOfFile: deep + "/run/log.txt", encoding: .utf8)
            let lines = log.split(separator: "\n").filter { $0.contains("TensorBoard will not show") }
            #expect(lines.count == 1 && lines.first?.hasSuffix(": File name too long") == true, "\(log)")
        }
    }

    @Test func smallMeasurementsAreNotRoundedToZero() throws {
        try withTemporaryFolder { folder in
            _ = try train(try CountingTask(images: 500), in: folder)
            let loss = try #require(try rows(folder).first?["loss"])
            #expect(abs(loss - 1e-7) < 1e-12)
        }
    }

    @Test func validationMayEndATrainingEarly() throws {
        try withTemporaryFolder { folder in
            let task = try CountingTask(images: 1000)
            task.schedule.validation = .every(images: 200)
            task.validation = { $0 >= 400 ? "enough" : nil }
            #expect(try train(task, in: folder) == .finished)
            #expect(task.events.suffix(2) == ["validate 400", "finish 400"])
        }
    }

    /// Twenty skipped steps in a row restore the checkpoint; the images seen go on.
    @Test func aDivergedTrainingRecoversFromItsCheckpoint() throws {
        try withTemporaryFolder { folder in
            let task = try CountingTask(images: 600)
            task.isFinite = { !(150..<350).contains($0) }
            #expect(try train(task, in: folder) == .finished)
            #expect(task.state.skipped == 20 && task.state.imagesSeen == 600)
            // Ten steps up to the checkpoint, then those after the restoration.
            #expect(task.network.steps == 10 + 25)
            let log = try String(contentsOfFile: folder + "/run/log.txt", encoding: .utf8)
            #expect(log.contains("restored the networks of 100 images (1 of 3 attempts)"))
        }
    }

    @Test func aTrainingThatDivergesAgainAndAgainIsGivenUp() throws {
        try withTemporaryFolder { folder in
            let task = try CountingTask(images: 100_000)
            task.isFinite = { $0 < 150 }
            let error = #expect(throws: StateError.self) { try train(task, in: folder) }
            #expect(error?.description.contains("diverged 4 times from the checkpoint of 100 images") == true)
            #expect(task.state.imagesSeen == 150 + 4 * 200)
            // The checkpoint is still there.
            #expect(try TrainingCheckpoint.latest(in: folder + "/run")?.counters.imagesSeen == 100)
        }
    }

    /// The checkpoint that is due in the step that restores the networks would count as a success.
    @Test func aRecoveryIsNoSuccess() throws {
        try withTemporaryFolder { folder in
            let task = try CountingTask(images: 100_000)
            task.schedule.checkpoint = .every(images: 200)
            task.isFinite = { $0 < 200 }
            let error = #expect(throws: StateError.self) { try train(task, in: folder) }
            #expect(error?.description.contains("diverged 4 times from the checkpoint of 200 images") == true)
        }
    }

    /// Networks whose last updates were skipped are not written: they may be the reason.
    @Test func aStopWaitsForAnUpdate() throws {
        try withTemporaryFolder { folder in
            let task = try CountingTask(images: 1000)
            task.isFinite = { !(150..<200).contains($0) }
            task.isInterrupted = { $0 >= 160 }
            #expect(try train(task, in: folder) == .interrupted)
            let last = try #require(try TrainingCheckpoint.latest(in: folder + "/run"))
            #expect(last.counters.imagesSeen == 210 && last.counters.networks["network"]?.steps == 16)
        }
    }

    @Test func divergenceBeforeTheFirstCheckpointIsAnError() throws {
        try withTemporaryFolder { folder in
            let task = try CountingTask(images: 1000)
            task.isFinite = { _ in false }
            let error = #expect(throws: StateError.self) { try train(task, in: folder) }
            #expect(error?.description.contains("no finite gradients before the first checkpoint") == true)
        }
    }
}
