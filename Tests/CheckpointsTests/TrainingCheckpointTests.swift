import Checkpoints
import Files
import FoundationEssentials
import TestSupport
import Testing

@Suite struct TrainingCheckpointTests {
    private func checkpoint(_ imagesSeen: Int) -> TrainingCheckpoint {
        TrainingCheckpoint(
            counters: counters(imagesSeen), recipe: "batch: 32\n", origins: ["features": "network 1234"],
            arrays: [
                NamedArray(name: "generator.parameters", shape: [7], floats: (0..<7).map { Float($0 + imagesSeen) }),
                NamedArray(name: "discriminator.parameters", shape: [50], floats: [Float](repeating: 0.5, count: 50)),
            ])
    }

    /// More updates than a float can count.
    private func counters(_ imagesSeen: Int) -> TrainingCheckpoint.Counters {
        .init(
            imagesSeen: imagesSeen, skippedSteps: 1, seed: .max,
            networks: ["generator": .init(steps: 1 << 24 + 1, skippedInARow: 3)])
    }

    private func name(_ imagesSeen: String) -> String { "checkpoint-\(imagesSeen).safetensors" }

    /// Changes bytes of a file in place.
    private func damage(_ path: String, _ change: (inout [UInt8]) -> Void) throws {
        var bytes = try #require(contents(path))
        change(&bytes)
        try put(bytes, path)
    }

    @Test func givesBackWhatWasWritten() throws {
        try withTemporaryFolder { (folder: String) throws in
            let path = try checkpoint(12800).write(in: folder)
            #expect(path == "\(folder)/checkpoint-000012800.safetensors")
            let read = try TrainingCheckpoint(contentsOf: path)
            #expect(read.counters == counters(12800))
            #expect(read.origins == ["features": "network 1234"])
            #expect(read.recipe == "batch: 32\n")
            #expect(read.arrays.map(\.name) == ["discriminator.parameters", "generator.parameters"])
            #expect(try read.arrays[1].floats() == (12800..<12807).map(Float.init))
            #expect(read.statistics == nil)
            var further = checkpoint(12900)
            further.statistics = "{\"loss\":1}"
            #expect(try TrainingCheckpoint(contentsOf: further.write(in: folder)).statistics == "{\"loss\":1}")
        }
    }

    @Test func rotationKeepsTheLast() throws {
        try withTemporaryFolder { (folder: String) throws in
            try put([1], "\(folder)/checkpoint-best.safetensors")
            for images in [0, 100, 999_999_999, 1_000_000_000] { try checkpoint(images).write(in: folder) }
            let others = ["checkpoint-best.safetensors"]
            #expect(try names(in: folder) == [name("1000000000"), name("999999999")] + others)
            try checkpoint(2_000_000_000).write(in: folder, keeping: 1)
            #expect(try names(in: folder) == [name("2000000000")] + others)
            #expect(try TrainingCheckpoint.latest(in: folder)?.counters.imagesSeen == 2_000_000_000)
        }
    }

    @Test func rotationCountsSoundCheckpointsUpToThisOne() throws {
        try withTemporaryFolder { (folder: String) throws in
            try checkpoint(100).write(in: folder, keeping: 4)
            try checkpoint(200).write(in: folder, keeping: 4)
            try checkpoint(400).write(in: folder, keeping: 4)
            try damage("\(folder)/\(name("000000200"))") { $0.removeLast() }
            // A run that went back: later checkpoints are abandoned, and the damaged one does not count.
            try checkpoint(300).write(in: folder, keeping: 2)
            #expect(try names(in: folder) == [name("000000100"), name("000000300")])
        }
    }

