import FoundationEssentials
import Images
import TestSupport
import Testing

@Suite struct EditTests {
    private let tiny: Tiny
    init() throws { tiny = try Tiny.shared() }

    private func limn(_ arguments: String..., in folder: String) throws -> Outcome {
        try Child(arguments, in: folder, environment: ["LIMN_MODEL": tiny.model]).finish()
    }

    @Test func anEditedImageIsThatOfTheEditedPrompt() throws {
        try withTemporaryFolder { folder in
            let red = ["--seed", "7", "--truncation", "0.5", "--size", "48"]
            _ = try Child(["generate", "a Red circle", "--model", tiny.model, "--out", "red.png"] + red, in: folder)
                .finish()
            _ = try Child(["generate", "a blue circle", "--model", tiny.model, "--out", "blue.png"] + red, in: folder)
                .finish()
            let edited = try limn("edit", "red.png", "--replace", "red=blue", "--out", "edited.png", in: folder)
            #expect(edited.ending == .exit(0) && edited.err == "edited.png\n", "\(edited.err)")
            #expect(haveEqualContents(folder + "/edited.png", folder + "/blue.png"))
            let whole = try limn("edit", "red.png", "--prompt", "a blue circle", "--out", "whole.png", in: folder)
            #expect(whole.ending == .exit(0) && haveEqualContents(folder + "/whole.png", folder + "/blue.png"))

            // Side by side, as it was and as it is.
            #expect(
                try limn("edit", "red.png", "--replace", "red=blue", "--compare", "--out", "both.png", in: folder)
                    .ending == .exit(0))
            let both = try Image(contentsOf: folder + "/both.png")
            #expect([both.width, both.height] == [98, 48])
            for (name, x) in [("red", 0), ("blue", 50)] {
                let image = try Image(contentsOf: "\(folder)/\(name).png")
                let part = both.cropped(x: x, y: 0, width: 48, height: 48)
                #expect(zip(part.pixels, image.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
            }
            expectRefusal(
                try limn("edit", "both.png", "--prompt", "x", "--out", "x.png", in: folder), 65,
                "both.png: has 2 images in it")

            // By default the name is that of the prompt.
            #expect(try limn("edit", "red.png", "--replace", "red=blue", in: folder).err == "a-blue-circle.png\n")
            #expect(haveEqualContents(folder + "/a-blue-circle.png", folder + "/blue.png"))

            // A comparison replaces the image that it contains, but not the other way round.
            for (more, name) in [(["--compare"], ""), (["--compare"], ""), ([], "-2")] {
                let outcome = try Child(
                    ["edit", "red.png", "--replace", "red=blue", "--model", tiny.model] + more, in: folder
                ).finish()
                #expect(outcome.err == "a-blue-circle\(name).png\n")
            }
            // Another comparison with the same edited image.
            _ = try Child(
                ["generate", "a green circle", "--model", tiny.model, "--out", "green.png"] + red, in: folder
            ).finish()
            let green = try limn("edit", "green.png", "--replace", "green=blue", "--compare", in: folder)
            #expect(green.err == "a-blue-circle-2.png\n")
            // It says what the edited image was made from.
            #expect(try texts(folder + "/a-blue-circle-2.png")["prompt"] == "a blue circle")
        }
    }

    @Test func aVariationTurnsTheNoise() throws {
        try withTemporaryFolder { folder in
            #expect(try limn("generate", "red", "--seed", "1", "--out", "a.png", in: folder).ending == .exit(0))
            for (strength, seed) in [("0", "1"), ("1", "2")] {
                #expect(
                    try limn("edit", "a.png", "--variation", "2", "--strength", strength, "--out", "v.png", in: folder)
                        .ending == .exit(0))
                #expect(try limn("generate", "red", "--seed", seed, "--out", "b.png", in: folder).ending == .exit(0))
                #expect(try Image(contentsOf: folder + "/v.png") == Image(contentsOf: folder + "/b.png"))
            }
            #expect(try limn("edit", "a.png", "--variation", "2", "--out", "v.png", in: folder).ending == .exit(0))
            let found = try texts(folder + "/v.png")
            #expect(found["seed"] == "1" && found["variation_seed"] == "2" && found["variation_strength"] == "0.2")
            // It can be edited further, and keeps its variation.
            #expect(try limn("edit", "v.png", "--replace", "red=blue", "--out", "w.png", in: folder).ending == .exit(0))
            #expect(try texts(folder + "/w.png")["variation_strength"] == "0.2")
        }
    }

    /// Both prompts of a frame are edited.
    @Test func aFrameOfAWalkCanBeEdited() throws {
        try withTemporaryFolder { folder in
            #expect(
                try limn("interpolate", "a red circle", "a red square", "--frames", "3", "--out", "walk", in: folder)
                    .ending == .exit(0))
            let frame = "walk/frame-00001.png"
            #expect(
                try limn(
                    "edit", frame, "--replace", "red=blue", "--replace", "square=star", "--out", "e.png", in: folder
                ).ending == .exit(0))
            let found = try texts(folder + "/e.png")
            #expect(found["prompt"] == "a blue circle" && found["second_prompt"] == "a blue star")
            #expect(found["second_prompt_strength"] == "0.5")
        }
    }

    @Test func theModelMustBeTheOneThatMadeIt() throws {
        try withTemporaryFolder { folder in
            #expect(try limn("generate", "red", "--out", "a.png", in: folder).ending == .exit(0))
            let words = "a.png was made by the model \"tiny\", and this one is \"flowers-64\""
            let other = try Child(["edit", "a.png", "--prompt", "b", "--out", "b.png"], in: folder).finish()
            expectRefusal(other, 64, "\(words); name its file with --model")
            #expect(!exists(folder + "/b.png"))
            let shipped = Child.executable.split(separator: "/").prefix { $0 != ".build" }.reduce("") { "\($0)/\($1)" }
            let given = try limn(
                "edit", "a.png", "--prompt", "b", "--model", "\(shipped)/models/flowers-64.safetensors", "--out",
                "b.png", in: folder)
            #expect(given.ending == .exit(0) && given.talk == [words, "b.png"], "\(given.err)")
            #expect(try texts(folder + "/b.png")["model"] == "flowers-64")
        }
    }

    @Test func whatCannotBeEditedIsRefused() throws {
        try withTemporaryFolder { folder in
            #expect(try limn("generate", "a red circle", "--out", "a.png", in: folder).ending == .exit(0))
            #expect(
                try limn("generate", "a red circle", "--no-metadata", "--out", "bare.png", in: folder).ending
                    == .exit(0))
            try put(
                Image(width: 2, height: 2, color: .white).pngData(text: [("parameters", "a\nSeed: 1")]),
                folder + "/other.png")
            try put("text", folder + "/text.png")
            let png = try #require(contents(folder + "/a.png"))
            try put(Array(png.dropLast(20)), folder + "/cut.png")
            for (arguments, code, words) in [
                (["a.png", "--replace", "blue=red"], 64, "\"blue\" is not a word of the prompt, \"a red circle\""),
                (["a.png", "--replace", "re=x"], 64, "\"re\" is not a word of the prompt"),
                (["a.png", "--replace", "a red circle="], 64, "no word of the prompt remains"),
                (["bare.png", "--prompt", "b"], 65, "bare.png: does not say how it was generated"),
                (["other.png", "--prompt", "b"], 65, "other.png: does not say how it was generated"),
                (["text.png", "--prompt", "b"], 65, "text.png: not an image"),
                (["cut.png", "--prompt", "b"], 65, "cut.png: the PNG image is truncated"),
                (["absent.png", "--prompt", "b"], 66, "absent.png"), (["/dev/zero", "--prompt", "b"], 66, "/dev/zero"),
            ] {
                let outcome = try Child(
                    ["edit"] + arguments + ["--out", "x.png"], in: folder, environment: ["LIMN_MODEL": tiny.model]
                ).finish()
                expectRefusal(outcome, Int32(code), words)
            }
            for (arguments, words) in [
                (["a.png"], "Nothing to edit"), (["a.png", "--prompt", "b", "--replace", "a=b"], "not both"),
                (["a.png", "--replace", "red"], "old=new"),
                (["a.png", "--variation", "1", "--strength", "1.5"], "expected 0 to 1"),
            ] {
                let outcome = try Child(["edit"] + arguments, in: folder).finish()
                #expect(outcome.ending == .exit(64) && outcome.err.contains(words), "\(outcome.err)")
            }
            #expect(!exists(folder + "/x.png"))
        }
    }
}
