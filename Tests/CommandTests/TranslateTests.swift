import FoundationEssentials
import Images
import Models
import Networks
import TestSupport
import Testing
import TinyModels

@Suite struct TranslateTests {
    private static let network = TranslatorConfiguration(
        kind: .uNet, width: 4, maximumWidth: 8, blocks: 1, halvings: 1, normalization: .none, isResidual: true)

    /// Runs `body` in a folder with a model that translates in both directions, `m.safetensors`.
    private func withModel(_ body: (String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try tinyTranslationModel(Self.network, hasReverse: true).write(to: folder + "/m.safetensors")
            try body(folder)
        }
    }

    /// Writes a file in a folder that is created.
    private func place(_ bytes: [UInt8], _ path: String) throws {
        let folder = path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try put(bytes, path)
    }

    private func picture(_ width: Int, _ height: Int, _ level: Int = 0) -> Image {
        let pixels = (0..<width * height * 3).map { UInt8(($0 / 3 % width * 9 + $0 % 3 * 50 + level) % 256) }
        return Image(width: width, height: height, pixels: pixels)
    }

    private func size(_ path: String) throws -> [Int] {
        let size = try Image.size(of: try #require(contents(path)), named: path)
        return [size.width, size.height]
    }

    @Test func foldersAreKeptAndSizesToo() throws {
        try withModel { folder in
            for (path, width, height) in [("a.png", 17, 9), ("deep/er/b.png", 16, 16), ("deep/c.v1.png", 3, 40)] {
                try place(try picture(width, height).pngData(), "\(folder)/in/\(path)")
            }
            try place(try picture(8, 8).pngData(), folder + "/in/.hidden/d.png")
            try place(Array("text".utf8), folder + "/in/notes.txt")
            try put(try picture(16, 16, 7).pngData(), folder + "/single.PNG")
            func translate(_ more: String...) throws -> Outcome {
                try Child(["translate", "m.safetensors", "in/", "single.PNG", "--out", "in/out"] + more, in: folder)
                    .finish()
            }
            let outcome = try translate()
            #expect(outcome.ending == .exit(0) && outcome.out.isEmpty, "\(outcome.err)")
            #expect(
                outcome.talk == ["skipped 1 file without the suffix of an image or a video", "4 files in in/out"])
            #expect(
                try files(below: folder + "/in/out") == ["a.png", "deep/c.v1.png", "deep/er/b.png", "single.png"])
            #expect(try size(folder + "/in/out/a.png") == [17, 9])
            #expect(try size(folder + "/in/out/deep/c.v1.png") == [3, 40])
            #expect(
                try texts(folder + "/in/out/deep/er/b.png")
                    == ["source": "b.png", "model": "tiny", "direction": "forward", "Software": "Limn"])