    @Test func fallsBackToTheOneBefore() throws {
        let damages: [(change: (inout [UInt8]) -> Void, said: String)] = [
            ({ $0.removeLast(9) }, "cut short"), ({ $0 = [] }, "0 bytes"), ({ $0[$0.count - 1] ^= 1 }, "checksum"),
            ({ bytes in for i in bytes.count - 90..<bytes.count { bytes[i] = 0 } }, "checksum"),
        ]
        for (change, expected) in damages {
            try withTemporaryFolder { (folder: String) throws in
                try checkpoint(100).write(in: folder)
                try checkpoint(200).write(in: folder)
                try damage("\(folder)/\(name("000000200"))", change)
                var reports: [String] = []
                let latest = try TrainingCheckpoint.latest(in: folder) { reports.append($0.description) }
                #expect(latest?.counters.imagesSeen == 100)
                #expect(reports.count == 1)
                #expect(reports.first?.contains(name("000000200")) == true)
                #expect(reports.first?.contains(expected) == true)

                try damage("\(folder)/\(name("000000100"))", change)
                let said = try #require(complaint { _ = try TrainingCheckpoint.latest(in: folder) })
                #expect(said.hasPrefix("none of the checkpoints in \(folder) can be read; of the newest: "))
            }
        }
    }

    @Test func everyFlippedBitOfTheDataIsNoticed() throws {
        try withTemporaryFolder { (folder: String) throws in
            let path = try checkpoint(100).write(in: folder)
            let sound = try #require(contents(path))
            for at in sound.count - 57 * 4..<sound.count {
                try damage(path) { $0[at] ^= 1 << UInt8(at % 8) }
                #expect(throws: CheckpointError.self) { try TrainingCheckpoint(contentsOf: path) }
                try put(sound, path)
            }
        }
    }

    @Test func anEmptyFolderHasNone() throws {
        try withTemporaryFolder { (folder: String) throws in
            let latest = try TrainingCheckpoint.latest(in: folder)
            #expect(latest == nil)
            #expect(
                complaint { _ = try TrainingCheckpoint.latest(in: "\(folder)/absent") }
                    == "cannot read the folder \(folder)/absent: No such file or directory")
        }
    }

    @Test(arguments: DiskFailure.allCases)
    func aFailingDiskLeavesTheOlderOnes(_ failure: DiskFailure) throws {
        try withTemporaryFolder { (folder: String) throws in
            try checkpoint(100).write(in: folder)
            try checkpoint(200).write(in: folder)
            let said = complaint { _ = try checkpoint(300).write(in: folder, keeping: 1, calls: failure.calls) }
            #expect(said == "cannot write \(folder)/\(name("000000300")): \(failure.reason)")
            #expect(try names(in: folder) == [name("000000100"), name("000000200")])
            #expect(try TrainingCheckpoint.latest(in: folder)?.counters.imagesSeen == 200)
        }
    }

    @Test func nothingIsRemovedBeforeTheNewOneHasItsName() throws {
        try withTemporaryFolder { (folder: String) throws in
            try checkpoint(100).write(in: folder)
            try checkpoint(200).write(in: folder)
            let calls = SystemCalls(synchronize: { _ in
                #expect((try? names(in: folder))?.contains(name("000000100")) == true)
                return 0
            })
            _ = try checkpoint(300).write(in: folder, keeping: 1, calls: calls)
            #expect(try names(in: folder) == [name("000000300")])
        }
    }

    @Test func otherFilesAreRefused() throws {
        try withTemporaryFolder { (folder: String) throws in
            let path = "\(folder)/file"
            try ModelFile(arrays: [], configuration: "", vocabulary: "").write(to: path)
            #expect(
                complaint { _ = try TrainingCheckpoint(contentsOf: path) }
                    == "\(path) is not a Limn training checkpoint but a Limn model")
            for counters in ["", "[]", "{\"imagesSeen\":-1,\"skippedSteps\":0,\"seed\":0,\"networks\":{}}"] {
                try Safetensors.write(
                    [],
                    metadata: [
                        "format": "limn-training-checkpoint", "version": "2", "counters": counters, "recipe": "",
                        "checksum": "",
                    ], to: path)
                #expect(
                    complaint { _ = try TrainingCheckpoint(contentsOf: path) }?.contains(
                        "the entry \"counters\" of its metadata does not hold a training's counters") == true)
            }
        }
    }
}
