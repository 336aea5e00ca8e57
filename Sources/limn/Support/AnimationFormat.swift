import Images

/// Formats of animations, by the suffixes of their files.
enum AnimationFormat: CaseIterable {
    case png
    case gif
    case webp
    case mp4

    private var suffixes: [String] {
        switch self {
        case .png: ImageFormat.png.suffixes
        case .gif: ImageFormat.gif.suffixes
        case .webp: ImageFormat.webp.suffixes
        case .mp4: ["mp4", "m4v"]
        }
    }

    /// The format of a file to write.
    /// - Throws: `CommandError` if no format has its suffix.
    init(path: String) throws {
        let suffix = Paths.suffix(path)
        guard let format = Self.allCases.first(where: { $0.suffixes.contains(suffix) }) else {
            throw CommandError(
                .usage, "\(path): animations are written as .png, .gif, .webp or .mp4; a folder gets one PNG per frame")
        }
        self = format
    }

    /// An encoder of an animation.
    /// - Parameters:
    ///   - text: the text chunks of the first frame.
    ///   - comment: one text for the whole, where the format has a place for it; empty for none.
    ///   - file: the descriptor of the file.
    func encoder(
        frames: Int, side: Int, framesPerSecond: Int, text: [(keyword: String, text: String)], comment: String,
        file: Int32
    ) throws -> any AnimationEncoder {
        switch self {
        case .png:
            let walk = comment.isEmpty ? [] : [(keyword: "walk", text: comment)]
            return APNGEncoder(frames: frames, framesPerSecond: framesPerSecond, text: text + walk)
        case .gif: return GIFEncoder(framesPerSecond: framesPerSecond, comment: comment)
        case .webp: return WebPEncoder(framesPerSecond: framesPerSecond, comment: comment)
        case .mp4:
            return try VideoEncoder(
                file: file, container: .mp4, width: side, height: side, rate: "\(framesPerSecond)", comment: comment)
        }
    }
}
