import FoundationEssentials
import Glibc
import Images
import TestSupport
import Testing

/// Effects and output of `limn corpus`.
@Suite struct CorpusTests {
    /// Provides a folder with `data`: some of the shapes with text files, in two subfolders.
    private func withImages(_ count: Int = 12, _ body: (_ folder: String) throws -> Void) throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            for number in 0..<count {
                let data = folder + "/data/\(number % 2 == 0 ? "even" : "odd")"
                try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
                let image = "\(tiny.corpus)/images/\(number < 10 ? "0000" : "000")\(number).png"
                try put(try #require(contents(image)), "\(data)/\(number).png")
                try put("a caption\nanother of \(number)\n", "\(data)/\(number).txt")
            }
            try body(folder)
        }
    }

    /// The bytes of every file below a folder.
    private func snapshot(_ folder: String) throws -> [String: [UInt8]] {
        try Dictionary(uniqueKeysWithValues: files(below: folder).map { ($0, contents("\(folder)/\($0)") ?? []) })
    }

    private func json(_ outcome: Outcome, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        #expect(outcome.ending == .exit(0), "\(outcome.err)", sourceLocation: sourceLocation)
        // Sufficient, since the JSON decoder rejects anything else.
        _ = try JSONDecoder().decode(AnyObject.self, from: Data(outcome.out))
        return outcome.text
    }

    /// Any JSON object.
    private struct AnyObject: Decodable {
        init(from decoder: any Decoder) throws { _ = try decoder.container(keyedBy: Key.self) }
        private enum Key: String, CodingKey { case none }
    }

    @Test func imagesAloneAreReadOnRequest() throws {
        try withImages { folder in
            for number in 0..<12 {
                try FileManager.default.removeItem(
                    atPath: folder + "/data/\(number % 2 == 0 ? "even" : "odd")/\(number).txt")
            }
            expectRefusal(try limn("corpus", "check", "data", in: folder), 65, "data: no captions found")
            let checked = try limn("corpus", "check", "data", "--images-only", in: folder)
            #expect(checked.ending == .exit(0), "\(checked.err)")
            let lines = checked.text.split(separator: "\n")
            #expect(lines[0] == "data: 12 images, 0 captions, 2 classes")
            #expect(lines[1] == "layout: images without captions, recognized by images without text files")
            #expect(
                lines.last == "  limn corpus split data --parts train=0.9,test=0.1 --seed 1 --in-place --images-only")
            let told = try limn("corpus", "stats", "data", "--images-only", in: folder).text
            #expect(told.contains("data: 12 images, 0 captions") && !told.contains("vocabulary"), "\(told)")
            let (own, other) = ("even/0.png", "odd/1.png")
            try put(#"{"source": "\#(own)", "target": "\#(other)"}"#, folder + "/data/metadata.jsonl")
            let pairs = try limn("corpus", "check", "data", "--images-only", "--image-column", "target", in: folder)
                .text
            #expect(pairs.hasPrefix("data: 1 images, 0 captions"), "\(pairs)")
        }
    }

    @Test func problemsAreCountedByKindAndNamed() throws {
        try withImages { folder in
            for number in 0..<25 { try put("no image", folder + "/data/bad\(number).png") }
            for number in 0..<25 { try put("red", folder + "/data/bad\(number).txt") }
            try FileManager.default.removeItem(atPath: folder + "/data/odd/3.txt")
            try put("nobody's", folder + "/data/lonely.txt")
            let checked = try limn("corpus", "check", "data", in: folder)
            #expect(checked.ending == .exit(65))
            let lines = checked.text.split(separator: "\n").map(String.init)
            #expect(lines[0] == "data: 11 images, 22 captions, 2 classes")
            #expect(lines[1] == "layout: images with text files, recognized by text files with the names of images")
            let unreadable = try #require(lines.first { $0.hasPrefix("unreadable-image ") })
            #expect(
                unreadable.split(separator: " ")[1] == "25" && unreadable.contains("such as bad0.png: not an image"))
            #expect(lines.contains { $0.hasPrefix("no-caption") && $0.contains("odd/3.png") })
            #expect(lines.count { $0.hasPrefix("  bad") } == 20)
            #expect(lines.contains("  … and 5 more; --all lists them"))
            #expect(lines.contains("26 problems"))
            #expect(lines.last == "  limn train recipes/flowers-64.yaml --data data --run runs/mine --bad-files skip")
            let all = try limn("corpus", "check", "data", "--all", in: folder).text
            #expect(all.split(separator: "\n").count { $0.hasPrefix("  bad") } == 25)
            let found = try limn("corpus", "check", "data", "--json", in: folder)
            #expect(found.ending == .exit(65) && found.text.contains(#""unreadable-image" : 25"#))
            #expect(found.text.contains(#""format" : "images with text files""#))
        }
    }

    @Test func noticesAreNoProblems() throws {
        try withImages { folder in
            try put("nobody's", folder + "/data/lonely.txt")
            let checked = try limn("corpus", "check", "data", in: folder)
            #expect(checked.ending == .exit(0) && checked.text.contains("lonely.txt"), "\(checked.text)")
            #expect(checked.text.contains("no problems\n"))
            #expect(checked.text.contains("  limn corpus split data --parts train=0.9,test=0.1 --seed 1 --in-place\n"))
            #expect(checked.text.hasSuffix("  limn train recipes/flowers-64.yaml --data data --run runs/mine\n"))
        }
    }

    @Test func leaksAreListed() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/data", withIntermediateDirectories: true)
            let image = try #require(contents(tiny.corpus + "/images/00000.png"))
            try put(image, folder + "/data/1.png")
            try put(image, folder + "/data/2.png")
            try put(
                """
                {"file_name": "1.png", "text": "a red star", "split": "train"}
                {"file_name": "2.png", "text": "Red: a star!", "split": "test"}
                """, folder + "/data/metadata.jsonl")
            let told = try limn("corpus", "stats", "data", in: folder)
            #expect(told.ending == .exit(0) && told.err.isEmpty)
            #expect(told.text.hasPrefix("data: 2 images, 2 captions, "))
            #expect(told.text.contains("duplicate images across splits\n  2.png (test) = 1.png (train)\n"))
            #expect(told.text.contains("“a red star”: 1 in test, 1 in train\n"))
            let short = try limn("corpus", "stats", "data", "--list", "0", in: folder)
            #expect(!short.text.contains("2.png"))
            let text = try json(limn("corpus", "stats", "data", "--json", in: folder))
            #expect(text.contains(#""duplicate_images" : {"#) && text.contains(#""words_used_once" : 0"#))
        }
    }

    @Test func convertingReadsOnlyAndIsReadBack() throws {
        try withImages { folder in
            let before = try snapshot(folder + "/data")
            let shards = try limn(
                "corpus", "convert", "data", "--out", "shards", "--to", "shards", "--shard-size", "5", in: folder)
            #expect(shards.ending == .exit(0), "\(shards.err)")
            #expect(
                shards.text.hasPrefix("shards: 12 images, 24 captions, ") && shards.text.hasSuffix("in 3 shards\n"))
            #expect(try files(below: folder + "/shards") == (0..<3).map { "shard-0000\($0).tar" })
            let checked = try limn("corpus", "check", "shards", in: folder)
            #expect(checked.ending == .exit(0) && checked.text.hasPrefix("shards: 12 images, 24 captions, 2 classes"))
            let text = try json(
                limn(
                    "corpus", "convert", "shards", "--out", "new/small", "--side", "8", "--aspect", "pad", "--format",
                    "png",
                    "--json", in: folder))
            #expect(text.contains(#""images" : 12"#))
            #expect(try Image(contentsOf: folder + "/new/small/images/00011.png").width == 8)
            expectRefusal(
                try limn("corpus", "convert", "data", "--out", "shards", in: folder), 73, "shards: is not empty")
            expectRefusal(try limn("corpus", "convert", "data", "--out", "data/x", in: folder), 73, "only read")
            expectRefusal(try limn("corpus", "convert", "none", "--out", "x", in: folder), 66, "none: no such")
            #expect(try snapshot(folder + "/data") == before)
            #expect(!exists(folder + "/x"))
        }
    }

    @Test func aConversionThatIsInterruptedLeavesNothing() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            // Large images, so that the command takes long enough.
            let arguments = ["corpus", "convert", tiny.corpus, "--out", "large", "--side", "1500", "--format", "png"]
            let child = try Child(arguments, in: folder)
            #expect(child.wait { exists(folder + "/large.partial/images/00000.png") })
            child.send(SIGINT)
            let outcome = child.finish()
            #expect(outcome.ending == .exit(130) && outcome.err.contains("interrupted; nothing was written"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test func shapesThatAreInterruptedLeaveNothing() throws {
        try withTemporaryFolder { folder in
            let arguments = ["corpus", "shapes", "--out", "many", "--count", "1000000", "--seed", "1"]
            let child = try Child(arguments, in: folder)
            #expect(child.wait { exists(folder + "/many.partial/images/00000.png") })
            child.send(SIGTERM)
            let outcome = child.finish()
            #expect(outcome.ending == .exit(130) && outcome.err.contains("interrupted; nothing was written"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test func adviceNamesASplitThatExists() throws {
        try withImages { folder in
            let rows = (0..<3).map { #"{"file_name": "even/\#(2 * $0).png", "split": "\#($0 == 0 ? "x" : "y")"}"# }
            try put(rows.joined(separator: "\n"), folder + "/data/metadata.jsonl")
            let checked = try limn("corpus", "check", "data", in: folder)
            #expect(
                checked.text.hasSuffix(
                    "to train on its split y, or another of x, y:\n"
                        + "  limn train recipes/flowers-64.yaml --data data --run runs/mine --set data.split=y\n"),
                "\(checked.text)")
        }
    }

    @Test func splittingWritesOnlyWhereItIsTold() throws {
        try withImages { folder in
            let before = try snapshot(folder + "/data")
            func split(_ more: String...) throws -> Outcome {
                try Child(
                    ["corpus", "split", "data", "--parts", "train=0.75,test=0.25", "--seed", "1"] + more, in: folder
                ).finish()
            }
            let dry = try split()
            #expect(dry.ending == .exit(0) && dry.text.contains("nothing was written"), "\(dry.err)")
            #expect(dry.text.contains("train       9        18        2\n"), "\(dry.text)")
            #expect(try snapshot(folder + "/data") == before)
            #expect(try split("--out", "new.jsonl").ending == .exit(0))
            #expect(try snapshot(folder + "/data") == before)

            let text = try json(split("--in-place", "--json"))
            #expect(text.contains(#""written" : "data/metadata.jsonl""#))
            #expect(haveEqualContents(folder + "/data/metadata.jsonl", folder + "/new.jsonl"))
            var after = try snapshot(folder + "/data")
            after["metadata.jsonl"] = nil
            #expect(after == before)
            let checked = try limn("corpus", "check", "data", in: folder).text
            #expect(checked.hasPrefix("data: 12 images, 24 captions, 2 classes; splits: test 3, train 9\n"))
            // With --by class there is one per split.
            #expect(try split("--by", "class").text.contains("test        6        12        1\n"))
            expectRefusal(try split("--out", "data/metadata.jsonl"), 64, "use --in-place to change it")
            expectRefusal(try split("--out", "none/new.jsonl"), 73, "none/new.jsonl: cannot be written")
            expectRefusal(try split("--out", "data"), 73, "data: is a folder")
            let parts = ["--parts", "train=0.5,test=0.5", "--seed", "1", "--in-place"]
            expectRefusal(try Child(["corpus", "split", "none"] + parts, in: folder).finish(), 66, "none: no such")
        }
    }

    @Test(arguments: [
        "train=0.5,test=0.4", "train=1", "train=0.5,train=0.5", "train=0.5,=0.5", "train,test", "a=x,b=0.5",
    ])
    func partsThatAreNone(parts: String) throws {
        try withTemporaryFolder { folder in
            let outcome = try limn("corpus", "split", "data", "--parts", parts, "--seed", "1", in: folder)
            #expect(outcome.ending == .exit(64) && outcome.err.contains("parts"), "\(outcome.err)")
        }
    }

    @Test func previewsAreDrawn() throws {
        try withImages { folder in
            let text = try json(
                limn(
                    "corpus", "preview", "data", "--out", "sheet.png", "--count", "6", "--side", "64", "--json",
                    in: folder))
            #expect(text.contains(#""caption" : "a caption""#) && text.contains(#""class" : "odd""#))
            let sheet = try Image(contentsOf: folder + "/sheet.png")
            #expect(text.contains(#""width" : \#(sheet.width)"#) && sheet.width > 3 * 64)
            let again = try limn(
                "corpus", "preview", "data", "--out", "again.png", "--count", "6", "--side", "64", in: folder)
            #expect(again.ending == .exit(0) && again.out.isEmpty && again.err == "again.png: 6 images of data\n")
            #expect(haveEqualContents(folder + "/again.png", folder + "/sheet.png"))
            expectRefusal(
                try limn("corpus", "preview", "data", "--out", "none/sheet.png", in: folder), 73,
                "none/sheet.png: cannot be written")
            expectRefusal(
                try limn("corpus", "preview", "data", "--out", "s.png", "--split", "x", in: folder), 65,
                "no split \"x\"")
        }
    }

    @Test func theVersionIsTold() throws {
        try withTemporaryFolder { folder in
            let outcome = try limn("--version", in: folder)
            #expect(outcome.ending == .exit(0) && outcome.text.wholeMatch(of: /limn \d+\.\d+\.\d+\n/) != nil)
        }
    }
}
