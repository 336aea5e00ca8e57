import TestSupport
import Testing

/// `--device` of commands that compute.
@Suite struct DeviceTests {
    @Test func theProcessorIsTheDefaultAndCanBeNamed() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            for (name, more) in [("a.png", []), ("b.png", ["--device", "cpu"])] {
                let arguments = ["generate", "red", "--model", tiny.model, "--out", name] + more
                let outcome = try Child(arguments, in: folder).finish()
                #expect(outcome.ending == .exit(0), "\(outcome.err)")
            }
            #expect(haveEqualContents(folder + "/a.png", folder + "/b.png"))
        }
    }

    /// A device that this version lacks is refused in one line, before anything is written.
    @Test func aDeviceThatIsNotThereIsRefused() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let commands = [
                ["generate", "red", "--model", tiny.model, "--out", "red.png"],
                ["train", tiny.recipe, "--data", tiny.corpus, "--run", "run"],
                ["encoder", "train", tiny.recipe, "--data", tiny.corpus, "--run", "run"],
                ["evaluate", tiny.model, "--data", tiny.corpus, "--split", "train", "--judge", tiny.judge],
                ["profile", tiny.recipe, "--data", tiny.corpus],
                ["encode", "--file", tiny.recipe, "--out", "vectors.safetensors", "--encoder", tiny.model],
            ]
            for command in commands {
                let outcome = try Child(command + ["--device", "cuda"], in: folder).finish()
                expectRefusal(outcome, 64, "device cuda is not available")
            }
            #expect(try files(below: folder).isEmpty)
            let unknown = try Child(commands[0] + ["--device", "tpu"], in: folder).finish()
            #expect(unknown.ending == .exit(64) && unknown.err.contains("cpu") && unknown.err.contains("cuda"))
        }
    }
}
