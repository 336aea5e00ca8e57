import TestSupport
import Testing

/// `limn export`; the files themselves are tested in the target ExportTests.
@Suite struct ExportTests {
    @Test func aRunIsExported() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let outcome = try limn("export", tiny.run, "--onnx", "tiny.onnx", in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            #expect(outcome.text.hasPrefix("tiny.onnx: ") && outcome.text.hasSuffix("up to 16 tokens\n"))
            #expect(outcome.err.isEmpty)
            let file = try #require(contents(folder + "/tiny.onnx"))
            #expect(file.starts(with: [8, 8]))
            #expect(try names(in: folder) == ["tiny.onnx"])
        }
    }

    @Test func refusals() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            try put("not a model", folder + "/text")
            try put("old", folder + "/old.onnx")
            func refuse(_ code: Int32, _ words: String, _ arguments: [String]) throws {
                expectRefusal(try Child(["export"] + arguments, in: folder).finish(), code, words)
            }
            try refuse(66, "missing: no such model", ["missing", "--onnx", "old.onnx"])
            try refuse(65, "text is not a valid safetensors file", ["text", "--onnx", "old.onnx"])
            try refuse(65, "is not a Limn model but a Limn pair of encoders", [tiny.encoders, "--onnx", "old.onnx"])
            try refuse(64, "omit --encoder", [tiny.model, "--onnx", "old.onnx", "--encoder", folder])
            try refuse(64, "--onnx is empty", [tiny.model, "--onnx", ""])
            try refuse(64, "is the model itself", [tiny.model, "--onnx", tiny.model])
            try refuse(73, "is a folder", [tiny.model, "--onnx", folder])
            try refuse(73, "absent/new.onnx: cannot be written", [tiny.model, "--onnx", "absent/new.onnx"])
            #expect(contents(folder + "/old.onnx") == Array("old".utf8))
            #expect(try names(in: folder) == ["old.onnx", "text"])
        }
    }

    @Test func aFullDiskLeavesTheOldFile() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            try put("old", folder + "/old.onnx")
            let outcome = try limn(
                "export", tiny.model, "--onnx", "old.onnx", in: folder, shell: #"ulimit -f 8; exec "$@""#)
            expectRefusal(outcome, 73, "cannot write old.onnx")
            #expect(contents(folder + "/old.onnx") == Array("old".utf8))
            #expect(try names(in: folder) == ["old.onnx"])
        }
    }
}
