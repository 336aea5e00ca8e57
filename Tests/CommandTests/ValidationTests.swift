import FoundationEssentials
import Networks
import TestSupport
import Testing

/// Measures on the validation split during a training.
@Suite(.serialized) struct ValidationTests {
    private func rows(_ run: String) throws -> [Substring] {
        String(decoding: try #require(contents("\(run)/evaluation.jsonl")), as: UTF8.self).split(separator: "\n")
    }

    /// Measures on the validation split do not depend on when a run was interrupted.
    @Test func measuresDuringATrainingAreThoseOfTheUninterruptedOne() throws {
        let shared = try FeatureRun.shared()
        try withTemporaryFolder { folder in
            let features = folder + "/features"
            try FileManager.default.createDirectory(atPath: features, withIntermediateDirectories: true)
            let copy = "\(features)/\(FeatureRun.network).safetensors"
            try FileManager.default.copyItem(atPath: shared.file, toPath: copy)
            try RandomFeatures.write(.mobileNetV2, seed: 3, to: features + "/mobilenet-v2.safetensors")
            func train(_ run: String, images: String) throws {
                let outcome = try shared.train(
                    to: "\(folder)/\(run)", "--resume", "--images", images, "--set", "evaluate.every=80", "--set",
                    "evaluate.network=mobilenet-v2", features: features
                ).finish(seconds: 300)
                #expect(outcome.ending == .exit(0), "\(outcome.err)")
            }
            try train("whole", images: "240")
            try train("parts", images: "104")
            try train("parts", images: "240")
            let lines = try rows("\(folder)/whole")
            // A training also measures at its end.
            #expect(try rows("\(folder)/parts").filter { !$0.contains("\"images\":104,") } == lines)
            #expect(lines.count == 3)
            for (line, images) in zip(lines, [80, 160, 240]) {
                #expect(line.contains("\"images\":\(images)"))
                for name in ["frechet", "kernel", "logits.training", "logits.validation"] {
                    #expect(line.contains("\"\(name)\":"), "\(line)")
                }
            }
        }
    }

    /// Equal captions of other classes are none to compare with. Without enough others, the training goes on without the judge.
    @Test func aJudgeIsNotUsedIfTooManyCaptionsAreEqual() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            try RandomFeatures.write(.mobileNetV2, seed: 3, to: folder + "/mobilenet-v2.safetensors")
            try FileManager.default.copyItem(atPath: tiny.corpus, toPath: folder + "/corpus")
            // Two texts, which differ in case only, so that half of all captions are equal.
            let captions = [#"["a shape","A shape","A SHAPE"]"#, #"["the form","The form","THE FORM"]"#]
            let changed = String(decoding: try #require(contents(tiny.corpus + "/metadata.jsonl")), as: UTF8.self)
                .split(separator: "\n").enumerated().map { index, row in
                    String(row).replacing(/"text":\[[^\]]*\]/, with: "\"text\":\(captions[index % 2])")
                }
            try put(changed.joined(separator: "\n"), folder + "/corpus/metadata.jsonl")
            let outcome = try Child(
                [
                    "train", tiny.recipe, "--data", "corpus", "--run", "run", "--threads", "1", "--images", "8",
                    "--set", "text.encoder=\(tiny.encoders)", "--set", "data.hold_out=0.5",
                    "--set", "evaluate.judge=\(tiny.judge)", "--set", "evaluate.every=8",
                    "--set", "evaluate.network=mobilenet-v2",
                ], in: folder, environment: ["LIMN_FEATURES": folder]
            ).finish(seconds: 300)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            #expect(outcome.err.contains("evaluate.judge is not used: the validation split has too few captions"))
            let lines = try rows(folder + "/run")
            #expect(lines.count == 1 && lines[0].contains("\"frechet\":") && !lines[0].contains("r_precision"))
            // The card names the pair of encoders, not the folder that it is in.
            let card = String(
                decoding: try limn("info", folder + "/run/model.safetensors", in: folder).out, as: UTF8.self)
            #expect(card.contains("encoder: encoder.safetensors\n") && !card.contains(tiny.encoders), "\(card)")
        }
    }

    /// Encoders are trained before the generator or the translator, for hours. What could not be measured is refused before them.
    @Test func aSplitThatIsTooSmallIsRefusedBeforeTheTraining() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            try RandomFeatures.write(.mobileNetV2, seed: 3, to: folder + "/mobilenet-v2.safetensors")
            let drawn = try limn(
                "corpus", "shapes", "--out", "few", "--count", "30", "--seed", "7", "--side", "16", in: folder)
            #expect(drawn.ending == .exit(0), "\(drawn.err)")
            try put(
                """
                task: image-to-image
                data: {side: 16, vocabulary: 300, hold_out: 0.2}
                encoder:
                  {width: 16, layers: 1, heads: 2, length: 16, embedding: 16, image_width: 4, batch: 16, images: 64}
                translator: {width: 4, blocks: 2, halvings: 2}
                discriminator: {kind: patch, width: 4}
                image_to_image: {contrastive: 1, identity: 1, decay: 0, text: true}
                gan: {batch: 8, images: 32, checkpoint_every: 16, snapshot_every: 32, penalty: 0, loss: least-squares}
                """, folder + "/text.yaml")
            // A share of the images that is too small; of two corpora, one that is too small.
            for arguments in [
                [tiny.recipe, "--data", tiny.corpus, "--set", "data.hold_out=0.05"],
                ["text.yaml", "--data", tiny.corpus, "--source", "few"],
                ["text.yaml", "--data", "few", "--source", tiny.corpus],
            ] {
                for more in [[], ["--dry-run"]] {
                    let outcome = try Child(
                        ["train"] + arguments + more + [
                            "--run", "run", "--threads", "1", "--set", "evaluate.every=8", "--set",
                            "evaluate.network=mobilenet-v2",
                        ], in: folder, environment: ["LIMN_FEATURES": folder]
                    ).finish(seconds: 300)
                    expectRefusal(
                        outcome, 64, "evaluate.every: needs a validation split of 10 images or more, found ")
                    #expect(!exists(folder + "/run"))
                }
            }
        }
    }

    @Test func measuresOfATranslatorAreNamedInRows() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            try RandomFeatures.write(.mobileNetV2, seed: 3, to: folder + "/mobilenet-v2.safetensors")
            try put(
                """
                task: image-to-image
                data: {side: 16, hold_out: 0.2}
                translator: {width: 4, blocks: 2, halvings: 2, kind: unet}
                discriminator: {kind: patch, width: 4}
                image_to_image: {pairing: paired, degradation: [noise 20-60], adversarial: 0, pixels: 1, decay: 0}
                gan: {batch: 8, images: 32, checkpoint_every: 16, snapshot_every: 32, penalty: 0, loss: least-squares}
                evaluate: {every: 16, captions: 10, network: mobilenet-v2}
                """, folder + "/restore.yaml")
            let outcome = try Child(
                ["train", "restore.yaml", "--data", tiny.corpus, "--run", "run", "--threads", "1"], in: folder,
                environment: ["LIMN_FEATURES": folder]
            ).finish(seconds: 300)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            let lines = try rows(folder + "/run")
            #expect(lines.count == 2)
            for (line, images) in zip(lines, [16, 32]) {
                // A whole number, among measures in the order of their names.
                #expect(line.contains("\"images\":\(images),\"kernel\":"), "\(line)")
                for name in ["psnr", "psnr_source", "frechet", "frechet_source"] {
                    #expect(line.contains("\"\(name)\":"), "\(line)")
                }
            }
        }
    }
}
