import Checkpoints
import FoundationEssentials
import TestSupport
import Testing

/// Trainings on frozen features that start from a run.
@Suite(.serialized) struct FeatureStartTests {
    /// The standardization that was folded into both heads is taken out again before the training, and folded in after it.
    @Test func aTrainingStartsWithTheEncodersAndTheGeneratorOfARun() throws {
        let shared = try FeatureRun.shared()
        try withTemporaryFolder { folder in
            let run = folder + "/run"
            let trained = try shared.train(
                to: run, "--from", shared.run, "--images", "8", "--set", "encoder.images=0", "--set",
                "generator.learning_rate=1e-9"
            ).finish(seconds: 300)
            #expect(trained.ending == .exit(0), "\(trained.err)")
            // A model has no image encoder.
            let refused = try shared.train(
                to: folder + "/other", "--from", "\(shared.run)/model.safetensors", "--set", "encoder.images=0")
            expectRefusal(refused.finish(), 64, "has no image encoder, which gan.contrastive needs")
            let log = String(decoding: try #require(contents(run + "/log.txt")), as: UTF8.self)
            #expect(log.contains("starts with text encoder, image encoder, generator from \(shared.run)"))
            for file in ["encoder/encoder.safetensors", "model.safetensors"] {
                try expectClose("\(run)/\(file)", "\(shared.run)/\(file)")
            }
        }
    }

    /// Expects the arrays of two files to be equal but for rounding to bfloat16.
    private func expectClose(_ path: String, _ other: String) throws {
        let (found, expected) = (try Safetensors(contentsOf: path), try Safetensors(contentsOf: other))
        #expect(found.names == expected.names)
        for name in expected.names {
            let (values, known) = (try #require(found[name]).floats(), try #require(expected[name]).floats())
            let largest = known.map(abs).max() ?? 0
            #expect(zip(values, known).allSatisfy { abs($0 - $1) <= 0.02 * largest }, "\(path): \(name)")
        }
    }

    @Test func aStartWithAnotherImageEncoderIsRefused() throws {
        let shared = try FeatureRun.shared()
        try withTemporaryFolder { folder in
            let outcome = try shared.train(
                to: folder + "/run", "--from", shared.run, "--set", "encoder.multiscale=false"
            ).finish(seconds: 300)
            expectRefusal(outcome, 64, "encoder.multiscale (true there, false in the recipe)")
            #expect(!exists(folder + "/run"))
        }
    }

    /// A head is of use only on the features that it was trained on.
    @Test func aStartOnOtherFeaturesIsRefused() throws {
        let shared = try FeatureRun.shared()
        try withTemporaryFolder { folder in
            let run = folder + "/run"
            let other = "\(shared.others)/\(FeatureRun.network).safetensors: has checksum "
            let advice = "; use the file it was trained with, or train the encoder again"
            for option in ["--resume", "--dry-run"] {
                let outcome = try shared.train(to: run, "--from", shared.run, option, features: shared.others)
                    .finish(seconds: 300)
                expectRefusal(outcome, 65, other)
                #expect(outcome.err.contains("but the image encoder of \(shared.run) was trained with checksum "))
                #expect(outcome.talk.last?.hasSuffix(advice) == true, "\(outcome.err)")
                #expect(!exists(run))
            }

            // A run that was interrupted before the first checkpoint of its encoders begins with them again.
            func train(features: String?) throws -> Outcome {
                try shared.train(
                    to: run, "--resume", "--from", shared.run, "--set", "task=contrastive", "--set",
                    "encoder.images=0", features: features
                ).finish(seconds: 300)
            }
            let begun = try train(features: nil)
            #expect(begun.ending == .exit(0), "\(begun.err)")
            try FileManager.default.removeItem(atPath: run + "/encoder")
            let resumed = try train(features: shared.others)
            #expect(resumed.ending == .exit(65), "\(resumed.err)")
            let last = try #require(resumed.talk.last)
            #expect(last.contains(other) && last.contains("the image encoder of \(run)/start was"), "\(last)")
            #expect(!exists(run + "/encoder/encoder.safetensors"))
        }
    }
}