            // Again, without results among the sources.
            #expect(try translate().ending == .exit(0))
            #expect(try files(below: folder + "/in/out").count == 4)
            let info = try limn("info", "in/out/a.png", in: folder)
            #expect(info.text.contains("translated from  a.png") && info.text.contains("tiny"), "\(info.text)")
        }
    }

    @Test func directionsAndJSON() throws {
        try withModel { folder in
            let image = picture(16, 16)
            try put(try image.pngData(), folder + "/a.png")
            for (more, direction) in [([], "forward"), (["--reverse"], "reverse")] {
                let outcome = try Child(
                    ["translate", "m.safetensors", "a.png", "--out", "\(direction).png", "--json"] + more, in: folder
                ).finish()
                #expect(outcome.ending == .exit(0) && outcome.err.isEmpty, "\(outcome.err)")
                for part in [
                    #""direction":"\#(direction)","file":"\#(direction).png","height":16"#,
                    #""model":"tiny","source":"a.png","width":16}"#,
                ] {
                    #expect(outcome.text.contains(part), "\(outcome.text)")
                }
                #expect(try texts("\(folder)/\(direction).png")["direction"] == direction)
            }
            let (forward, back) = (
                try Image(contentsOf: folder + "/forward.png"), try Image(contentsOf: folder + "/reverse.png")
            )
            #expect(forward != back && forward != image)
            let bare = try limn("translate", "m.safetensors", "a.png", "--out", "-", "--no-metadata", in: folder)
            #expect(bare.err.isEmpty)
            #expect(try Image(decoding: bare.out, named: "-") == forward)
            #expect(try Image.pngText(in: bare.out).isEmpty)
        }
    }

    @Test func otherFormatsAreWritten() throws {
        try withModel { folder in
            try put(try picture(24, 16).pngData(), folder + "/a.png")
            for (arguments, path, format) in [
                (["--out", "b.jpg"], "b.jpg", ImageFormat.jpeg), (["--out", "c.webp"], "c.webp", .webp),
                (["--out", "d", "--format", "jpeg", "--quality", "50"], "d/a.jpg", .jpeg),
            ] {
                let outcome = try Child(["translate", "m.safetensors", "a.png"] + arguments, in: folder).finish()
                if outcome.err.contains("which is not installed") { continue }
                #expect(outcome.ending == .exit(0), "\(outcome.err)")
                #expect(ImageFormat(signatureOf: try #require(contents("\(folder)/\(path)"))) == format)
                #expect(try size("\(folder)/\(path)") == [24, 16])
                let info = try limn("info", path, in: folder).text
                #expect(info.contains("translated from  a.png") && info.contains("tiny"), "\(info)")
                // A file that says what it was made from may be replaced.
                let again = try Child(
                    ["translate", "m.safetensors", "a.png", "--no-metadata"] + arguments, in: folder
                ).finish()
                #expect(again.ending == .exit(0), "\(again.err)")
                #expect(try Image.text(in: try #require(contents("\(folder)/\(path)")), named: path).isEmpty)
            }
            guard exists(folder + "/d/a.jpg") else { return }
            expectRefusal(
                try limn("translate", "m.safetensors", "a.png", "--out", "d", "--format", "jpeg", in: folder), 73,
                "d/a.jpg: exists, and does not say that it was made from a.png")
        }
    }

    @Test func aFileThatCannotBeReadDoesNotStopTheOthers() throws {
        try withModel { folder in
            let png = try picture(16, 16).pngData()
            try place(png, folder + "/in/a.png")
            try place(Array(png.dropLast(30)), folder + "/in/b.png")
            try place(Array("text".utf8), folder + "/in/c.jpg")
            try place(Array("text".utf8), folder + "/in/d.mp4")
            try place(png, folder + "/in/e.png")
            let outcome = try limn("translate", "m.safetensors", "in", "--out", "out", in: folder)
            #expect(outcome.ending == .exit(65), "\(outcome.err)")
            #expect(outcome.talk.count == 4, "\(outcome.err)")
            for (line, words) in zip(
                outcome.talk,
                [
                    "limn: in/b.png: the PNG image is truncated", "limn: in/c.jpg: not an image", "2 files in out",
                    "limn: in/d.mp4: ",
                ])
            {
                #expect(line.hasPrefix(words), "\(outcome.err)")
            }
            #expect(try files(below: folder + "/out") == ["a.png", "e.png"])

            // A failure to write stops the command; what could not be read before is said too.
            try place(png, folder + "/other/e.png")
            let stopped = try limn("translate", "m.safetensors", "in/b.png", "in/e.png", "--out", "other", in: folder)
            #expect(stopped.ending == .exit(73) && stopped.talk.count == 2, "\(stopped.err)")
            #expect(stopped.talk.first?.hasPrefix("limn: in/b.png: ") == true, "\(stopped.err)")
        }
    }

    @Test func nothingOfTheUserIsReplaced() throws {
        try withModel { folder in
            let (a, other) = (try picture(16, 16).pngData(), try picture(16, 16, 9).pngData())
            try put(a, folder + "/a.png")
            try place(a, folder + "/in/a.png")
            try place(other, folder + "/in/a.bmp.png")
            try place(other, folder + "/out/a.png")
            for (arguments, code, words) in [
                (["a.png", "--out", "a.png"], 64, "a.png: is the source itself"),
                (["a.png", "--out", "."], 64, "./a.png: is the source itself"),
                (["in", "--out", "in", "--overwrite"], 64, "is the source itself"),
                (["a.png", "--out", "out"], 73, "out/a.png: exists, and does not say that it was made from a.png"),
                (["a.png", "in/a.png", "--out", "x"], 64, "a.png and in/a.png would both become x/a"),
            ] {
                expectRefusal(
                    try Child(["translate", "m.safetensors"] + arguments, in: folder).finish(), Int32(code), words)
            }
            #expect(contents(folder + "/a.png") == a && contents(folder + "/out/a.png") == other)
            let replaced = try limn("translate", "m.safetensors", "a.png", "--out", "out", "--overwrite", in: folder)
            #expect(replaced.ending == .exit(0) && contents(folder + "/out/a.png") != other, "\(replaced.err)")
        }
    }

    @Test func whatCannotBeTranslatedIsRefused() throws {
        let tiny = try Tiny.shared()
        try withModel { folder in
            try tinyTranslationModel(Self.network).write(to: folder + "/oneway.safetensors")
            try put(try picture(16, 16).pngData(), folder + "/a.png")
            try FileManager.default.createDirectory(atPath: folder + "/empty", withIntermediateDirectories: true)
            for (arguments, code, words) in [
                (["m.safetensors", "absent.png", "--out", "b.png"], 66, "absent.png: no such file"),
                (["m.safetensors", "empty", "--out", "x"], 66, "empty: no images"),
                (["absent.safetensors", "a.png", "--out", "b.png"], 66, "absent.safetensors: no such model"),
                (["m.safetensors", "a.png", "empty", "--out", "b.png"], 64, "b.png: is a file"),
                (
                    ["m.safetensors", "a.png", "--out", "b.tiff"], 64,
                    "b.tiff: images are written as .png, .jpg or .webp"
                ),
                (["m.safetensors", "a.png", "--out", "b.mp4"], 64, "a.png: is not an animation or a video"),
                (["m.safetensors", "a.png", "--out", "b.jpg", "--format", "png"], 64, "b.jpg: has another suffix"),
                (["m.safetensors", "a.png", "--out", ""], 64, "--out is empty"),
                (["m.safetensors", "", "--out", "b"], 64, "INPUT is empty"),
                (["oneway.safetensors", "a.png", "--out", "b.png", "--reverse"], 64, "omit --reverse"),
                (
                    ["oneway.safetensors", "a.png", "--out", "b.png", "--encoder", "."], 64,
                    "does not read text; omit --encoder"
                ),
                ([tiny.model, "a.png", "--out", "b.png"], 64, "makes images from text"),
                (["a.png", "a.png", "--out", "b.png"], 65, "a.png"),
            ] {
                expectRefusal(try Child(["translate"] + arguments, in: folder).finish(), Int32(code), words)
            }
            expectRefusal(
                try limn("generate", "red", "--model", "m.safetensors", in: folder), 64, "makes images from images")
            #expect(!exists(folder + "/b.png") && !exists(folder + "/x"))

            // What `limn evaluate` measures by captions.
            let captions: [(model: String, option: [String])] = [
                ("m.safetensors", ["--judge", "j"]), ("m.safetensors", ["--colors"]),
                ("m.safetensors", ["--training-split", "train"]), ("m.safetensors", ["--caption", "{text}, {style}"]),
                ("m.safetensors", ["--caption-per", "file"]), (tiny.model, ["--paired"]),
                (tiny.model, ["--count", "3"]),
            ]
            for (model, option) in captions {
                expectRefusal(
                    try Child(["evaluate", model, "--data", "empty"] + option, in: folder).finish(), 64, option[0])
            }
            expectRefusal(
                try limn("evaluate", "m.safetensors", "--data", "empty", in: folder), 64,
                "nothing says where the sources are; pass --source FOLDER")
            let classes = ["--source-class", "a", "--target-class", "b"]
            for (options, words) in [
                (["--degradation", "noise 5", "--source", "a"], "Give --degradation or --source, not both"),
                (["--degradation", "noise 5", "--paired"], "Give --degradation or --paired, not both"),
                (["--degradation", "noise 5"] + classes, "Give --degradation or --source-class, not both"),
                (["--paired"] + classes, "Give --paired or --source-class, not both"),
            ] {
                let outcome = try Child(["evaluate", "m.safetensors", "--data", "empty"] + options, in: folder).finish()
                #expect(outcome.ending == .exit(64) && outcome.err.contains(words), "\(outcome.err)")
            }
        }
    }

    @Test func aReportHasOnlyItsOwnImages() throws {
        let tiny = try Tiny.shared()
        try withModel { folder in
            for count in [4, 2] {
                let outcome = try limn(
                    "evaluate", "m.safetensors", "--data", tiny.corpus, "--split", "train", "--degradation", "noise 25",
                    "--count", "\(count)", "--report", "report", "--threads", "1", in: folder)
                #expect(outcome.ending == .exit(0), "\(outcome.err)")
                for kind in ["sources", "results", "targets"] {
                    let names = (0..<count).map { "0000\($0).png" }
                    #expect(try files(below: "\(folder)/report/\(kind)") == names)
                }
            }
        }
    }

    @Test func modelsAreDescribed() throws {
        try withModel { folder in
            let outcome = try limn("info", "m.safetensors", in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            for fact in [
                "m.safetensors: model", "image-to-image", "unet, width 4, 1 block per resolution, 1 halving", "# tiny",
            ] {
                #expect(outcome.text.contains(fact), "\(outcome.text)")
            }
        }
    }
}
