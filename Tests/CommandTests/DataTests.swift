import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// Corpora with errors.
@Suite struct DataTests {
    /// Expects messages of `corpus check` and `train` for a folder filled by `fill`; both exit with 65.
    /// - Parameter begins: whether training detects the error by decoding, not while listing the corpus.
    private func expectBadData(
        _ check: String, _ train: String, begins: Bool = false, sourceLocation: SourceLocation = #_sourceLocation,
        fill: (_ folder: String, _ image: [UInt8]) throws -> Void
    ) throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/data", withIntermediateDirectories: true)
            try fill(folder + "/data/", try #require(contents(tiny.corpus + "/images/00000.png")))
            let checked = try limn("corpus", "check", "data", in: folder)
            #expect(checked.ending == .exit(65), sourceLocation: sourceLocation)
            // Problems of a corpus are the result of the check; without a corpus there is nothing to check.
            let lines = checked.text.isEmpty ? checked.talk : checked.text.split(separator: "\n").map(String.init)
            #expect(lines.contains { $0.contains(check) }, "\(lines)", sourceLocation: sourceLocation)

            let arguments = ["train", tiny.recipe, "--data", "data", "--run", "run", "--set", "data.split="]
            let outcome = try Child(arguments, in: folder).finish()
            if begins {
                #expect(outcome.ending == .exit(65), "\(outcome.err)", sourceLocation: sourceLocation)
                let last = try #require(outcome.talk.last, sourceLocation: sourceLocation)
                #expect(last.hasPrefix("limn: ") && last.contains(train), "\(last)", sourceLocation: sourceLocation)
                // A run without a checkpoint can be restarted with the corrected corpus.
                let mended = arguments.map { $0 == "data" ? tiny.corpus : $0 } + ["--resume"]
                let child = try Child(mended, in: folder)
                #expect(child.wait { exists(folder + "/run/encoder/retrieval.jsonl") }, sourceLocation: sourceLocation)
                child.send(SIGKILL)
                _ = child.finish()
                return
            }
            expectRefusal(outcome, 65, train, sourceLocation: sourceLocation)
            // Nothing remains that would prevent a restart.
            #expect(try !exists(folder + "/run") || files(below: folder + "/run") == ["lock"])
        }
    }

    @Test func anEmptyFolder() throws {
        try expectBadData("data: no captions found; looked for", "data: no captions found; looked for") { _, _ in }
    }

    @Test func imagesWithoutCaptions() throws {
        try expectBadData("data: no captions found", "data: no captions found") { data, image in
            try put(image, data + "1.png")
        }
    }

    @Test func oneCaptionMissing() throws {
        try expectBadData("2.png: there is no 2.txt", "data/2.png: there is no 2.txt") { data, image in
            try put(image, data + "1.png")
            try put("a circle", data + "1.txt")
            try put(image, data + "2.png")
        }
    }

    @Test func aFileThatIsNoImage() throws {
        try expectBadData("1.png: not an image in a known format", "data/1.png: not an image", begins: true) {
            data, image in
            try put("a rose is a rose", data + "1.png")
            try put("a circle", data + "1.txt")
            try put(image, data + "2.png")
            try put("a star", data + "2.txt")
        }
    }

    @Test func anImageCutShort() throws {
        try expectBadData(
            "metadata.jsonl:1: 1.png: the PNG image is truncated",
            "data/metadata.jsonl:1: 1.png: the PNG image is trunc", begins: true
        ) {
            try put($1.dropLast(40), $0 + "1.png")
            try put($1, $0 + "2.png")
            let rows = ["circle", "star"].enumerated().map {
                "{\"file_name\": \"\($0.offset + 1).png\", \"text\": \"a \($0.element)\"}\n"
            }
            try put(rows.joined(), $0 + "metadata.jsonl")
        }
    }

    @Test func captionsThatAreNotUTF8() throws {
        try expectBadData("1.txt:2: is not UTF-8", "data/1.txt:2: is not UTF-8") { data, image in
            try put(image, data + "1.png")
            try put(Array("a circle\n".utf8) + [0xFF, 0xFE], data + "1.txt")
        }
    }

    @Test(arguments: [
        ("{\"file_name\": \"1.png\"", "metadata.jsonl:1: is not valid JSON"),
        ("\n{\"text\": \"red\"}", "metadata.jsonl:2: has no \"file_name\""),
        (
            "{\"file_name\": \"../1.png\", \"text\": \"red\"}",
            "metadata.jsonl:1: \"file_name\" ../1.png leaves the folder"
        ),
        ("{\"file_name\": \"2.png\", \"text\": \"red\"}", "metadata.jsonl:1: 2.png does not exist"),
        ("", "has no usable rows"),
    ])
    func metadataWithAFaultyRow(text: String, words: String) throws {
        try expectBadData(words, words) { data, image in
            try put(image, data + "1.png")
            try put(text, data + "metadata.jsonl")
        }
    }

    @Test func whatIsNoFolderIsNoInput() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            for data in ["absent", tiny.recipe] {
                expectRefusal(try limn("corpus", "check", data, in: folder), 66, "\(data): no such folder")
                expectRefusal(
                    try limn("train", tiny.recipe, "--data", data, "--run", "run", in: folder), 66,
                    "\(data): no such folder")
            }
            #expect(try files(below: folder).isEmpty)
        }
    }

    /// Invalid input other than a corpus.
    @Test func vocabulariesAndTheirCaptionsFailByTheSameCodes() throws {
        try withTemporaryFolder { folder in
            try put(Array("a circle\n".utf8) + [0xFF], folder + "/bad")
            try put("a circle\na star\n", folder + "/good")
            func vocabulary(_ arguments: String...) throws -> Outcome {
                try Child(["vocabulary"] + arguments, in: folder).finish()
            }
            func train(_ captions: String, _ more: String...) throws -> Outcome {
                try Child(
                    ["vocabulary", "train", "--name", "v", "--out", "v.json", "--captions", captions] + more, in: folder
                ).finish()
            }
            expectRefusal(try train("absent"), 66, "absent: no such file")
            expectRefusal(try train("bad"), 65, "bad:2: is not UTF-8")
            expectRefusal(try train("good", "--size", "5"), 64, "vocabulary size 5 is outside of")
            expectRefusal(try vocabulary("show", "absent"), 66, "absent: no such file")
            expectRefusal(try vocabulary("encode", "a star", "--vocabulary", "good"), 65, "is not a usable tokenizer")

            #expect(try train("good", "--size", "270").ending == .exit(0))
            let ids = try vocabulary("encode", "a star", "--vocabulary", "v.json").text.split(
                whereSeparator: \.isWhitespace)
            let spelt = try Child(
                ["vocabulary", "decode", "--vocabulary", "v.json"] + ids.map(String.init), in: folder)
            #expect(spelt.finish().text == "a star\n")
            expectRefusal(try vocabulary("decode", "--vocabulary", "v.json", "999999"), 64, "999999 is not a token id")
            expectRefusal(
                try limn("vocabulary", "decode", "--vocabulary", "v.json", "-", in: folder, input: "x\n"), 65,
                "line 1: x is not a token id")
        }
    }

    /// A metadata.jsonl is read by itself as it is in its corpus: captions of any name, splits and their synonyms.
    @Test func aMetadataFileGivesItsCaptionsToAVocabulary() throws {
        try withTemporaryFolder { folder in
            try put(
                """
                {"file_name": "1.png", "caption": ["a circle", "a star"], "split": "training"}
                {"file_name": "2.png", "caption": "a square", "split": "test"}

                """, folder + "/metadata.jsonl")
            func train(_ split: String, on file: String = "metadata.jsonl") throws -> Outcome {
                try limn(
                    "vocabulary", "train", "--captions", file, "--split", split, "--size", "262", "--name", "v",
                    "--out", "v.json", in: folder)
            }
            for (split, count) in [("train", 2), ("test", 1), ("", 3)] {
                let outcome = try train(split)
                #expect(outcome.ending == .exit(0))
                #expect(outcome.text.contains("trained on \(count) captions"))
            }
            expectRefusal(try train("val"), 65, "metadata.jsonl: has no split \"val\"; it has test, training")
            try put(#"{"file_name": "1.png"}"#, folder + "/none.jsonl")
            expectRefusal(try train("", on: "none.jsonl"), 65, "none.jsonl:1: must be a JSON object with \"text\"")
        }
    }

    @Test func theCorpusOfShapesIsSoundAndNeverOverwritten() throws {
        let tiny = try Tiny.shared()
        let checked = try limn("corpus", "check", tiny.corpus, in: tiny.folder)
        #expect(checked.ending == .exit(0))
        #expect(checked.text.hasPrefix("\(tiny.corpus): 120 images"))
        #expect(checked.text.contains("\nno problems\n"))
        expectRefusal(
            try limn("corpus", "shapes", "--out", tiny.corpus, "--count", "2", "--seed", "1", in: tiny.folder), 73,
            "is not empty; name a new folder")
        expectRefusal(
            try limn("corpus", "shapes", "--out", tiny.recipe, "--count", "2", "--seed", "1", in: tiny.folder), 73,
            "tiny.yaml: cannot be written: a file of that name is there")
    }
}
