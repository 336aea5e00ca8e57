import FoundationEssentials
import Glibc
import Images
import TestSupport
import Testing

/// Creation, refusal and resumption of run directories by `limn train`.
@Suite struct RunDirectoryTests {
    @Test func aRunLeavesWhatItsDirectoryPromises() throws {
        let tiny = try Tiny.shared()
        #expect(
            try files(below: tiny.run).filter { !$0.contains("tfevents") }
                == [
                    "checkpoint-000002256.safetensors", "checkpoint-000002400.safetensors",
                    "data.json", "embeddings.safetensors", "encoder/encoder.safetensors",
                    "encoder/checkpoint-000003200.safetensors", "encoder/checkpoint-000004000.safetensors",
                    "encoder/lock", "encoder/log.txt",
                    "encoder/recipe.yaml", "encoder/retrieval.jsonl",
                    "encoder/stats.jsonl", "fakes-000001200.png", "fakes-000002400.png", "lock", "log.txt",
                    "model.safetensors", "images.cache",
                    "reals.png", "recipe.yaml", "snapshot-000001200.safetensors", "snapshot-000002400.safetensors",
                    "stats.jsonl",
                ].sorted())
        #expect(haveEqualContents(tiny.model, tiny.run + "/snapshot-000002400.safetensors"))
        for grid in ["reals.png", "fakes-000001200.png", "fakes-000002400.png"] {
            #expect(try Image(contentsOf: "\(tiny.run)/\(grid)").width == 142)
        }
        // One file of events for each stage.
        let events = try files(below: tiny.run).filter { $0.contains("tfevents") }
        #expect(events.count == 2 && events.first?.hasPrefix("encoder/events.out.tfevents.") == true, "\(events)")
        struct Row: Decodable {
            let images: Int
            let skipped: Int
        }
        let stats = String(decoding: try #require(contents(tiny.run + "/stats.jsonl")), as: UTF8.self)
        let rows = try stats.split(separator: "\n").map { try JSONDecoder().decode(Row.self, from: Data($0.utf8)) }
        #expect(rows.map(\.images) == [400, 800, 1200, 1600, 2000, 2400])
        #expect(rows.allSatisfy { $0.skipped == 0 })
        let log = String(decoding: try #require(contents(tiny.run + "/log.txt")), as: UTF8.self)
        #expect(log.contains("100 images, 240 captions"))
        #expect(log.hasSuffix("gan: finished, \(tiny.run)/model.safetensors\n"))
    }

    /// Points at which a process is killed. Each is an event, not a time, so that it occurs on every machine.
    enum Moment: String, CaseIterable {
        case beginning, inEncoder, afterTrial, inGAN, atSnapshot, atEnd

        func hasCome(_ run: String) -> Bool {
            switch self {
            case .beginning: exists(run + "/recipe.yaml")
            case .inEncoder: exists(run + "/encoder/checkpoint-000003200.safetensors")
            // The validation at 3,400 images, after the checkpoint at 3,200.
            case .afterTrial:
                (contents(run + "/encoder/retrieval.jsonl") ?? []).count { $0 == UInt8(ascii: "\n") } >= 17
            case .inGAN: !checkpoints(run).isEmpty
            case .atSnapshot: exists(run + "/snapshot-000001200.safetensors")
            // The last was written, and all but the last two were deleted.
            case .atEnd: checkpoints(run) == ["checkpoint-000002256.safetensors", "checkpoint-000002400.safetensors"]
            }
        }

        private func checkpoints(_ run: String) -> [String] {
            let names = try? FileManager.default.contentsOfDirectory(atPath: run)
            return (names ?? []).filter { $0.hasPrefix("checkpoint-") }.sorted()
        }
    }

    @Test(arguments: Moment.allCases)
    func aKilledRunThatIsResumedEqualsTheUninterruptedOne(moment: Moment) throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let run = folder + "/run"
            let child = try tiny.train(to: run, "--resume")
            #expect(child.wait { moment.hasCome(run) })
            child.send(SIGKILL)
            let ending = child.finish().ending
            // After its last checkpoint the run is complete.
            #expect(ending == .signal(SIGKILL) || moment == .atEnd && ending == .exit(0))

            let resumed = try tiny.train(to: run, "--resume").finish()
            #expect(resumed.ending == .exit(0), "\(resumed.err)")
            try expectEqualRuns(run, tiny.run)
        }
    }

    /// Both signals, in both stages; also between rows of `stats.jsonl`.
    @Test func aSignalLeavesACheckpointToGoOnFrom() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let run = folder + "/run"
            for (signal, moment, stage) in [
                (SIGHUP, Moment.beginning, nil), (SIGTERM, .inEncoder, "encoder/"), (SIGINT, .inGAN, ""),
            ] as [(Int32, Moment, String?)] {
                let child = try tiny.train(to: run, "--resume")
                #expect(child.wait { moment.hasCome(run) })
                child.send(signal)
                let stopped = child.finish()
                #expect(stopped.ending == .exit(130), "\(stopped.err)")
                #expect(stopped.talk.contains("stopping after this step; press Ctrl-C again to stop at once"))
                let last = try #require(
                    stopped.talk.last?.firstMatch(of: /stopped after (\d+) images; resume with --resume$/))
                guard let stage else { continue }
                let digits = String(last.1)
                let name = "checkpoint-" + String(repeating: "0", count: 9 - digits.count) + digits + ".safetensors"
                #expect(exists("\(run)/\(stage)\(name)"))
            }
            let resumed = try tiny.train(to: run, "--resume").finish()
            #expect(resumed.ending == .exit(0), "\(resumed.err)")
            // The interrupted run has additional checkpoints at the signals.
            for name in try files(below: run) where name.hasPrefix("encoder/checkpoint-") {
                try FileManager.default.removeItem(atPath: "\(run)/\(name)")
            }
            for name in try files(below: tiny.run) where name.hasPrefix("encoder/checkpoint-") {
                try FileManager.default.copyItem(atPath: "\(tiny.run)/\(name)", toPath: "\(run)/\(name)")
            }
            try expectEqualRuns(run, tiny.run)
        }
    }

    /// Checkpoints are the largest files of a run, so a limit on file sizes affects them first.
    @Test func aRunWhoseDiskFillsKeepsItsLastCheckpoint() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let run = folder + "/run"
            let child = try tiny.train(to: run)
            #expect(child.wait { Moment.inGAN.hasCome(run) })
            child.send(SIGKILL)
            #expect(child.finish().ending == .signal(SIGKILL))
            let before = try checkpoints(run)

            let full = try tiny.train(to: run, "--resume", shell: #"ulimit -f 500; exec "$@""#).finish()
            #expect(full.ending == .exit(73), "\(full.err)")
            #expect(full.talk.last?.hasPrefix("limn: cannot write \(run)/checkpoint-") == true, "\(full.err)")
            #expect(full.talk.count { $0.hasPrefix("limn: ") } == 1)
            let areKept = try checkpoints(run) == before
            #expect(areKept)
            #expect(try !files(below: run).contains { $0.hasSuffix(".partial") })

            let resumed = try tiny.train(to: run, "--resume").finish()
            #expect(resumed.ending == .exit(0), "\(resumed.err)")
            try expectEqualRuns(run, tiny.run)
        }
    }

    private func checkpoints(_ run: String) throws -> [String: [UInt8]?] {
        let names = try files(below: run).filter { $0.hasPrefix("checkpoint-") }
        return Dictionary(uniqueKeysWithValues: names.map { ($0, contents("\(run)/\($0)")) })
    }

    /// With several threads.
    @Test func twoThreadsAreAsRepeatableAsOne() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let settings = ["--images", "48", "--set", "encoder.images=64", "--set", "gan.checkpoint_every=16"]
            func train(_ run: String, _ images: String) throws {
                let child = try Child(
                    ["train", tiny.recipe, "--data", tiny.corpus, "--run", run, "--resume", "--threads", "2"]
                        + settings + ["--images", images], in: folder)
                let outcome = child.finish()
                #expect(outcome.ending == .exit(0), "\(outcome.err)")
            }
            try train("whole", "48")
            for images in ["16", "32", "48"] { try train("parts", images) }
            #expect(haveEqualContents(folder + "/parts/model.safetensors", folder + "/whole/model.safetensors"))
        }
    }

    @Test func aRunIsNeitherOverwrittenNorContinuedByAnother() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let run = folder + "/run"
            try FileManager.default.copyItem(atPath: tiny.run, toPath: run)
            expectRefusal(try tiny.train(to: run).finish(), 73, "\(run) already holds files")
            expectRefusal(
                try tiny.train(to: run, "--resume", "--set", "generator.noise=9").finish(), 64,
                "/recipe.yaml differs in generator.noise (8 in the run, 9 now); omit the recipe")
            #expect(haveEqualContents(run + "/log.txt", tiny.run + "/log.txt"))
            try expectEqualRuns(run, tiny.run)
        }
        try withTemporaryFolder { folder in
            try put("mine", folder + "/letter")
            for more in [[], ["--resume"]] {
                let arguments = ["train", tiny.recipe, "--data", tiny.corpus, "--run", folder] + more
                expectRefusal(try Child(arguments, in: folder).finish(), 73, "\(folder) already holds files")
            }
            expectRefusal(try tiny.train(to: folder + "/letter").finish(), 73, "cannot create the folder")
            #expect(try files(below: folder) == ["letter"])
        }
    }

    /// A run knows its recipe and its data, and takes deliberate changes.
    @Test func aRunIsResumedByItsOwnRecipe() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let run = folder + "/run"
            try FileManager.default.copyItem(atPath: tiny.run, toPath: run)
            let own = ["train", "--run", run, "--resume", "--threads", "1"]
            let changes = ["--set", "generator.learning_rate=2.0e-4", "--set", "gan.batch=16", "--images", "2432"]
            let resumed = try Child(own + changes, in: folder).finish()
            #expect(resumed.ending == .exit(0), "\(resumed.err)")
            #expect(exists(run + "/checkpoint-000002432.safetensors"))
            let log = String(decoding: try #require(contents(run + "/log.txt")), as: UTF8.self)
            #expect(
                log.contains("changed gan.batch from 8 to 16, gan.images from 2400 to 2432, generator.learning_rate"))
            // The same change by a recipe file may be an oversight.
            let text = String(decoding: try #require(contents(tiny.recipe)), as: UTF8.self)
            try put(text.replacing("batch: 8", with: "batch: 4"), folder + "/other.yaml")
            let refused = try Child(
                ["train", "other.yaml", "--data", tiny.corpus, "--run", run, "--resume"], in: folder
            ).finish()
            expectRefusal(refused, 64, "gan.batch (16 in the run, 4 now)")
            // Architecture cannot change at all.
            let other = try Child(own + ["--set", "generator.width=8"], in: folder).finish()
            expectRefusal(other, 64, "differs in generator.width (4 in the run, 8 now)")
            expectRefusal(
                try Child(["train", "--run", "new", "--resume"], in: folder).finish(), 64, "no recipe; name one")
            expectRefusal(try Child(["train", tiny.recipe, "--run", "new"], in: folder).finish(), 64, "no data; name")
        }
    }

    /// A model is a starting point for other images and other words, and a run keeps its copy of it.
    @Test func aTrainingStartsFromAModel() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let (run, model) = (folder + "/run", folder + "/model.safetensors")
            try FileManager.default.copyItem(atPath: tiny.model, toPath: model)
            let drawn = try limn(
                "corpus", "shapes", "--out", "more", "--count", "60", "--seed", "9", "--side", "16", in: folder)
            #expect(drawn.ending == .exit(0))
            let start = [
                "train", tiny.recipe, "--data", "more", "--run", run, "--threads", "1", "--set", "encoder.images=160",
            ]
            let other = try Child(start + ["--from", model, "--set", "generator.width=8"], in: folder).finish()
            expectRefusal(other, 64, "other networks than the recipe: generator.width (4 there, 8 in the recipe)")
            let missing = try Child(start + ["--from", "absent"], in: folder).finish()
            expectRefusal(missing, 66, "absent: no such model")
            let plan = try Child(start + ["--from", "absent", "--dry-run"], in: folder).finish()
            expectRefusal(plan, 66, "absent: no such model")
            #expect(!exists(run))

            let begun = try Child(start + ["--from", model, "--images", "80"], in: folder).finish()
            #expect(begun.ending == .exit(0), "\(begun.err)")
            let log = String(decoding: try #require(contents(run + "/log.txt")), as: UTF8.self)
            #expect(log.contains("starts with text encoder, generator from \(model)"))
            // The card of a published model names files, not the folders of the machine that trained it.
            let card = String(decoding: try limn("info", run + "/model.safetensors", in: folder).out, as: UTF8.self)
            #expect(card.contains("\nfrom: model.safetensors\n"), "\(card)")
            #expect(card.contains("80 images seen after the start from model.safetensors,"), "\(card)")
            // Resuming needs only the run.
            try FileManager.default.removeItem(atPath: model)
            let resumed = try Child(
                ["train", "--run", run, "--resume", "--threads", "1", "--images", "96"], in: folder
            ).finish()
            #expect(resumed.ending == .exit(0), "\(resumed.err)")
        }
    }

    @Test func aRunBelongsToOneTrainingAtATime() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let run = folder + "/run"
            let child = try tiny.train(to: run, "--images", "1000000")
            #expect(child.wait { exists(run + "/log.txt") })
            expectRefusal(try tiny.train(to: run, "--resume").finish(), 73, "is in use by another training (process ")
            child.send(SIGKILL)
            #expect(child.finish().ending == .signal(SIGKILL))
        }
    }
}
