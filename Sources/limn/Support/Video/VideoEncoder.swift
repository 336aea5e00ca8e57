import Images

/// Containers of the videos that are written through `ffmpeg`. The raw value is ffmpeg's name.
enum VideoContainer: String {
    case mp4
    case mov
    case matroska
    case gif
    case apng

    /// The container of a file to write, by its suffix; nil for others.
    init?(suffix: String) {
        switch suffix {
        case "mp4", "m4v": self = .mp4
        case "mov": self = .mov
        case "mkv": self = .matroska
        case "gif": self = .gif
        case "png", "apng": self = .apng
        default: return nil
        }
    }

    private var hasSound: Bool { ![.gif, .apng].contains(self) }

    /// Options of ffmpeg that add the sound of another video.
    fileprivate func sound(of video: VideoFile?) -> (input: [String], output: [String]) {
        guard let video, hasSound else { return ([], []) }
        // Other containers may have sound that this one cannot have.
        return (video.input, ["-map", "0:v", "-map", "1:a?", "-c:a", video.container == self ? "copy" : "aac"])
    }

    /// Options of ffmpeg for frames of this size.
    fileprivate func options(width: Int, height: Int) -> [String] {
        switch self {
        case .mp4, .mov, .matroska:
            // Small videos are otherwise taken to have the colours of standard definition, and large ones those of high definition.
            let colors = [
                "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
            ]
            // Colours at half the resolution need even sides; players that know nothing else are common.
            let format = width % 2 == 0 && height % 2 == 0 ? "yuv420p" : "yuv444p"
            return ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", format] + colors
                + ["-c:v", "libx264", "-crf", "16"] + (self == .matroska ? [] : ["-movflags", "+faststart"])
        case .gif:
            // A palette for each frame.
            let palettes = "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1"
            return ["-vf", palettes, "-loop", "0"]
        case .apng: return ["-c:v", "apng", "-pix_fmt", "rgb24", "-plays", "0"]
        }
    }
}

/// Writes a video through an `ffmpeg` process, which reads the frames from a socket; with H.264 unless the container has a codec of
/// its own.
final class VideoEncoder: AnimationEncoder {
    private let ffmpeg: FFmpeg

    /// The longest comment, in Unicode scalars: an argument of a process has at most 128 KiB.
    private static let longestComment = 10_000

    /// - Parameters:
    ///   - file: the descriptor of an empty regular file.
    ///   - rate: frames per second, a number or a fraction.
    ///   - sound: another video, whose sound is added if the container has sound; nil for none.
    /// - Throws: `CommandError` if there is no `ffmpeg`.
    init(
        file: Int32, container: VideoContainer, width: Int, height: Int, rate: String, comment: String,
        sound: VideoFile? = nil
    ) throws {
        let comment = String(comment.unicodeScalars.prefix(VideoEncoder.longestComment))
        let frames = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", "\(width)x\(height)", "-framerate", rate]
        let sound = container.sound(of: sound)
        ffmpeg = try FFmpeg(
            "ffmpeg",
            ["-nostdin"] + frames + ["-i", "pipe:0"] + sound.input + sound.output
                + container.options(width: width, height: height)
                + (comment.isEmpty ? [] : ["-metadata", "comment=\(comment)"])
                + ["-f", container.rawValue, "-y", "/dev/fd/3"],
            .input, file: file, for: container == .mp4 ? "MP4" : "a video")
    }

    func add(_ frame: Image) throws -> [UInt8] {
        try ffmpeg.send(frame.pixels)
        return []
    }

    /// Waits for the process, which has then written the whole file.
    /// - Throws: `CommandError` with the last line of its messages if it fails.
    func finish() throws -> [UInt8] {
        try ffmpeg.finish()
        return []
    }
}
