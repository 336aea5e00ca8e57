import CProcessor
import TestSupport
import Testing

/// `LIMN_CPU`, which limits the instructions of Limn's kernels and of oneDNN.
@Suite struct ProcessorTests {
    /// The levels of this machine, the lowest first.
    private static let levels = (0...limn_level()).map { String(cString: limn_level_name($0)) }

    /// A training of two steps; its log begins with the device.
    private func train(_ variables: [String: String]) throws -> (device: String, output: String) {
        let tiny = try Tiny.shared()
        return try withTemporaryFolder { folder in
            let steps = ["--set", "encoder.images=16", "--set", "gan.images=8"]
            let outcome = try Child(
                ["train", tiny.recipe, "--data", tiny.corpus, "--run", "run", "--threads", "1"] + steps, in: folder,
                environment: variables
            ).finish()
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            let device = try #require(outcome.talk.first { $0.contains(" on CPU, ") }, "\(outcome.err)")
            return (device, outcome.text)
        }
    }

    /// Precision and oneDNN follow the level, and the line that names the device says so.
    @Test(arguments: levels) func theDeviceFollowsTheLevel(level: String) throws {
        // oneDNN's log goes to standard output.
        let (device, output) = try train(["LIMN_CPU": level, "DNNL_VERBOSE": "1", "ONEDNN_VERBOSE": "1"])
        #expect(device.hasSuffix(", limited to \(level)"))
        let hasOneDNN = device.contains("oneDNN")
        #expect(device.contains(hasOneDNN && level == "avx512bf16" ? "bfloat16" : "float32"))
        guard hasOneDNN else { return }
        let instructions = try #require(output.split(separator: "\n").first { $0.contains(",cpu,isa:") })
        let name = [
            "baseline": "isa:Intel SSE4.1", "avx2": "isa:Intel AVX2", "avx512": "isa:Intel AVX-512 with AVX512BW",
            "avx512bf16": "isa:Intel AVX-512 with Intel DL Boost and bfloat16",
        ]
        #expect(instructions.contains(name[level] ?? "?"), "\(instructions)")
    }

    @Test func withoutALevelNothingIsLimited() throws {
        #expect(try !train(["LIMN_CPU": ""]).device.contains("limited"))
    }

    /// Sums and fused multiplication differ in their last digits from level to level. OpenBLAS has one kernel here, and oneDNN is
    /// hidden, so that differences are of Limn's kernels.
    @Test func kernelsFollowTheLevel() throws {
        guard limn_level() > LIMN_BASELINE else { try Test.cancel("this processor has only the baseline") }
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            for name in ["libdnnl.so", "libdnnl.so.2", "libdnnl.so.3"] { try put("", "\(folder)/\(name)") }
            try put("a red circle above a blue square\nthe green triangle\n", "\(folder)/sentences.txt")
            func vectors(_ level: String, to name: String) throws -> String {
                let outcome = try limn(
                    "encode", "--file", "sentences.txt", "--out", name, "--encoder", tiny.encoders, in: folder,
                    environment: ["LIMN_CPU": level, "LD_LIBRARY_PATH": folder, "OPENBLAS_CORETYPE": "Prescott"])
                #expect(outcome.ending == .exit(0), "\(outcome.err)")
                return "\(folder)/\(name)"
            }
            let (low, high) = (Self.levels[0], Self.levels[Self.levels.count - 1])
            let first = try vectors(low, to: "low.safetensors")
            #expect(try haveEqualContents(first, vectors(low, to: "again.safetensors")))
            #expect(try !haveEqualContents(first, vectors(high, to: "high.safetensors")))
        }
    }

    /// Before anything is written, by commands that compute and by those that do not.
    @Test func otherValuesAreRefused() throws {
        try withTemporaryFolder { folder in
            for command in [
                ["generate", "red", "--out", "red.png"],
                ["corpus", "shapes", "--out", "s", "--count", "3", "--seed", "1"],
            ] {
                for value in ["avx3", "avx512,avx2", "\u{1b}[31m\n"] {
                    let outcome = try Child(command, in: folder, environment: ["LIMN_CPU": value]).finish()
                    expectRefusal(outcome, 64, "expected baseline, avx2, avx512 or avx512bf16")
                    #expect(!outcome.err.contains("\u{1b}"))
                }
            }
            #expect(try files(below: folder).isEmpty)
        }
    }
}
