import FoundationEssentials
import Images
import TestSupport
import Testing

@Suite struct InfoTests {
    private let tiny: Tiny
    init() throws { tiny = try Tiny.shared() }

    /// What is printed about a file, a fact per line with a single space after its name.
    private func facts(_ path: String) throws -> [String] {
        let outcome = try limn("info", path, in: tiny.folder)
        #expect(outcome.ending == .exit(0) && outcome.err.isEmpty, "\(outcome.err)")
        return outcome.text.split(separator: "\n").map { String($0).replacing(#/\ {2,}/#, with: " ") }
    }

    /// One line of JSON.
    private func json(_ path: String) throws -> String {
        let outcome = try limn("info", path, "--json", in: tiny.folder)
        #expect(outcome.ending == .exit(0) && outcome.err.isEmpty, "\(outcome.err)")
        #expect(outcome.text.count { $0.isNewline } == 1)
        return outcome.text
    }

    @Test func filesOfARun() throws {
        let run = try facts(tiny.run)
        #expect(run.first == "\(tiny.run): run directory")
        for fact in [
            " name tiny", " task text-to-image", " data \(tiny.corpus)", " encoder training 4,000 of 4,000 (100.0 %)",
            " training 2,400 of 2,400 (100.0 %)", " snapshots 2, the last one snapshot-000002400.safetensors",
            " checkpoint checkpoint-000002400.safetensors", " model model.safetensors",
        ] {
            #expect(run.contains(fact), "\(run)")
        }
        #expect(try json(tiny.run).contains(#""training":{"done":2400,"total":2400}"#))
        let stage = try facts(tiny.run + "/encoder")
        #expect(
            stage.contains(" encoder training 4,000 of 4,000 (100.0 %)")
                && !stage.contains { $0.hasPrefix(" training") })

        for model in [tiny.model, tiny.run + "/snapshot-000002400.safetensors"] {
            let found = try facts(model)
            #expect(found.first == "\(model): model")
            for fact in [
                " name tiny", " images 16×16", " vocabulary 300", " tokens with start and end 16", " types BF16",
            ] {
                #expect(found.contains(fact), "\(found)")
            }
            // The card of a single model.
            #expect(found.contains("# tiny"))
        }
        #expect(try json(tiny.model).contains(##""card":"# tiny\n"##))
        let pair = try facts(tiny.encoders)
        #expect(pair.first == "\(tiny.encoders): pair of encoders" && pair.contains(" sentence vector 16"))
        let checkpoint = try facts(tiny.run + "/checkpoint-000002400.safetensors")
        #expect(checkpoint.first?.hasSuffix(": training checkpoint") == true)
        #expect(
            checkpoint.contains(" images seen 2,400") && checkpoint.contains(" generator updates 300"), "\(checkpoint)")
        #expect(try facts(tiny.run + "/embeddings.safetensors").contains(" metadata format limn-embeddings"))
    }

