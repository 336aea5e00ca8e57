import Checkpoints
import Files
import FoundationEssentials
import TestSupport
import Testing

@Suite struct RunDirectoryTests {
    /// Creates a run with a recipe and closes it.
    private func makeRun(_ path: String) throws {
        let run = try RunDirectory(creating: path)
        try AtomicFile.write("batch: 32\n", to: run.recipe)
    }

    @Test func namesItsFiles() throws {
        try withTemporaryFolder { (folder: String) throws in
            let run = try RunDirectory(creating: "\(folder)/runs/first")
            let names = [
                run.recipe, run.log, run.statistics, run.reals, run.fakes(imagesSeen: 400_000),
                run.snapshot(imagesSeen: 1_234_567_890),
            ]
            #expect(
                names
                    == [
                        "recipe.yaml", "log.txt", "stats.jsonl", "reals.png", "fakes-000400000.png",
                        "snapshot-1234567890.safetensors",
                    ].map { "\(folder)/runs/first/\($0)" })
        }
    }

    @Test func isNotMadeTwiceNorOfSomethingElse() throws {
        try withTemporaryFolder { (folder: String) throws in
            let path = "\(folder)/run"
            try makeRun(path)
            #expect(
                complaint { _ = try RunDirectory(creating: path) }
                    == "the folder \(path) already holds files; choose a new folder, or resume the run in it")
            try put([1], "\(folder)/file")
            #expect(
                complaint { _ = try RunDirectory(creating: "\(folder)/file/run") }
                    == "cannot create the folder \(folder)/file/run: Not a directory")
            #expect(
                complaint { _ = try RunDirectory(opening: folder) }
                    == "\(folder) is not the folder of a run: it has no recipe.yaml; name the folder that holds one")
            #expect(
                complaint { _ = try RunDirectory(opening: "\(folder)/absent") }
                    == "\(folder)/absent is not the folder of a run: there is no such folder")
            #expect(try names(in: folder) == ["file", "run"])
        }
    }

    @Test func isHeldByOneTrainingAtATime() throws {
        try withTemporaryFolder { (folder: String) throws in
            let path = "\(folder)/run"
            try makeRun(path)
            let held = try RunDirectory(opening: path)
            let said = complaint { _ = try RunDirectory(opening: path) }
            #expect(
                said == "the run \(path) is in use by another training (process "
                    + "\(ProcessInfo.processInfo.processIdentifier)); wait until it ends, or stop it")
            withExtendedLifetime(held) {}
        }
        // Released with the object.
        try withTemporaryFolder { (folder: String) throws in
            try makeRun("\(folder)/run")
            for _ in 0..<3 { _ = try RunDirectory(opening: "\(folder)/run") }
        }
    }

    @Test func leftoversOfInterruptedWritesAreRemoved() throws {
        try withTemporaryFolder { (folder: String) throws in
            let path = "\(folder)/run"
            try makeRun(path)
            for name in [".limn-12-0.partial", ".hidden", "own.partial"] { try put([1], "\(path)/\(name)") }
            // A writer that dies before cleaning up.
            try AtomicFile.write(to: "\(path)/log.txt") { _ in
                let temporary = try #require(
                    names(in: path).first { $0.hasPrefix(".limn-") && $0 != ".limn-12-0.partial" })
                try put([2], "\(path)/\(temporary.replacing("-0.", with: "-9."))")
            }
            _ = try RunDirectory(opening: path)
            #expect(try names(in: path) == [".hidden", "lock", "log.txt", "own.partial", "recipe.yaml"])

            // A process that dies while writing its first file.
            _ = try RunDirectory(creating: "\(folder)/new")
            try put([1], "\(folder)/new/.limn-12-0.partial")
            _ = try RunDirectory(creating: "\(folder)/new")
            #expect(try names(in: "\(folder)/new") == ["lock"])
        }
    }

    /// The rest is spread over the run: the newest and the oldest stay, grids are not touched.
    @Test func snapshotsAreThinnedEvenly() throws {
        try withTemporaryFolder { (folder: String) throws in
            let run = try RunDirectory(creating: "\(folder)/run")
            func snapshots() throws -> [Int] {
                try FileManager.default.contentsOfDirectory(atPath: run.path).filter { $0.hasSuffix(".safetensors") }
                    .compactMap { Int($0.dropFirst("snapshot-".count).dropLast(".safetensors".count)) }.sorted()
            }
            for images in stride(from: 10, through: 160, by: 10) {
                try put([1], run.snapshot(imagesSeen: images))
                try put([1], run.fakes(imagesSeen: images))
                try run.thinSnapshots(keeping: 4)
            }
            let kept = try snapshots()
            #expect(kept.count == 4 && kept.last == 160)
            let gaps = zip(kept, [0] + kept).map { $0 - $1 }
            #expect(gaps.allSatisfy { (10...80).contains($0) }, "\(kept)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: run.path).count { $0.hasSuffix(".png") } == 16)
            try run.thinSnapshots(keeping: 0)
            #expect(try snapshots() == [160])
        }
    }

    @Test func rowsAndLinesAreAppended() throws {
        try withTemporaryFolder { (folder: String) throws in
            let run = try RunDirectory(creating: "\(folder)/run")
            try run.appendStatistics("{\"images\":32}")
            try run.appendStatistics("{\"images\":64}")
            try run.appendLog("é")
            #expect(contents(run.statistics) == Array("{\"images\":32}\n{\"images\":64}\n".utf8))
            #expect(contents(run.log) == Array("é\n".utf8))
        }
    }

    @Test func statisticsGoBackWithTheTraining() throws {
        let rows = "{\"images\":32,\"loss\":1.5}\n{\"loss\":2,\"images\":64}\n{\"images\":96}\n"
        let cases: [(text: String, imagesSeen: Int, kept: String, removed: Int)] = [
            (rows, 96, rows, 0), (rows, 1000, rows, 0),
            (rows, 64, "{\"images\":32,\"loss\":1.5}\n{\"loss\":2,\"images\":64}\n", 1),
            (rows, 0, "", 3), ("", 10, "", 0),
            (rows + "{\"images\":9", 96, rows, 1),
            // Valid JSON, but truncated: 128 became 12.
            (rows + "{\"images\":12}", 96, rows, 1),
            (rows + "\0\0\0\0", 96, rows, 1),
            (rows + String(repeating: "[", count: 100_000), 96, rows, 1),
        ]
        for (text, imagesSeen, kept, removed) in cases {
            try withTemporaryFolder { (folder: String) throws in
                let run = try RunDirectory(creating: "\(folder)/run")
                try put(Array(text.utf8), run.statistics)
                #expect(try run.rewindStatistics(to: imagesSeen) == removed)
                #expect(contents(run.statistics) == Array(kept.utf8))
            }
        }
        try withTemporaryFolder { (folder: String) throws in
            let run = try RunDirectory(creating: "\(folder)/run")
            #expect(try run.rewindStatistics(to: 5) == 0)
        }
    }
}
