import FoundationEssentials
import Images
import Models
import Networks
import TestSupport
import Testing
import TinyModels

@Suite struct TranslateVideoTests {
    private func withModel(_ body: (String) throws -> Void) throws {
        let network = TranslatorConfiguration(
            kind: .uNet, width: 4, maximumWidth: 8, blocks: 1, halvings: 1, normalization: .none, isResidual: true)
        try withTemporaryFolder { folder in
            try tinyTranslationModel(network).write(to: folder + "/m.safetensors")
            try body(folder)
        }
    }

    /// Frames of one colour each.
    private let frames = (0..<20).map { Image(width: 34, height: 18, color: RGB(UInt8(12 * $0), 90, 40)) }

    private func gif() throws -> [UInt8] {
        var encoder = GIFEncoder(framesPerSecond: 10)
        return frames.flatMap { encoder.add($0) } + encoder.finish()
    }

    private func apng() throws -> [UInt8] {
        var encoder = APNGEncoder(frames: frames.count, framesPerSecond: 10)
        return try frames.flatMap { try encoder.add($0) } + encoder.finish()
    }

    /// What ffprobe prints about a file, in the test's folder.
    private func probe(_ path: String, _ entries: String, in folder: String) throws -> [String] {
        let shell = #"ffprobe -v error -count_frames -show_entries "$ENTRIES" -of default=nw=1 "$FILE""#
        let outcome = try Child([], in: folder, environment: ["FILE": path, "ENTRIES": entries], shell: shell).finish()
        return outcome.text.split(separator: "\n").map(String.init)
    }

    @Test(.enabled(if: exists("/usr/bin/ffprobe"), "ffmpeg is not installed"))
    func animationsKeepTheirFrames() throws {
        try withModel { folder in
            try put(try gif(), folder + "/a.gif")
            try put(try apng(), folder + "/b.png")
            let outcome = try limn("translate", "m.safetensors", "a.gif", "b.png", "--out", "out", "--json", in: folder)
            #expect(outcome.ending == .exit(0) && outcome.err.isEmpty, "\(outcome.err)")
            #expect(outcome.text.contains(#""file":"out/a.gif","frames":20,"height":18"#), "\(outcome.text)")
            for name in ["a.gif", "b.png"] {
                let found = try probe("out/\(name)", "stream=width,height,avg_frame_rate,nb_read_frames", in: folder)
                #expect(Set(found).isSuperset(of: ["width=34", "height=18", "nb_read_frames=20"]), "\(found)")
                #expect(found.contains { ["avg_frame_rate=10/1", "avg_frame_rate=10"].contains($0) }, "\(found)")
            }
            // The first frame, as an image of its own.
            try put(try frames[0].pngData(), folder + "/first.png")
            _ = try limn("translate", "m.safetensors", "first.png", "--out", "still.png", in: folder)
            let (still, first) = (
                try Image(contentsOf: folder + "/still.png"), try Image(contentsOf: folder + "/out/b.png")
            )
            #expect(zip(still.pixels, first.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
        }
    }

    @Test(.enabled(if: exists("/usr/bin/ffprobe"), "ffmpeg is not installed"))
    func videosKeepRateAndSound() throws {
        try withModel { folder in
            let made = try limn(
                "translate", "m.safetensors", "a.mp4", "--out", "b.mp4", in: folder,
                shell: #"""
                    ffmpeg -v error -f lavfi -i testsrc=size=48x32:rate=30000/1001:duration=1 -f lavfi -i sine=d=1 \
                        -c:v libx264 -pix_fmt yuv420p -c:a aac a.mp4 </dev/null && exec "$@"
                    """#)
            #expect(made.ending == .exit(0) && made.err == "b.mp4\n", "\(made.err)")
            let entries = "stream=codec_name,width,height,avg_frame_rate,nb_read_frames:format_tags=comment"
            let (source, result) = (
                try probe("a.mp4", entries, in: folder), try probe("b.mp4", entries, in: folder)
            )
            #expect(source.contains("avg_frame_rate=30000/1001") && source.contains("codec_name=aac"), "\(source)")
            #expect(
                result == source + ["TAG:comment=Source: a.mp4, Model: tiny, Direction: forward, Software: Limn"],
                "\(result)")
        }
    }

    /// A still image beside an animation is translated nevertheless.
    @Test func withoutFFmpegAnimationsAreNamed() throws {
        try withModel { folder in
            try put(try gif(), folder + "/a.gif")
            try put(try frames[0].pngData(), folder + "/b.png")
            let outcome = try limn(
                "translate", "m.safetensors", "a.gif", "b.png", "--out", "out", in: folder,
                environment: ["PATH": folder])
            #expect(outcome.ending == .exit(65), "\(outcome.err)")
            #expect(
                outcome.talk == [
                    "1 file in out",
                    "limn: a.gif: a video needs ffprobe, which is not installed; `apt-get install ffmpeg` brings it",
                ], "\(outcome.err)")
            #expect(try files(below: folder + "/out") == ["b.png"])
        }
    }

    @Test(.enabled(if: exists("/usr/bin/ffprobe"), "ffmpeg is not installed"))
    func whatCannotBeAVideoIsRefused() throws {
        try withModel { folder in
            try put(try gif(), folder + "/a.gif")
            for (arguments, code, words) in [
                (["a.gif", "--out", "b.jpg"], 64, "b.jpg: animations and videos are written as"),
                (["a.gif", "--out", "-"], 64, "-: animations and videos are written as"),
                (["a.gif", "--out", "b.webm"], 64, "b.webm: images are written as"),
            ] {
                expectRefusal(
                    try Child(["translate", "m.safetensors"] + arguments, in: folder).finish(), Int32(code), words)
            }
            #expect(try files(below: folder) == ["a.gif", "m.safetensors"])
        }
    }
}