    /// As on the dashboard: a line that is not complete, or no row, is passed over.
    @Test func progressIsThatOfTheLastRow() throws {
        try withTemporaryFolder { folder in
            try put(try #require(contents(tiny.run + "/recipe.yaml")), folder + "/recipe.yaml")
            try put(
                #"{"images": 600, "loss": 1.5, "bad": null}"# + "\nno row\n" + #"{"images": 7"#, folder + "/stats.jsonl"
            )
            let run = try facts(folder)
            #expect(run.contains(" training 600 of 2,400 (25.0 %)") && run.contains(" losses loss 1.5"), "\(run)")
        }
    }

    @Test func images() throws {
        try withTemporaryFolder { folder in
            let prompt = "a \"red\"\n🌹 \u{1B}[31m"
            let outcome = try limn(
                "generate", prompt, "--seed", "18446744073709551615", "--truncation", "0.7", "--model", tiny.model,
                "--out",
                "a.png", in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            let found = try facts(folder + "/a.png")
            // Control characters do not reach the terminal.
            #expect(found.contains(" prompt a \"red\"\u{FFFD}🌹 \u{FFFD}[31m"), "\(found)")
            for fact in [" format PNG", " size 16×16", " seed 18446744073709551615", " truncation 0.7", " model tiny"] {
                #expect(found.contains(fact), "\(found)")
            }
            let object = try json(folder + "/a.png")
            #expect(
                object.contains(
                    #""prompt":"a \"red\"\n🌹 \u001b[31m","seed":18446744073709551615,"size":{"height":16,"width":16}"#),
                "\(object)")

            try put(
                Image(width: 3, height: 2, color: .white).pngData(text: [("Comment", "by hand")]), folder + "/b.png")
            #expect(try facts(folder + "/b.png").contains(" text Comment by hand"))
        }
    }

    @Test func otherFiles() throws {
        try withTemporaryFolder { folder in
            try put("a red circle\na blue circle\n", folder + "/captions")
            let trained = try limn(
                "vocabulary", "train", "--captions", "captions", "--name", "v", "--size", "262", "--out", "v.json",
                in: folder)
            #expect(trained.ending == .exit(0), "\(trained.err)")
            #expect(
                try facts(folder + "/v.json") == [
                    "\(folder)/v.json: vocabulary", " name v", " tokens 262", " trained on 2 captions of captions",
                ])
            let arrays = Array(
                #"{"__metadata__":{"a":"b\u001b"},"x":{"dtype":"I16","shape":[2],"data_offsets":[0,4]}}"#.utf8)
            try put([UInt8(arrays.count), 0, 0, 0, 0, 0, 0, 0] + arrays + [1, 2, 3, 4], folder + "/x")
            #expect(
                try facts(folder + "/x").dropFirst() == [
                    " metadata a b\u{FFFD}", " arrays 1", " parameters 2", " types I16", " array bytes 4",
                ])
        }
    }

    @Test func featureNetworks() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/network.safetensors"
            try RandomFeatures.write(.efficientNetLite0, seed: 1, to: path)
            let found = try facts(path)
            #expect(
                found.first == "\(path): feature network" && found.contains(" network efficientnet-lite0"), "\(found)")
        }
    }

    /// The others are printed; the exit code is that of the last failure.
    @Test func aFileThatCannotBeReadDoesNotHideOthers() throws {
        try withTemporaryFolder { folder in
            try put("text", folder + "/text")
            try put("name: [", folder + "/recipe.yaml")
            try FileManager.default.createDirectory(atPath: folder + "/empty", withIntermediateDirectories: true)
            let outcome = try limn("info", "text", tiny.model, "absent", in: folder)
            #expect(outcome.ending == .exit(66) && outcome.text.contains(": model\n"))
            #expect(outcome.talk.count == 2 && outcome.talk.allSatisfy { $0.hasPrefix("limn: ") }, "\(outcome.err)")
            for (path, code, words) in [
                ("text", 65, "text: is not a safetensors file, an image in a known format"),
                (".", 65, "not valid YAML"),
                ("empty", 65, "empty: is a folder without recipe.yaml"), ("", 64, "FILE is empty"),
                ("/dev/zero", 66, "not a file"),
            ] {
                expectRefusal(try limn("info", path, in: folder), Int32(code), words)
            }
            // Names may hold control characters, those of failures too.
            let names = ["a\nb", "c\u{1B}[31m", "d\re"]
            for name in names {
                expectRefusal(try limn("info", name, in: folder), 66, "\(name.first!)\u{FFFD}")
            }
            let all = try Child(["info"] + names, in: folder).finish()
            #expect(
                all.talk == ["a\u{FFFD}b", "c\u{FFFD}[31m", "d\u{FFFD}e"].map { "limn: \($0): no such file" },
                "\(all.err)")
        }
    }

    /// Numbers beyond any range, and rows that are cut off or are not objects.
    @Test(arguments: [
        "{\"images\": 1e300, \"images_per_second\": -1e300, \"loss\": 1e308}\n", "{\"images\": 10}\n{\"images\": 2",
        "[1]\n", "\n\n", "",
        "{\"images\": null, \"loss\": \"x\"}\n", "{\"images\": -5}\n",
    ])
    func statisticsOfAnyKindAreRead(row: String) throws {
        try withTemporaryFolder { folder in
            try put(try #require(contents(tiny.run + "/recipe.yaml")), folder + "/recipe.yaml")
            try put(row, folder + "/stats.jsonl")
            try put(row, folder + "/evaluation.jsonl")
            for arguments in [["info", "."], ["info", ".", "--json"]] {
                let outcome = try Child(arguments, in: folder).finish()
                #expect(outcome.ending == .exit(0) && outcome.text.contains("2"), "\(outcome.err)")
            }
        }
    }
}
