import ArgumentParser
import CommandSupport
import Basics
import Files
import FoundationEssentials
import Images
import Inference
import Layers
import Models

struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Generate images from prompts.",
        discussion: """
            The same prompt, seed and model give the same bytes on the same machine. Each PNG contains its prompt, seed and \
            model as text chunks. File names that limn chooses never replace the image of another prompt or seed.

            EXAMPLES
              limn generate "a purple flower with a yellow center" --out flower.png
              limn generate "a white flower" -n 16 --seed 7 --out white.png
              limn generate "a red rose" "a yellow daisy" -n 4 --out images/
              limn generate --prompts captions.txt --out images --json
              echo "a pink flower" | limn generate --prompts - --grid --out grid.png
            """)

    @Argument(help: "One or more prompts.")
    var prompt: [String] = []

    @Option(name: .short, help: "Number of images per prompt, with seeds S, S+1, ….")
    var n = 1

    @Option(
        help:
            "Seed of the first image: a number from 0 to 18446744073709551615, or random, which prints the seed drawn.")
    var seed = Seed(value: 0)

    @Option(
        help: """
            Redraw noise values beyond ± this bound: smaller bounds give more typical and less varied images; no bound by \
            default.
            """)
    var truncation: Float?

    @Option(help: "The model, a safetensors file; $LIMN_MODEL or models/flowers-64.safetensors by default.")
    var model: String?

    @Option(help: "A file with one prompt per line, or - for standard input; blank lines are skipped.")
    var prompts: String?

    @Option(
        help: """
            The PNG to write (- for standard output), a grid if there are several images; or a folder (ending in / or without \
            suffix), which gets one file per image. By default a name from the prompt.
            """)
    var out: String?

    @Flag(help: "Write a single image with a grid of all images, one row per prompt.")
    var grid = false

    @Option(help: "Resize images to this width and height, in pixels.")
    var size: Int?

    @Option(
        help: ArgumentHelp(
            "The folder of the pretrained text encoder that the model refers to; by default its original path, then next to the model.",
            valueName: "folder"))
    var encoder: String?

    @OptionGroup var device: DeviceOptions

    @Flag(help: "Print one JSON object for each file written.")
    var json = false

    func validate() throws {
        guard (1...10_000).contains(n) else { throw ValidationError("-n is \(n); expected 1 to 10000.") }
        if let truncation {
            guard truncation > 0.01 else {
                throw ValidationError("--truncation is \(truncation); expected above 0.01.")
            }
        }
        if let size {
            guard (16...4096).contains(size) else { throw ValidationError("--size is \(size); expected 16 to 4096.") }
        }
        if prompts != nil && !prompt.isEmpty {
            throw ValidationError("Give prompts on the command line or with --prompts, not both.")
        }
    }

    func run() throws {
        try Paths.requireNotEmpty(("--out", out), ("--model", model), ("--prompts", prompts), ("--encoder", encoder))
        let clock = ContinuousClock()
        let list = try readPrompts()
        let requests = list.flatMap { prompt in
            (0..<n).map {
                GenerationRequest(
                    prompt: prompt.text, seed: seed.value &+ UInt64($0), truncation: truncation ?? .infinity)
            }
        }
        let layout = try OutputLayout(
            requests, perPrompt: n, grid: grid, lines: prompts == nil ? nil : list.map(\.line), out: out)
        let path = try ModelLocation.find(model)
        let model = try Model(contentsOf: path)
        try layout.requireGeneratable(side: size ?? model.configuration.networks.side)
        let generator: ImageGenerator
        do {
            generator = try ImageGenerator(model, device: device.open(), encoder: encoder)
        } catch let mismatch as ParameterMismatch {
            throw CommandError(.badData, "\(path): \(mismatch)")
        }
        for (line, text) in list {
            guard let excess = generator.excess(of: text) else { continue }
            let prompt = prompts.map { "\($0):\(line + 1)" } ?? "the prompt"
            Terminal.say(
                "\(prompt) has \(excess.tokens) tokens, but this model reads only the first \(excess.limit - 1)")
        }
        try layout.prepare()
        if seed.isRandom { Terminal.say("seed \(seed.value)") }
        let begin = clock.now
        let images = try generator.generate(requests) { Terminal.show("generated \($0) of \(requests.count)") }
        let each = begin.duration(to: clock.now) / requests.count
        Terminal.clear()
        for file in layout.files {
            let members = file.requests.map { scaled(images[$0]) }
            let image = members.count == 1 ? members[0] : Image.grid(members, columns: file.columns)
            let first = requests[file.requests.lowerBound]
            let record = GenerationRecord(
                file: file.path, request: first, count: members.count, model: model.configuration.name,
                duration: each * members.count)
            let png = try image.pngData(
                text: ImageMetadata(request: first, model: model.configuration.name).pngText)
            if file.path == "-" { try StandardOutput.write(png) } else { try AtomicFile.write(png, to: file.path) }
            if json && file.path != "-" { print(try record.json()) }
        }
        if !json { layout.announce() }
    }

    private func scaled(_ image: Image) -> Image {
        guard let size, size != image.width else { return image }
        return image.resized(width: size, height: size, filter: .lanczos)
    }

    /// The prompts, none of them blank, with their numbers in the file or on the command line, from 0.
    private func readPrompts() throws -> [(line: Int, text: String)] {
        guard let prompts else {
            guard !prompt.isEmpty else {
                throw CommandError(.usage, "no prompt; expected one, such as limn generate \"a red rose\"")
            }
            if prompt.contains(where: { $0.allSatisfy(\.isWhitespace) }) {
                throw CommandError(.usage, "the prompt is empty")
            }
            return prompt.enumerated().map { ($0, $1) }
        }
        // Lines may end in CR LF, which is a single Character in Swift.
        let lines = try InputFile.text(prompts).split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        // The text after the last newline is not a line.
        let rows = lines.last == "" ? lines.dropLast() : lines[...]
        if let row = rows.firstIndex(where: { $0.unicodeScalars.contains("\0") }) {
            throw CommandError(.badData, "\(prompts):\(row + 1): contains a zero byte; is it a text file?")
        }
        let list = rows.enumerated().filter { !$1.allSatisfy(\.isWhitespace) }.map { (line: $0, text: String($1)) }
        guard !list.isEmpty else { throw CommandError(.badData, "\(prompts): contains no prompts") }
        let blank = rows.count - list.count
        if blank > 0 { Terminal.say("\(prompts): skipped \(blank) blank line\(blank == 1 ? "" : "s")") }
        return list
    }
}

/// A seed given as a number or drawn at random.
struct Seed: ExpressibleByArgument {
    let value: UInt64
    var isRandom = false

    init(value: UInt64) { self.value = value }

    init?(argument: String) {
        if argument == "random" {
            // Short enough to be typed again.
            value = UInt64(UInt32.random(in: 0...UInt32.max))
            isRandom = true
        } else if let number = UInt64(argument) {
            value = number
        } else {
            return nil
        }
    }

    var defaultValueDescription: String { "\(value)" }
}
