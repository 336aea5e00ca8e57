import Images

/// A video or an animated image, read through `ffprobe` and `ffmpeg`.
struct VideoFile {
    let path: String
    /// Frames per second on average, as a fraction such as `30000/1001`.
    let rate: String
    /// Number of frames; nil if the file does not say.
    let frames: Int?

    /// Suffixes of videos, in lower case.
    static let suffixes = ["mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "wmv", "ogv"]

    /// - Throws: `CommandError` of the kind `badData` if the file has no video, or there is no `ffprobe`.
    init(_ path: String) throws {
        self.path = path
        let words = [
            "-select_streams", "v:0", "-show_entries", "stream=avg_frame_rate,nb_frames", "-of",
            "default=noprint_wrappers=1",
        ]
        let lines: [Substring]
        do throws(CommandError) {
            let probe = try FFmpeg("ffprobe", words + VideoFile.input(path), .output, for: "a video")
            lines = String(decoding: probe.receive(1 << 16), as: UTF8.self).split(separator: "\n")
            try probe.finish()
        } catch {
            throw CommandError(.badData, "\(path): \(error)")
        }
        func value(_ key: String) -> String? {
            lines.first { $0.hasPrefix(key + "=") }.map { String($0.dropFirst(key.count + 1)) }
        }
        let parts = value("avg_frame_rate")?.split(separator: "/").compactMap { Int($0) } ?? []
        guard parts.count == 2, parts[0] > 0, parts[1] > 0 else {
            throw CommandError(.badData, "\(path): has no video, or does not say how many frames a second has")
        }
        rate = "\(parts[0])/\(parts[1])"
        frames = value("nb_frames").flatMap { Int($0) }
    }

    /// The container, if it is one that is written.
    var container: VideoContainer? { VideoContainer(suffix: Paths.suffix(path)) }

    /// The suffix of a file in the same container, or of an MP4.
    var suffixOfResult: String {
        switch container {
        case .apng: "png"
        case nil: "mp4"
        default: Paths.suffix(path)
        }
    }

    /// The options that name the file to ffmpeg.
    var input: [String] { VideoFile.input(path) }

    private static func input(_ path: String) -> [String] {
        // A path may look like an option or a network address.
        ["-protocol_whitelist", "file,pipe", "-i", "file:\(path)"]
    }

    /// Calls `body` with each frame, upright and over white.
    /// - Throws: `CommandError` if a frame cannot be decoded, and what `body` throws.
    func forEachFrame(_ body: (Image) throws -> Void) throws {
        // One picture for each frame of the file, however they are spaced. GIF and APNG may have transparent pixels.
        let white = "format=rgba,split[a][b];[a]lutrgb=r=255:g=255:b=255:a=255[white];[white][b]overlay=format=rgb"
        let isTransparent = [.gif, .apng].contains(container)
        let filter = "setpts=N/(\(rate))/TB" + (isTransparent ? ",\(white)" : "")
        let options = [
            "-map", "0:v:0", "-vf", filter, "-r", rate, "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24",
        ]
        let ffmpeg = try FFmpeg("ffmpeg", ["-nostdin"] + input + options + ["pipe:1"], .output, for: "a video")
        while let frame = try frame(ffmpeg) { try body(frame) }
        do throws(CommandError) { try ffmpeg.finish() } catch {
            throw CommandError(.badData, "\(path): cannot be decoded: \(error)")
        }
    }

    /// The next picture, in PPM (Netpbm: `P6`, width, height and largest value, each followed by white space, then RGB); nil at the
    /// end.
    private func frame(_ ffmpeg: FFmpeg) throws -> Image? {
        var fields: [String] = []
        var field = ""
        while fields.count < 4 {
            guard let byte = ffmpeg.receive(1).first else {
                if fields.isEmpty && field.isEmpty { return nil }
                throw CommandError(.badData, "\(path): a frame is truncated")
            }
            let character = Character(Unicode.Scalar(byte))
            if character.isWhitespace {
                fields.append(field)
                field = ""
            } else {
                field.append(character)
            }
        }
        let sides = fields[1...2].compactMap { Int($0) }
        guard fields[0] == "P6", fields[3] == "255", sides.count == 2,
            sides.allSatisfy({ (1...Image.maximumSide).contains($0) }), sides[0] * sides[1] <= Image.maximumPixels
        else { throw CommandError(.badData, "\(path): has frames of \(fields[1])×\(fields[2]) pixels, too large") }
        let count = sides[0] * sides[1] * 3
        let pixels = ffmpeg.receive(count)
        guard pixels.count == count else { throw CommandError(.badData, "\(path): a frame is truncated") }
        return Image(width: sides[0], height: sides[1], pixels: pixels)
    }
}
