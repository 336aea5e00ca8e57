import FoundationEssentials
import Glibc
import Images
import TestSupport
import Testing

/// Output that cannot be written.
@Suite struct OutputTests {
    @Test func anImageThatCannotBeWrittenIsRefused() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            try put("", folder + "/file")
            func generate(_ arguments: String...) throws -> Outcome {
                try Child(["generate", "red", "--model", tiny.model] + arguments, in: folder).finish()
            }
            expectRefusal(
                try generate("--out", "absent/red.png"), 73, "absent/red.png: cannot be written: No such file")
            expectRefusal(try generate("--out", "red.jpg"), 64, "red.jpg: images are written as PNG")
            expectRefusal(try generate("blue", "--out", "file"), 73, "cannot create the folder file: File exists")
            #expect(try files(below: folder) == ["file"])
        }
    }

    /// The model, which is not there, would be missed first.
    @Test func pathsAreCheckedBeforeAModelIsLoaded() throws {
        try withTemporaryFolder { folder in
            let png = try Image(width: 16, height: 16, color: .white)
                .pngData(text: [("prompt", "red"), ("seed", "1"), ("model", "absent"), ("Software", "Limn")])
            try put(png, folder + "/a.png")
            try FileManager.default.createDirectory(atPath: folder + "/numbered", withIntermediateDirectories: false)
            try put(png, folder + "/numbered/00000.png")
            try put("red\n", folder + "/prompts.txt")
            for (arguments, code, words) in [
                (["generate", "red", "blue"], 64, "several prompts need --out DIR"),
                (["generate", "red", "blue", "--out", "a.png"], 64, "several prompts need --out DIR"),
                (["generate", "--prompts", "prompts.txt"], 64, "prompts from a file need --out DIR"),
                (["generate", "red", "--out", "red.jpg"], 64, "red.jpg: images are written as PNG"),
                (["generate", "red", "blue", "--labels", "--out", "red.webp"], 64, "red.webp: images are written as"),
                (
                    ["generate", "--prompts", "prompts.txt", "--out", "numbered"], 73,
                    "numbered/00000.png: is the image of another prompt or seed"
                ),
                (["edit", "a.png", "--prompt", "b", "--out", "b.jpg"], 64, "b.jpg: images are written as PNG"),
                (["edit", "a.png", "--prompt", "b", "--compare", "--out", "b.gif"], 64, "b.gif: images are written"),
                (["generate", "red", "--out", "red.png"], 66, "absent.safetensors: no such model"),
            ] {
                let outcome = try Child(arguments + ["--model", "absent.safetensors"], in: folder).finish()
                expectRefusal(outcome, Int32(code), words)
            }
        }
    }

    /// A shell's limit on address space: a command ends with one line or succeeds; it neither crashes nor hangs.
    @Test(arguments: [400_000, 550_000, 700_000, 850_000, 1_000_000, 1_300_000])
    func tooLittleMemoryIsAnErrorOfOneLine(kilobytes: Int) throws {
        let tiny = try Tiny.shared()
        let limited = #"ulimit -v \#(kilobytes); exec "$@""#
        try withTemporaryFolder { folder in
            let commands = [
                ["generate", "red", "--model", tiny.model, "--out", "red.png"],
                [
                    "train", tiny.recipe, "--data", tiny.corpus, "--run", "run", "--images", "8", "--set",
                    "encoder.images=16",
                ],
                ["corpus", "stats", tiny.corpus],
            ]
            for command in commands {
                let outcome = try Child(command, in: folder, shell: limited).finish()
                if outcome.ending == .exit(0) { continue }
                #expect(outcome.ending == .exit(71), "\(command) \(outcome.ending) \(outcome.err.suffix(300))")
                #expect(
                    outcome.err.split(separator: "\n").last?.hasPrefix("limn: out of memory") == true, "\(outcome.err)")
            }
        }
    }

    /// A shell's limit on file sizes simulates a full disk: writing fails in the same way.
    @Test func aFullDiskLeavesNothingHalfWritten() throws {
        let tiny = try Tiny.shared()
        let full = #"ulimit -f 0; exec "$@""#
        try withTemporaryFolder { folder in
            expectRefusal(
                try limn("generate", "red", "--model", tiny.model, "--out", "red.png", in: folder, shell: full), 73,
                "cannot write red.png")
            expectRefusal(
                try limn("corpus", "shapes", "--out", "shapes", "--count", "2", "--seed", "1", in: folder, shell: full),
                73, "cannot write shapes.partial/images/00000.png")
            #expect(!exists(folder + "/shapes/metadata.jsonl"))
            try put("a red circle\n", folder + "/captions")
            expectRefusal(
                try limn(
                    "vocabulary", "train", "--captions", "captions", "--name", "v", "--out", "v.json", in: folder,
                    shell: full), 73, "cannot write v.json")
            #expect(try files(below: folder).filter { !$0.hasPrefix("shapes/") } == ["captions"])
        }
    }

    /// A full disk, and a closed descriptor.
    @Test(arguments: [#"exec "$@" >/dev/full"#, #"exec "$@" >&-"#])
    func standardOutputThatTakesNothingIsAFailure(shell: String) throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            for arguments in [["--out", "-"], ["--out", "red.png", "--json"]] {
                let outcome = try Child(
                    ["generate", "red", "--model", tiny.model] + arguments, in: folder, shell: shell
                ).finish()
                expectRefusal(outcome, 73, "standard output cannot be written")
            }
            // A closed standard output does not matter if nothing is written to it.
            let quiet = try limn(
                "generate", "red", "--model", tiny.model, "--out", "quiet.png", in: folder, shell: shell)
            #expect(quiet.ending == .exit(0), "\(quiet.err)")
            #expect(haveEqualContents(folder + "/quiet.png", folder + "/red.png"))
        }
    }

    /// A closed pipe ends the process by SIGPIPE, as usual; if the signal is ignored, it is an error.
    @Test func aReaderThatHasGoneEndsItQuietly() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            for arguments in [
                ["generate", "red", "--model", tiny.model, "--out", "-"], ["corpus", "check", tiny.corpus],
            ] {
                let gone = try Child(arguments, in: folder, unread: [STDOUT_FILENO]).finish()
                #expect(gone.ending == .signal(SIGPIPE))
                let ignored = try Child(
                    arguments, in: folder, shell: #"trap "" PIPE; exec "$@""#, unread: [STDOUT_FILENO]
                ).finish()
                expectRefusal(ignored, 73, "standard output cannot be written")
            }
        }
    }

    @Test(arguments: [#"exec "$@" 2>&-"#, #"exec "$@" </dev/null 2>/dev/full"#, #"exec "$@" <&- >&- 2>&-"#])
    func talkThatNobodyHearsIsNoFailure(shell: String) throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let outcome = try limn(
                "generate", "red", "--model", tiny.model, "--out", "red.png", in: folder, shell: shell)
            #expect(outcome.ending == .exit(0))
            let run = try tiny.train(to: folder + "/run", "--images", "16", shell: shell).finish()
            #expect(run.ending == .exit(0))
            #expect(exists(folder + "/red.png") && exists(folder + "/run/model.safetensors"))
        }
    }

    @Test func aTrainingGoesOnWhenNobodyReadsItsProgress() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let outcome = try tiny.train(to: folder + "/run", "--images", "16", unread: [STDERR_FILENO]).finish()
            #expect(outcome.ending == .exit(0))
            #expect(exists(folder + "/run/model.safetensors"))
        }
    }
}
