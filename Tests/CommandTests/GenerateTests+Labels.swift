import Images
import TestSupport
import Testing

extension GenerateTests {
    @Test func withoutMetadataThereIsNoText() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            func generate(_ arguments: String...) throws -> Outcome {
                try Child(["generate", "--model", tiny.model, "--no-metadata"] + arguments, in: folder).finish()
            }
            #expect(try generate("a rose").ending == .exit(0))
            #expect(try generate("a rose").err == "a-rose-2.png\n")
            #expect(haveEqualContents(folder + "/a-rose.png", folder + "/a-rose-2.png"))
            #expect(try texts(folder + "/a-rose.png").isEmpty)
            let bytes = try #require(contents(folder + "/a-rose.png"))
            for word in ["tEXt", "iTXt", "zTXt", "rose", "Limn"] { #expect(bytes.firstRange(of: word.utf8) == nil) }
            // A path that the user names is replaced.
            #expect(try generate("a lily", "--out", "a-rose.png").ending == .exit(0))
            try put("one\n", folder + "/prompts.txt")
            #expect(try generate("--prompts", "prompts.txt", "--out", "numbered").ending == .exit(0))
            expectRefusal(
                try generate("--prompts", "prompts.txt", "--out", "numbered"), 73,
                "numbered/00000.png: is the image of another prompt or seed")
        }
    }

    /// Grids that begin with the same image are told apart by the others, and by all that changes them, labels included.
    @Test func aGridIsReplacedByTheSameOneOnly() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let (lily, tulip) = (["a rose", "a lily"], ["a rose", "a tulip"])
            for (arguments, name) in [
                (lily, "a-rose"), (tulip, "a-rose-2"), (lily, "a-rose"), (tulip, "a-rose-2"),
                (lily + ["--size", "32"], "a-rose-3"), (lily + ["--truncation", "0.5"], "a-rose-4"), (lily, "a-rose"),
                (lily + ["--labels"], "a-rose-5"), (lily + ["--labels"], "a-rose-5"), (lily, "a-rose"),
                // Of a single image, the sheet with labels is not replaced by what has none.
                (["a daisy", "--labels"], "a-daisy"), (["a daisy"], "a-daisy-2"), (["a daisy", "--labels"], "a-daisy"),
            ] {
                let outcome = try Child(["generate", "--model", tiny.model, "--grid"] + arguments, in: folder).finish()
                #expect(outcome.err == "\(name).png\n")
            }
        }
    }

    @Test func labelsAreDrawnBesideTheImages() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let outcome = try limn(
                "generate", "a rose", "红玫瑰 🌹", "-n", "3", "--model", tiny.model, "--size", "64", "--labels", "--out",
                "sheet.png",
                in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            let sheet = try Image(contentsOf: folder + "/sheet.png")
            #expect(sheet.width > 3 * 64 && sheet.height > 2 * (64 + 2 * 9))
            #expect(try texts(folder + "/sheet.png")["images"] == "6")
            let large = try limn(
                "generate", "a rose", "-n", "256", "--size", "500", "--model", tiny.model, "--labels", "--out",
                "large.png",
                in: folder)
            expectRefusal(large, 64, "use fewer images or a smaller --size")
        }
    }
}
