import FoundationEssentials
import Images
import TestSupport
import Testing

@Suite struct InterpolateTests {
    private let tiny: Tiny
    init() throws { tiny = try Tiny.shared() }

    private func interpolate(_ arguments: String..., in folder: String) throws -> Outcome {
        try Child(["interpolate", "--model", tiny.model] + arguments, in: folder).finish()
    }

    @Test func aFolderGetsAFilePerFrameAndItsEndsArePlainImages() throws {
        try withTemporaryFolder { folder in
            let outcome = try interpolate(
                "red", "blue", "--seeds", "1,2", "--frames", "5", "--out", "walk/", in: folder)
            #expect(outcome.ending == .exit(0) && outcome.err == "5 images in walk\n", "\(outcome.err)")
            let names = try files(below: folder + "/walk")
            #expect(names == (0..<5).map { "frame-0000\($0).png" })
            let images = try names.map { try Image(contentsOf: "\(folder)/walk/\($0)") }
            for (prompt, seed, index) in [("red", "1", 0), ("blue", "2", 4)] {
                _ = try limn(
                    "generate", prompt, "--seed", seed, "--model", tiny.model, "--out", "end.png", in: folder)
                let end = try Image(contentsOf: folder + "/end.png")
                #expect(zip(end.pixels, images[index].pixels).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
            }
            #expect(Set(images.map(\.pixels)).count == 5)
            let middle = try texts(folder + "/walk/frame-00002.png")
            #expect(middle["second_prompt"] == "blue" && middle["second_prompt_strength"] == "0.5")
            #expect(middle["variation_seed"] == "2" && middle["variation_strength"] == "0.5")
            // The same walk may be written again, another one not.
            #expect(
                try interpolate("red", "blue", "--seeds", "1,2", "--frames", "5", "--out", "walk", in: folder).ending
                    == .exit(0))
            expectRefusal(
                try interpolate("red", "blue", "--seeds", "1,2", "--frames", "4", "--out", "walk", in: folder), 73,
                "walk/frame-00001.png: is the image of another prompt or seed")
        }
    }

    @Test func aGridGoesToStandardOutput() throws {
        try withTemporaryFolder { folder in
            let outcome = try interpolate("red", "blue", "--frames", "4", "--grid", "--out", "-", in: folder)
            #expect(outcome.ending == .exit(0) && outcome.err.isEmpty, "\(outcome.err)")
            #expect(try Image(decoding: outcome.out, named: "standard output").width == 70)
            #expect(try files(below: folder).isEmpty)
        }
    }

    /// One prompt with two seeds, three prompts, and the way back.
    @Test func framesAreThoseOfTheWalk() throws {
        try withTemporaryFolder { folder in
            for (arguments, frames) in [
                (["red", "--seeds", "1,2"], 6), (["red", "blue", "green"], 6), (["red", "blue", "--bounce"], 10),
            ] {
                let outcome = try Child(
                    ["interpolate", "--model", tiny.model, "--frames", "6", "--out", "a.png"] + arguments, in: folder
                ).finish()
                #expect(outcome.ending == .exit(0) && outcome.err == "a.png\n", "\(outcome.err)")
                let bytes = try #require(contents(folder + "/a.png"))
                // The number of frames in the chunk acTL, which follows the header.
                #expect(
                    Array(bytes[37..<41]) == Array("acTL".utf8)
                        && bytes[41..<45].elementsEqual([0, 0, 0, UInt8(frames)]))
            }
        }
    }

    @Test func everyFormatKeepsTheWalk() throws {
        let walk = "red\n→ blue\nSeed: 7, Truncation: 0.5, Frames: 4, Model: tiny, Software: Limn"
        try withTemporaryFolder { folder in
            for name in ["walk.png", "walk.gif", "walk.WEBP"] {
                func write(_ more: String...) throws -> Outcome {
                    try Child(
                        [
                            "interpolate", "red", "blue", "--seeds", "7", "--truncation", "0.5", "--frames", "4",
                            "--size", "32",
                            "--model", tiny.model, "--out", name,
                        ] + more, in: folder
                    ).finish()
                }
                let outcome = try write()
                if outcome.err.contains("libwebp.so.7, which is not installed") { continue }
                #expect(outcome.ending == .exit(0), "\(outcome.err)")
                let bytes = try #require(contents("\(folder)/\(name)"))
                #expect(try Image.size(of: bytes, named: name) == (32, 32))
                let text =
                    name == "walk.WEBP" ? walk.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] } : Array(walk.utf8)
                #expect(bytes.firstRange(of: text) != nil, "\(name)")
                #expect(try write("--no-metadata").ending == .exit(0))
                let bare = try #require(contents("\(folder)/\(name)"))
                #expect(
                    bare.count < bytes.count && bare.firstRange(of: "tiny".utf8) == nil
                        && bare.firstRange(of: "red".utf8) == nil)
            }
        }
    }

    @Test func aGridIsAStill() throws {
        try withTemporaryFolder { folder in
            let outcome = try interpolate("red", "blue", "--frames", "4", "--grid", "--out", "grid.png", in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            let grid = try Image(contentsOf: folder + "/grid.png")
            #expect([grid.width, grid.height] == [70, 16])
            #expect(try texts(folder + "/grid.png")["images"] == "4")
        }
    }

    @Test func whatCannotBeIsRefusedBeforeAnythingIsWritten() throws {
        try withTemporaryFolder { folder in
            for (arguments, words) in [
                (["red", "--out", "a.png"], "two or more prompts, or two or more --seeds"),
                (["a", "b", "--seeds", "1,2,3", "--out", "a.png"], "2 prompts and 3 seeds"),
                (["a", "b", "c", "--frames", "2", "--out", "a.png"], "expected at least 3"),
                (["a", " ", "--out", "a.png"], "A prompt is empty"),
                (["a", "b", "--seeds", "1,", "--out", "a.png"], "--seeds"),
                (["a", "b", "--out", "a.jpg"], "a.jpg: animations are written as .png, .gif, .webp or .mp4"),
                (["a", "b", "--out", "-"], "-: animations are written as"),
                (["a", "b", "--size", "33", "--out", "a.mp4"], "MP4 needs an even size"),
                (["a", "b", "--grid", "--size", "4096", "--out", "a.png"], "use fewer images"),
            ] {
                let outcome = try Child(["interpolate", "--model", tiny.model] + arguments, in: folder).finish()
                #expect(outcome.ending == .exit(64) && outcome.err.contains(words), "\(arguments): \(outcome.err)")
            }
            expectRefusal(try interpolate("a", "b", "--out", "absent/a.gif", in: folder), 73, "absent/a.gif")
            #expect(try files(below: folder).isEmpty)
        }
    }

    // MARK: MP4

    /// Runs with a shell script as `ffmpeg`, first on PATH. The shell that starts `limn` writes it: if this process did, a child that
    /// another test starts at the same time could hold the file open, and a file that is open for writing is not executed.
    private func interpolate(ffmpeg script: String, _ arguments: String..., in folder: String) throws -> Outcome {
        let shell = #"""
            mkdir bin && printf '#!/bin/sh\n%s\n' "$SCRIPT" >bin/ffmpeg && chmod +x bin/ffmpeg &&
            PATH="$PWD/bin:$PATH" exec "$@"
            """#
        return try Child(
            ["interpolate", "--model", tiny.model] + arguments, in: folder, environment: ["SCRIPT": script],
            shell: shell
        ).finish()
    }

    @Test func framesArePipedToFFmpeg() throws {
        try withTemporaryFolder { folder in
            let outcome = try interpolate(
                ffmpeg: #"printf '%s\n' "$@" >arguments; cat >/dev/fd/3"#, "a; $(touch trap)", "b", "--frames", "3",
                "--fps",
                "9", "--out", "a.mp4", in: folder)
            #expect(outcome.ending == .exit(0) && outcome.talk.last == "a.mp4", "\(outcome.err)")
            // The raw frames.
            let bytes = try #require(contents(folder + "/a.mp4"))
            #expect(bytes.count == 3 * 16 * 16 * 3)
            _ = try limn("generate", "b", "--model", tiny.model, "--out", "b.png", in: folder)
            let last = try Image(contentsOf: folder + "/b.png").pixels
            #expect(zip(bytes.suffix(last.count), last).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
            let arguments = String(decoding: try #require(contents(folder + "/arguments")), as: UTF8.self)
            for words in ["-video_size\n16x16", "-framerate\n9", "-pix_fmt\nyuv420p", "comment=a; $(touch trap)\n→ b"] {
                #expect(arguments.contains(words), "\(arguments)")
            }
            #expect(try files(below: folder) == ["a.mp4", "arguments", "b.png", "bin/ffmpeg"])
        }
    }

    /// It ends before it has read the frames, after it, or is not there; nothing is left, and an older file is kept.
    @Test(arguments: [
        ("echo first >&2; echo Unknown encoder >&2; exit 1", "limn: ffmpeg: Unknown encoder"),
        ("cat >/dev/null; echo No space left >&2; exit 228", "limn: ffmpeg: No space left"),
        ("exit 3", "limn: ffmpeg: it ended with status 3"), ("kill -9 $$", "limn: ffmpeg: it was ended by signal 9"),
        ("head -c 100000 /dev/zero >&2; echo >&2; echo the end >&2; exit 1", "limn: ffmpeg: the end"),
    ])
    func itsFailureIsReported(script: String, words: String) throws {
        try withTemporaryFolder { folder in
            try put("old", folder + "/a.mp4")
            let outcome = try interpolate(
                ffmpeg: script, "a", "b", "--frames", "40", "--size", "128", "--out", "a.mp4", in: folder)
            expectRefusal(outcome, 73, words)
            #expect(
                try files(below: folder) == ["a.mp4", "bin/ffmpeg"] && contents(folder + "/a.mp4") == Array("old".utf8))
        }
    }

    @Test func aMissingFFmpegIsNamedWithItsPackage() throws {
        try withTemporaryFolder { folder in
            let outcome = try limn(
                "interpolate", "a", "b", "--model", tiny.model, "--out", "a.mp4", in: folder,
                environment: ["PATH": folder])
            expectRefusal(outcome, 73, "MP4 needs ffmpeg, which is not installed; `apt-get install ffmpeg` brings it")
            #expect(try files(below: folder).isEmpty)
        }
    }

    @Test(.enabled(if: exists("/usr/bin/ffmpeg"), "ffmpeg is not installed")) func theRealOneWritesAVideo() throws {
        try withTemporaryFolder { folder in
            let outcome = try interpolate("a", "b", "--frames", "4", "--size", "64", "--out", "a.mp4", in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            let bytes = try #require(contents(folder + "/a.mp4"))
            #expect(bytes.dropFirst(4).starts(with: "ftyp".utf8))
            #expect(bytes.firstRange(of: "a\n→ b\nSeed: 0".utf8) != nil)
        }
    }
}
