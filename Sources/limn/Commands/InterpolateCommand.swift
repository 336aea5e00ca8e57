import ArgumentParser
import Basics
import Files
import Images
import Inference

struct InterpolateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "interpolate", abstract: "Generate an animation that leads from one prompt or seed to others.",
        discussion: """
            Sentence vectors change along lines, noise along arcs (spherical interpolation). The suffix of --out selects the \
            format: .png (animated, lossless), .gif, .webp (lossless; needs libwebp) or .mp4 (needs ffmpeg; since it stores \
            colours at half the resolution, use --size 256 or more). A folder gets frame-00000.png, frame-00001.png, …

            EXAMPLES
              limn interpolate "a yellow daisy" "a purple daisy" --out walk.png
              limn interpolate "a red rose" --seeds 1,2 --size 256 --out walk.mp4
              limn interpolate "a lily" "a rose" "a lily" --seeds 3,7,3 --out walk.gif
              limn interpolate "a red rose" "a blue iris" --frames 8 --grid --out steps.png
              limn interpolate "a red rose" "a blue iris" --frames 100 --out frames/
            """)

    @Argument(help: "The prompts, in order; a single one if only the seed changes.")
    var prompts: [String]

    @Option(help: "Seeds of the noise, each a number or random: one for all prompts, or one for each.")
    var seeds = SeedList([Seed(value: 0)])

    @Option(help: "Number of frames from the first prompt to the last.")
    var frames = 30

    @Option(help: "Frames per second.")
    var fps = 12

    @Flag(help: "Go back to the first frame in the same way.")
    var bounce = false

    @Flag(help: "Write a still PNG with all frames, up to ten in a row.")
    var grid = false

    @Option(
        help: "The file to write (- for standard output, with --grid), or a folder (ending in / or without suffix).")
    var out: String

    @OptionGroup var generation: GenerationOptions

    func validate() throws {
        guard (2...10_000).contains(frames) else {
            throw ValidationError("--frames is \(frames); expected 2 to 10000.")
        }
        // A GIF has no shorter durations than a fiftieth of a second.
        guard (1...50).contains(fps) else { throw ValidationError("--fps is \(fps); expected 1 to 50.") }
        let (texts, noises) = (prompts.count, seeds.seeds.count)
        guard max(texts, noises) > 1 else {
            throw ValidationError("Expected two or more prompts, or two or more --seeds, to go from one to the other.")
        }
        guard texts == 1 || noises == 1 || texts == noises else {
            throw ValidationError(
                "\(texts) prompts and \(noises) seeds: expected one seed for all prompts, or one for each.")
        }
        guard frames >= max(texts, noises) else {
            throw ValidationError(
                "--frames is \(frames); expected at least \(max(texts, noises)), one for each prompt or seed.")
        }
        if prompts.contains(where: { $0.allSatisfy(\.isWhitespace) }) { throw ValidationError("A prompt is empty.") }
    }

    func run() throws {
        try Paths.requireNotEmpty(("--out", out))
        let points = points
        let walk = GenerationRequest.walk(through: points, frames: frames, truncation: generation.bound)
        let requests = bounce ? walk + walk.dropFirst().dropLast().reversed() : walk
        let destination = try Destination(out, requests, grid: grid)
        if case .animation(.mp4) = destination, let size = generation.size, size % 2 == 1 {
            throw CommandError(.usage, "--size is \(size); MP4 needs an even size")
        }
        let generator = try generation.generator()
        let side = generation.size ?? generator.side
        for (index, prompt) in prompts.enumerated() { generator.sayExcess(of: prompt, named: "prompt \(index + 1)") }
        if seeds.seeds.contains(where: \.isRandom) { Terminal.say("seeds \(seeds.description)") }
        switch destination {
        case .still(let layout):
            try layout.requireGeneratable(side: side)
            try layout.prepare()
            try generator.forEachFile(of: layout, requests, size: generation.size) { file, members in
                let metadata = ImageMetadata(
                    requests: Array(requests[file.requests]), sheet: .grid, columns: file.columns,
                    model: generator.name, side: side)
                let picture = members.count == 1 ? members[0] : Image.grid(members, columns: file.columns)
                try Paths.write(picture.pngData(text: generation.text(metadata)), to: file.path)
            }
            layout.announce()
        case .animation(let format):
            try Paths.requireWritable(out)
            let metadata = ImageMetadata(request: requests[0], model: generator.name)
            let comment = generation.noMetadata ? "" : metadata.text(ofWalkThrough: points, frames: frames)
            try AtomicFile.write(to: out) { file in
                var encoder = try format.encoder(
                    frames: requests.count, side: side, framesPerSecond: fps, text: generation.text(metadata),
                    comment: comment, file: file.descriptor)
                try generator.forEach(of: requests, size: generation.size) { try file.append(encoder.add($0)) }
                try file.append(encoder.finish())
            }
            Terminal.say(out)
        }
    }

    /// The prompts and seeds that the walk leads through.
    private var points: [(prompt: String, seed: UInt64)] {
        (0..<max(prompts.count, seeds.seeds.count)).map {
            (prompts[prompts.count == 1 ? 0 : $0], seeds.seeds[seeds.seeds.count == 1 ? 0 : $0].value)
        }
    }
}

/// What is written.
private enum Destination {
    /// A file of each frame, or of all.
    case still(OutputLayout)
    case animation(AnimationFormat)

    init(_ out: String, _ requests: [GenerationRequest], grid: Bool) throws {
        if grid {
            self = .still(try OutputLayout(strip: requests, path: out))
        } else if Paths.isFolder(out, ofMany: true) {
            self = .still(try OutputLayout(frames: requests, folder: out))
        } else {
            self = .animation(try AnimationFormat(path: out))
        }
    }
}
