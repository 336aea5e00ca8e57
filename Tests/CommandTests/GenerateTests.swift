import FoundationEssentials
import Images
import TestSupport
import Testing

@Suite struct GenerateTests {
    @Test func theShippedModelGeneratesFromAnyFolder() throws {
        try withTemporaryFolder { folder in
            let outcome = try limn("generate", "A red flower!", in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            #expect(outcome.out.isEmpty)
            #expect(outcome.err == "a-red-flower.png\n")
            #expect(try Image(contentsOf: folder + "/a-red-flower.png").width == 64)
            #expect(try texts(folder + "/a-red-flower.png")["model"] == "flowers-64")
        }
    }

    @Test func anImageTellsWhatItWasGeneratedFrom() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let outcome = try limn(
                "generate", "a red circle", "--seed", "7", "--truncation", "0.5", "--out", "red.png", in: folder,
                environment: ["LIMN_MODEL": tiny.model])
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            #expect(
                try texts(folder + "/red.png") == [
                    "parameters": "a red circle\nSeed: 7, Truncation: 0.5, Model: tiny", "prompt": "a red circle",
                    "seed": "7", "truncation": "0.5", "model": "tiny", "Software": "Limn",
                ])
        }
    }

    @Test func theSeedDecidesTheBytes() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            for (name, seed) in [("a.png", "1"), ("b.png", "1"), ("c.png", "2")] {
                let outcome = try limn(
                    "generate", "a red circle", "--model", tiny.model, "--seed", seed, "--out", name, in: folder)
                #expect(outcome.ending == .exit(0), "\(outcome.err)")
            }
            #expect(haveEqualContents(folder + "/a.png", folder + "/b.png"))
            let images = try ["a.png", "c.png"].map { try Image(contentsOf: "\(folder)/\($0)").pixels }
            #expect(images[0] != images[1])
        }
    }

    /// Four images of 16×16 with two white pixels between them, each resized first if a size is given.
    @Test(arguments: [([], 34), (["--size", "64"], 130)])
    func severalImagesOfAPromptMakeASquare(more: [String], side: Int) throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let outcome = try Child(
                ["generate", "a red circle", "--model", tiny.model, "-n", "4", "--out", "grid.png"] + more, in: folder
            ).finish()
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            let grid = try Image(contentsOf: folder + "/grid.png")
            #expect([grid.width, grid.height] == [side, side])
        }
    }

    @Test func aFolderGetsOneFilePerImageAndNothingIsReplaced() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            func generate(_ arguments: String...) throws -> Outcome {
                try Child(["generate", "--model", tiny.model] + arguments, in: folder).finish()
            }
            #expect(try generate("a rose", "-n", "2", "--out", "new/").ending == .exit(0))
            #expect(try files(below: folder + "/new") == ["a-rose-0.png", "a-rose-1.png"])
            #expect(try generate("a rose", "--out", "new").ending == .exit(0))
            #expect(
                try generate("a rose", "a rose!", "--grid", "--out", "new").err
                    == "new already holds 2 other PNGs\nnew/a-rose.png\n")

            // The same prompt and seed are replaced, others get a name of their own.
            for arguments in [["a rose"], ["a rose"], ["a rose", "--seed", "1"], ["a rose!"], ["a rose", "-n", "2"]] {
                let outcome = try Child(["generate", "--model", tiny.model] + arguments, in: folder).finish()
                #expect(outcome.ending == .exit(0))
            }
            #expect(
                try files(below: folder).filter { !$0.contains("/") } == ["a-rose-2.png", "a-rose-3.png", "a-rose.png"])
            #expect(try texts(folder + "/a-rose-2.png")["seed"] == "1")
            #expect(try texts(folder + "/a-rose-3.png")["prompt"] == "a rose!")
            // One image does not replace a grid that has more.
            for _ in 0..<2 { #expect(try generate("a rose").err == "a-rose-4.png\n") }
            #expect(try generate("a rose", "-n", "2").err == "a-rose.png\n")
            #expect(try generate("a rose", "-n", "3").err == "a-rose-4.png\n")

            // Numbered files are refused before anything is generated.
            try put("one\ntwo\n", folder + "/prompts.txt")
            #expect(try generate("--prompts", "prompts.txt", "--out", "numbered").ending == .exit(0))
            expectRefusal(
                try generate("--prompts", "prompts.txt", "--seed", "1", "--out", "numbered"), 73,
                "numbered/00000.png: is the image of another prompt or seed")
            #expect(try generate("--prompts", "prompts.txt", "-n", "2", "--out", "numbered").ending == .exit(0))
            #expect(
                try files(below: folder + "/numbered") == [
                    "00000-0.png", "00000-1.png", "00000.png", "00001-0.png", "00001-1.png", "00001.png",
                ])
        }
    }

    @Test func aGridHasARowForEachPrompt() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let outcome = try limn(
                "generate", "a red circle", "a blue star", "--model", tiny.model, "-n", "4", "--grid", "--out",
                "grid.png", in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            let grid = try Image(contentsOf: folder + "/grid.png")
            // Two white pixels between images.
            #expect([grid.width, grid.height] == [70, 34])
        }
    }

    /// One more than a batch. The file has a byte order mark and CR LF line ends.
    @Test func aFileOfPromptsGivesOneImagePerLine() throws {
        let tiny = try Tiny.shared()
        let prompts = (0..<17).map { "\($0) red circles" }
        try withTemporaryFolder { folder in
            try put("\u{FEFF}" + prompts.map { $0 + "\r\n" }.joined(), folder + "/prompts.txt")
            let outcome = try limn(
                "generate", "--prompts", "prompts.txt", "--model", tiny.model, "--out", "new/images", in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            #expect(outcome.out.isEmpty)
            #expect(outcome.err == "17 images in new/images\n")
            let names = (0..<17).map { $0 < 10 ? "0000\($0).png" : "000\($0).png" }
            #expect(try files(below: folder + "/new/images") == names)
            for index in [0, 9, 16] {
                #expect(try texts("\(folder)/new/images/\(names[index])")["prompt"] == prompts[index])
                // The same bytes as when generated alone.
                _ = try limn("generate", prompts[index], "--model", tiny.model, "--out", "alone.png", in: folder)
                #expect(haveEqualContents("\(folder)/new/images/\(names[index])", folder + "/alone.png"))
            }
        }
    }

    @Test func promptsComeFromStandardInputAndAnImageGoesToStandardOutput() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let outcome = try limn(
                "generate", "--prompts", "-", "--model", tiny.model, "--grid", "--out", "-", in: folder,
                input: "a red circle\na blue star\n")
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            #expect(outcome.err.isEmpty)
            let grid = try Image(decoding: outcome.out, named: "standard output")
            #expect([grid.width, grid.height] == [34, 16])
            #expect(try files(below: folder).isEmpty)
        }
    }

    @Test func jsonIsAnObjectForEachFileAndNothingElse() throws {
        struct Record: Decodable, Equatable {
            let file: String
            let prompt: String
            let seed: UInt64
            let count: Int
            let truncation: Float?
            let model: String
        }
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let outcome = try limn(
                "generate", "a red circle", "“ein” Stern/\\", "--model", tiny.model, "-n", "2", "--seed",
                "18446744073709551615", "--out", "out", "--json", in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            // Files are listed on standard output only.
            #expect(!outcome.err.contains("out/"))
            let records = try outcome.text.split(separator: "\n").map {
                try JSONDecoder().decode(Record.self, from: Data($0.utf8))
            }
            let expected = [("a-red-circle", "a red circle"), ("ein-stern", "“ein” Stern/\\")].flatMap { name, prompt in
                [UInt64.max, 0].map {
                    Record(
                        file: "out/\(name)-\($0).png", prompt: prompt, seed: $0, count: 1, truncation: nil,
                        model: "tiny")
                }
            }
            #expect(records == expected)
            #expect(try files(below: folder) == expected.map(\.file).sorted())
        }
    }

    @Test(arguments: [
        ([], "no prompt"), ([""], "the prompt is empty"), ([" \n"], "the prompt is empty"),
        (["red", ""], "the prompt is empty"), (["red", "blue"], "several prompts need --out DIR"),
        (["red", "-n", "5", "--size", "4096"], "use fewer images or a smaller --size"),
    ])
    func whatCannotBeGeneratedIsRefused(arguments: [String], words: String) throws {
        try withTemporaryFolder { folder in
            expectRefusal(try Child(["generate"] + arguments, in: folder).finish(), 64, words)
            #expect(try files(below: folder).isEmpty)
        }
    }

    @Test(arguments: [
        ("red\nb\u{0}lue\n", "prompts.txt:2: contains a zero byte"), ("\n  \n", "prompts.txt: contains no prompts"),
        ("", "prompts.txt: contains no prompts"),
    ])
    func aFileOfPromptsIsRefusedByItsLine(text: String, words: String) throws {
        try withTemporaryFolder { folder in
            try put(text, folder + "/prompts.txt")
            expectRefusal(try limn("generate", "--prompts", "prompts.txt", "--out", "out", in: folder), 65, words)
            #expect(!exists(folder + "/out"))
        }
    }

    /// Nothing says what a file without metadata is, so that limn never chooses its name.
    /// Files are numbered by lines, so that they can be found again.
    @Test func blankLinesAreSkippedAndCounted() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            try put("red\n\n  \nblue\n\n", folder + "/prompts.txt")
            let outcome = try limn(
                "generate", "--prompts", "prompts.txt", "--model", tiny.model, "--out", "out", in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            #expect(outcome.talk.contains("prompts.txt: skipped 3 blank lines"), "\(outcome.err)")
            #expect(try files(below: folder + "/out") == ["00000.png", "00003.png"])
            #expect(try texts(folder + "/out/00003.png")["prompt"] == "blue")
        }
    }

    @Test func aRandomSeedIsPrintedAndMakesTheSameImageAgain() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let first = try limn(
                "generate", "red", "--seed", "random", "--model", tiny.model, "--out", "a.png", in: folder)
            #expect(first.ending == .exit(0), "\(first.err)")
            let seed = try #require(try texts(folder + "/a.png")["seed"])
            #expect(first.talk.contains("seed \(seed)"), "\(first.err)")
            let again = try limn("generate", "red", "--seed", seed, "--model", tiny.model, "--out", "b.png", in: folder)
            #expect(again.ending == .exit(0) && haveEqualContents(folder + "/a.png", folder + "/b.png"))
            let wrong = try limn("generate", "red", "--seed", "1.5", "--model", tiny.model, in: folder)
            #expect(wrong.ending == .exit(64) && wrong.err.contains("random"), "\(wrong.err)")
        }
    }

    /// A file name has at most 255 bytes; letters may have many marks.
    @Test(arguments: ["e\u{301}\u{302}\u{303}\u{304}", "क", "e" + String(repeating: "\u{301}", count: 200)])
    func anyPromptGivesAName(letter: String) throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let prompt = String(repeating: letter, count: 100)
            let outcome = try limn("generate", prompt, "-n", "2", "--model", tiny.model, "--out", "out/", in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            #expect(try files(below: folder + "/out").count == 2)
            let alone = try limn("generate", prompt, "--model", tiny.model, in: folder)
            #expect(alone.ending == .exit(0), "\(alone.err)")
        }
    }

    @Test func promptsThatAreNotUTF8AreRefused() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            for command in [
                "generate", "similarity a", "translate m a.png --out b.png --prompt", "edit a.png --prompt",
            ] {
                let words = command.split(separator: " ").map(String.init)
                let outcome = try Child(
                    words, in: folder, environment: ["LIMN_MODEL": tiny.model],
                    shell: #"exec "$@" "$(printf 'r\377d')""#
                ).finish()
                expectRefusal(outcome, 64, "argument \(words.count + 1) is not UTF-8")
            }
        }
    }

    @Test func aRunDirectoryIsAModel() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            for model in [tiny.run, tiny.model] {
                let outcome = try limn("generate", "red", "--model", model, "--out", "\(model.count).png", in: folder)
                #expect(outcome.ending == .exit(0), "\(outcome.err)")
            }
            #expect(haveEqualContents("\(folder)/\(tiny.run.count).png", "\(folder)/\(tiny.model.count).png"))
            expectRefusal(
                try limn("generate", "red", "--model", folder, in: folder), 66, "is a folder without model.safetensors")
        }
    }

    @Test func promptsThatAreNotUTF8AreRefusedByTheirLine() throws {
        try withTemporaryFolder { folder in
            try put(Array("red\nblue\n".utf8) + [0x67, 0xFF, 0x0A], folder + "/prompts.txt")
            expectRefusal(
                try limn("generate", "--prompts", "prompts.txt", "--out", "out", in: folder), 65,
                "prompts.txt:3: is not UTF-8")
            expectRefusal(try limn("generate", "--prompts", "absent.txt", "--out", "out", in: folder), 66, "absent.txt")
        }
    }

    @Test(arguments: [
        "🌹👩‍🌾", "וֶרֶד אדום", "\u{202E}esor der", "\u{FFFE}\u{10FFFF}", "\u{1}\u{1B}[31m\u{7F}", "a\tred\ncircle",
        "\u{200B}",
        "e" + String(repeating: "\u{301}", count: 2000), "--red",
    ])
    func anyTextGivesAnImage(prompt: String) throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let outcome = try limn(
                "generate", "--model", tiny.model, "--out", "odd.png", "--", prompt, in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            let kept = try #require(try texts(folder + "/odd.png")["prompt"])
            #expect(Array(kept.unicodeScalars) == Array(prompt.unicodeScalars))
        }
    }

    /// Prompts are truncated to the limit of the encoder, and in the text chunks of a PNG.
    @Test func aPromptOfAMegabyteIsTruncated() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let prompt = String(String(repeating: "a red circle, ", count: 80_000).prefix(1_000_000))
            try put(prompt, folder + "/long.txt")
            let outcome = try limn(
                "generate", "--prompts", "long.txt", "--model", tiny.model, "--out", "out", in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            #expect(try texts(folder + "/out/00000.png")["prompt"] == String(prompt.prefix(10_000)))
            // Truncation is reported.
            #expect(
                outcome.err.contains("long.txt:1 has ") && outcome.err.contains("tokens, but"), "\(outcome.err)")
        }
    }

    @Test func promptsComeThroughAPipeToo() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let outcome = try limn(
                "generate", "--prompts", "fifo", "--model", tiny.model, "--out", "out", in: folder,
                shell: #"mkfifo fifo; (printf 'a red circle\n' >fifo) & exec "$@""#)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            #expect(exists(folder + "/out/00000.png"))
        }
    }

    @Test(arguments: ["--out", "--model", "--prompts"])
    func emptyPathsAreRefused(flag: String) throws {
        let tiny = try Tiny.shared()
        let rest = flag == "--prompts" ? [] : ["red"]
        try withTemporaryFolder { folder in
            let outcome = try Child(["generate", "--model", tiny.model] + rest + [flag, ""], in: folder).finish()
            expectRefusal(outcome, 64, "\(flag) is empty")
        }
    }
}
