import Checkpoints
import FoundationEssentials
import Glibc
import Models
import Networks
import TestSupport
import Testing

/// Runs on frozen features.
@Suite(.serialized) struct FeatureRunTests {
    @Test func aRunOnFeaturesLeavesWhatItsDirectoryPromises() throws {
        let shared = try FeatureRun.shared()
        let names = try files(below: shared.run)
        for name in [
            "features.safetensors", "encoder/encoder.safetensors", "model.safetensors",
            "checkpoint-000000400.safetensors",
        ] { #expect(names.contains(name), "\(name)") }
        let log = String(decoding: try #require(contents(shared.run + "/log.txt")), as: UTF8.self)
        #expect(log.hasSuffix("gan: finished, \(shared.run)/model.safetensors\n"))
        let words = String(decoding: try #require(contents(shared.run + "/encoder/log.txt")), as: UTF8.self)
        #expect(words.contains("a head of width 16 on efficientnet-lite0 at 64×64, all scales, 2 views per image"))
        let rows = String(decoding: try #require(contents(shared.run + "/stats.jsonl")), as: UTF8.self)
        for name in ["loss.contrastive", "loss.generator", "heads.3.loss.fake", "heads.0.logits.real"] {
            #expect(rows.contains("\"\(name)\""), "\(name)")
        }
        // Generating images does not need the network.
        let outcome = try limn(
            "generate", "a red circle", "--model", "\(shared.run)/model.safetensors", "--out",
            "\(shared.folder)/red.png",
            in: shared.folder, environment: ["LIMN_FEATURES": "/nowhere"])
        #expect(outcome.ending == .exit(0), "\(outcome.err)")
    }

    enum Moment: String, CaseIterable {
        case inEncoder, beforeTheFirstStep, afterACheckpoint

        func hasCome(_ run: String) -> Bool {
            switch self {
            case .inEncoder: exists(run + "/encoder/checkpoint-000000800.safetensors")
            case .beforeTheFirstStep: exists(run + "/features.safetensors")
            case .afterACheckpoint: exists(run + "/checkpoint-000000160.safetensors")
            }
        }
    }

    @Test(arguments: Moment.allCases)
    func aKilledRunThatIsResumedEqualsTheUninterruptedOne(moment: Moment) throws {
        let shared = try FeatureRun.shared()
        try withTemporaryFolder { folder in
            let run = folder + "/run"
            let child = try shared.train(to: run, "--resume")
            #expect(child.wait(seconds: 300) { moment.hasCome(run) })
            child.send(SIGKILL)
            #expect(child.finish().ending == .signal(SIGKILL))
            let resumed = try shared.train(to: run, "--resume").finish(seconds: 300)
            #expect(resumed.ending == .exit(0), "\(resumed.err)")
            try expectEqualRuns(run, shared.run)
        }
    }

    /// A run must not resume, in any stage, with other weights of the same network.
    @Test(arguments: [Moment?.none] + Moment.allCases)
    func aRunIsNotContinuedOnOtherFeatures(moment: Moment?) throws {
        let shared = try FeatureRun.shared()
        try withTemporaryFolder { folder in
            let run = folder + "/run"
            if let moment {
                let child = try shared.train(to: run, "--resume")
                #expect(child.wait(seconds: 300) { moment.hasCome(run) })
                child.send(SIGKILL)
                #expect(child.finish().ending == .signal(SIGKILL))
            } else {
                // Between the stages: trained encoders and no generator checkpoint.
                let encoders = try shared.train(to: run, "--set", "task=contrastive").finish(seconds: 300)
                #expect(encoders.ending == .exit(0), "\(encoders.err)")
            }
            let refused = try shared.train(to: run, "--resume", features: shared.others).finish(seconds: 300)
            #expect(refused.ending == .exit(65), "\(refused.err)")
            let last = try #require(refused.talk.last)
            #expect(last.contains(#/trained with (the|image) features efficientnet-lite0 /#), "\(refused.err)")
            #expect(last.hasSuffix("; resume with the former, or start a new run"), "\(refused.err)")
            #expect(refused.talk.count { $0.hasPrefix("limn: ") } == 1)
            // Before the first checkpoint.
            #expect(exists(run + "/encoder/encoder.safetensors") == (moment != .inEncoder))
            #expect(
                exists(run + "/features.safetensors") == (moment == .beforeTheFirstStep || moment == .afterACheckpoint))
        }
    }

    /// Convolutional image encoders have no checksum of the network, but the feature statistics of the run do.
    @Test func aRunWithoutFeaturesInItsEncodersIsNotContinuedOnOthersEither() throws {
        let shared = try FeatureRun.shared()
        try withTemporaryFolder { folder in
            let run = folder + "/run"
            func train(_ images: String, features: String) throws -> Outcome {
                try shared.train(
                    to: run, "--resume", "--set", "gan.contrastive=0", "--set", "encoder.network=none", "--set",
                    "encoder.images=8", "--images", images, features: features
                ).finish(seconds: 300)
            }
            let begun = try train("16", features: shared.features)
            #expect(begun.ending == .exit(0), "\(begun.err)")
            let refused = try train("32", features: shared.others)
            #expect(refused.ending == .exit(65), "\(refused.err)")
            #expect(
                refused.talk.last?.hasPrefix(
                    "limn: \(run)/features.safetensors: the run was started with the features efficientnet-lite0 ")
                    == true,
                "\(refused.err)")
            let resumed = try train("32", features: shared.features)
            #expect(resumed.ending == .exit(0), "\(resumed.err)")
        }
    }

    /// The network is read before anything is written; a problem with it is one line.
    @Test func aFileThatCannotServeIsRefusedInOneLine() throws {
        let shared = try FeatureRun.shared()
        try withTemporaryFolder { folder in
            let file = "\(folder)/\(FeatureRun.network).safetensors"
            func expect(_ words: String, code: Int32 = 65, sourceLocation: SourceLocation = #_sourceLocation) throws {
                for more in [
                    [], ["--set", "encoder.network=none", "--set", "gan.contrastive=0"], ["--set", "task=contrastive"],
                ] {
                    let outcome = try Child(
                        ["train", shared.recipe, "--data", shared.corpus, "--run", "\(folder)/run"] + more, in: folder,
                        environment: ["LIMN_FEATURES": folder]
                    ).finish()
                    expectRefusal(outcome, code, words, sourceLocation: sourceLocation)
                    #expect(outcome.err.contains(file), sourceLocation: sourceLocation)
                    #expect(!exists("\(folder)/run"), sourceLocation: sourceLocation)
                }
            }
            try expect("no such file; download the network with scripts/get-features efficientnet-lite0", code: 66)

            let sound = try #require(contents(shared.file))
            try put(sound.dropLast(1000), file)
            try expect("it was cut short")
            try put([UInt8](), file)
            try expect("is not a valid safetensors file")
            var flipped = sound
            flipped[flipped.count - 2] ^= 1
            try put(flipped, file)
            try expect("is damaged: its weights have checksum ")

            try RandomFeatures.write(.efficientNetLite0, seed: 1, to: file, changes: ["checksum": "0123456789abcdef"])
            try expect("expected 0123456789abcdef; download it again with scripts/get-features efficientnet-lite0")
            try RandomFeatures.write(.mobileNetV2, seed: 1, to: file)
            try expect("contains mobilenet-v2, expected efficientnet-lite0")
            try RandomFeatures.write(.mobileNetV2, seed: 1, to: file, changes: ["network": FeatureRun.network])
            try expect("is not efficientnet-lite0: the arrays are not this network's parameters (unused: ")
        }
    }

    /// Writes a pair with a changed image head, and expects that reading it is refused with these words.
    private func expectRefusedPair(
        _ words: String, _ change: (inout FeatureHeadConfiguration) -> Void,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let pair = try EncoderPair(contentsOf: FeatureRun.shared().run + "/encoder/encoder.safetensors")
        guard case .features(var configuration) = pair.image else {
            Issue.record("not a head on features", sourceLocation: sourceLocation)
            return
        }
        change(&configuration)
        try withTemporaryFolder { folder in
            let path = folder + "/pair.safetensors"
            try EncoderPair(
                name: pair.name, text: pair.text, image: .features(configuration), imageArrays: pair.imageArrays
            ).write(to: path)
            let error = #expect(throws: ModelError.self, sourceLocation: sourceLocation) {
                try EncoderPair(contentsOf: path)
            }
            #expect(error?.description.contains(words) == true, sourceLocation: sourceLocation)
        }
    }

    @Test func aPairWithAHeadOfAnotherWidthIsRefused() throws {
        try expectRefusedPair("head.inputs: is 1500, expected 1280 or 1776") { configuration in
            #expect(configuration.head.inputs == FeatureNetwork.efficientNetLite0.multiscaleWidth)
            configuration.head.inputs = 1500
        }
    }

    @Test(arguments: [0, 32, 97, 1 << 40]) func aPairThatReadsImagesOfAnAbsurdSideIsRefused(_ side: Int) throws {
        try expectRefusedPair("resolution: is \(side), expected a multiple of 32") { $0.resolution = side }
    }

    @Test func aDryRunTellsWhatIsFrozen() throws {
        let shared = try FeatureRun.shared()
        try withTemporaryFolder { folder in
            // It measures the peak rate, which takes 40 s on one thread without AVX2.
            let outcome = try shared.train(to: folder + "/run", "--dry-run").finish(seconds: 300)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            #expect(
                outcome.text.contains(
                    "a head of width 16 on efficientnet-lite0 at 64×64, all scales, 2 views per image; "),
                "\(outcome.text)")
            #expect(
                outcome.text.contains(
                    /discriminator +features of efficientnet-lite0 at 64×64, width 4, [0-9]+ parameters\n/),
                "\(outcome.text)")
            #expect(!exists(folder + "/run"))
        }
    }

    /// Feature statistics are stored with the run; damage to their file is reported.
    @Test func damagedStatisticsAreTold() throws {
        let shared = try FeatureRun.shared()
        try withTemporaryFolder { folder in
            let run = folder + "/run"
            try FileManager.default.copyItem(atPath: shared.run, toPath: run)
            let path = run + "/features.safetensors"
            let sound = try #require(contents(path))
            func expectRefusal() throws {
                let outcome = try shared.train(to: run, "--resume", "--images", "408").finish()
                #expect(outcome.ending == .exit(65), "\(outcome.err)")
                #expect(outcome.talk.last?.hasPrefix("limn: \(path)") == true, "\(outcome.err)")
            }
            for damaged in [Array(sound.dropLast(8)), Array(sound.prefix(30)), []] {
                try put(damaged, path)
                try expectRefusal()
            }
            // Valid, but with another number of channels than the network.
            try put(sound, path)
            let file = try Safetensors(contentsOf: path)
            for name in ["2.mean", "3.deviation"] {
                let arrays = try file.arrays.map { array in
                    let values = try array.floats()
                    return NamedArray(
                        name: array.name, shape: [values.count - (array.name == name ? 1 : 0)],
                        floats: array.name == name ? Array(values.dropLast()) : values)
                }
                try Safetensors.write(arrays, metadata: file.metadata, to: path)
                try expectRefusal()
            }
        }
    }
}
