import Basics
import CommandSupport
import Files
import Images
import Inference
import Threads

/// Translates the files of a layout, several small images at a time.
final class TranslationJob {
    /// Number of files translated so far.
    private(set) var written = 0
    /// The last failure to read a file, which does not stop the others; earlier ones have been printed.
    private(set) var failure: (any ClassifiedError)?
    private let layout: TranslationLayout
    private let translator: ImageTranslator
    private let output: TranslationOutput
    /// Images are encoded and written while the next ones are translated.
    private let writer = TaskQueue(limit: 4 * ImageTranslator.largestBatch)
    private let clock = ContinuousClock()

    init(_ layout: TranslationLayout, _ translator: ImageTranslator, _ output: TranslationOutput) {
        (self.layout, self.translator, self.output) = (layout, translator, output)
    }

    /// Translates all files.
    /// - Throws: a failure that concerns all of them, or to write one.
    func run() throws {
        if layout.others > 0 {
            Terminal.say("skipped \(Measure.count(layout.others, "file")) without the suffix of an image or a video")
        }
        do {
            try translateAll()
        } catch {
            // What was translated before is written, and what could not be read is said.
            try? writer.finish()
            if let failure { Terminal.say(failure) }
            throw error
        }
        Terminal.clear()
    }

    private func translateAll() throws {
        var waiting: [Still] = []
        for item in layout.items {
            if let content = try reading({ try content(of: item) }) {
                switch content {
                case .still(let image):
                    let path = try layout.target(of: item, suffix: output.format.suffix)
                    guard path == "-" || StillFormat(suffix: Paths.suffix(path)) != nil else {
                        throw CommandError(
                            .usage, "\(item.source): is not an animation or a video, as \(path) would be")
                    }
                    waiting.append(Still(source: item, image: image, path: path))
                case .video(let video): try translate(video, item)
                }
            }
            let pixels = waiting.reduce(0) { $0 + $1.image.width * $1.image.height }
            if waiting.count == 4 * ImageTranslator.largestBatch || pixels > 1 << 21 { try translate(&waiting) }
        }
        try translate(&waiting)
        try writer.finish()
    }

    private struct Still {
        let source: TranslationLayout.Item
        let image: Image
        let path: String
    }

    private enum Content {
        case still(Image)
        case video(VideoFile)
    }

    /// The result of reading a file; nil after a failure.
    private func reading<Result>(_ body: () throws -> Result) throws -> Result? {
        do {
            return try body()
        } catch let error as any ClassifiedError where [.badData, .noInput].contains(error.kind) {
            if let failure { Terminal.say(failure) }
            failure = error
            return nil
        }
    }

    private func content(of item: TranslationLayout.Item) throws -> Content {
        let path = item.source
        if VideoFile.suffixes.contains(Paths.suffix(path)) { return .video(try VideoFile(path)) }
        let bytes = try OpenFile.contents(path, limit: 1 << 30)
        guard Image.isAnimation(bytes) else { return .still(try Image(decoding: bytes, named: path)) }
        guard ImageFormat(signatureOf: bytes) != .webp else {
            throw CommandError(
                .badData,
                "\(path): animated WebP images are not read; convert it with `magick FILE frames.gif` (package imagemagick)"
            )
        }
        return .video(try VideoFile(path))
    }

    /// The prompt for each of `count` images.
    private func prompts(_ count: Int) -> [String] {
        output.prompt.map { [String](repeating: $0, count: count) } ?? []
    }

    private func translate(_ stills: inout [Still]) throws {
        guard !stills.isEmpty else { return }
        let begin = clock.now
        let (done, total) = (written, layout.items.count)
        let images = try translator.translate(stills.map(\.image), prompts: prompts(stills.count)) {
            Terminal.show("translated \(done) of \(total) files, \($0) of \($1) tiles of the next \(stills.count)")
        }
        let each = begin.duration(to: clock.now) / stills.count
        for (still, image) in zip(stills, images) {
            let metadata = output.metadata(source: still.source.name, model: translator.name)
            let record = record(of: still.path, still.source, size: (image.width, image.height), duration: each)
            try writer.add { [output] in
                try output.write(image, to: still.path, metadata)
                try output.announce(record)
            }
            written += 1
        }
        stills = []
    }

    private func translate(_ video: VideoFile, _ item: TranslationLayout.Item) throws {
        let path = try layout.target(of: item, suffix: video.suffixOfResult)
        guard let container = VideoContainer(suffix: Paths.suffix(path)) else {
            throw CommandError(.usage, "\(path): animations and videos are written as .gif, .png, .mp4, .mov or .mkv")
        }
        let begin = clock.now
        var part = VideoPart()
        let isComplete: Void? = try reading {
            try AtomicFile.write(to: path) { file in
                var encoder: VideoEncoder?
                try video.forEachFrame { frame in
                    if encoder == nil { encoder = try self.encoder(of: video, container, frame, item, file.descriptor) }
                    part.waiting.append(frame)
                    if part.waiting.count == ImageTranslator.largestBatch {
                        try translate(&part, of: video, to: encoder)
                    }
                }
                try translate(&part, of: video, to: encoder)
                guard let encoder else { throw CommandError(.badData, "\(video.path): has no frames") }
                try file.append(encoder.finish())
            }
        }
        guard isComplete != nil, let size = part.size else { return }
        let record = record(of: path, item, size: size, frames: part.done, duration: begin.duration(to: clock.now))
        try writer.add { [output] in try output.announce(record) }
        written += 1
    }

    /// The frames of a video that wait, and how many are done.
    private struct VideoPart {
        var waiting: [Image] = []
        var done = 0
        var size: (width: Int, height: Int)?
    }

    private func translate(_ part: inout VideoPart, of video: VideoFile, to encoder: VideoEncoder?) throws {
        for image in try translator.translate(part.waiting, prompts: prompts(part.waiting.count)) {
            part.size = (image.width, image.height)
            _ = try encoder?.add(image)
        }
        part.done += part.waiting.count
        part.waiting = []
        let all = video.frames.map { " of \($0)" } ?? ""
        Terminal.show("translated \(written) of \(layout.items.count) files, \(part.done)\(all) frames of the next")
    }

    private func encoder(
        of video: VideoFile, _ container: VideoContainer, _ frame: Image, _ item: TranslationLayout.Item,
        _ descriptor: Int32
    ) throws -> VideoEncoder {
        let text = output.hasMetadata ? output.metadata(source: item.name, model: translator.name).text : ""
        return try VideoEncoder(
            file: descriptor, container: container, width: frame.width, height: frame.height, rate: video.rate,
            comment: text, sound: video)
    }

    private func record(
        of path: String, _ item: TranslationLayout.Item, size: (width: Int, height: Int), frames: Int? = nil,
        duration: Duration
    ) -> TranslationRecord {
        TranslationRecord(
            file: path, source: item.source, model: translator.name, isReverse: output.isReverse, size: size,
            frames: frames, duration: duration)
    }
}
