import ArgumentParser
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
            The same prompt, seed and model give the same bytes. Each PNG carries what it was generated from; \
            any viewer of PNG text shows it.

            EXAMPLES
              limn generate "a flower with purple petals and a yellow center" --out flower.png
              limn generate "a white flower" -n 16 --seed 7 --out white.png
              limn generate "a red rose" "a yellow daisy" --out images
              limn generate --prompts captions.txt --out images --json
              echo "a pink flower" | limn generate --prompts - --grid --out grid.png
            """)

    @Argument(help: "What to generate.")
    var prompt: [String] = []

    @Option(name: .short, help: "Images per prompt, with the seeds S, S+1, ….")
    var n = 1

    @Option(help: "The seed of the first image's noise.")
    var seed: UInt64 = 0

    @Option(help: "Redraw noise beyond this bound: smaller values give safer and less varied images.")
    var truncation: Float?

    @Option(help: "The model, a safetensors file; the one that ships by default.")
    var model: String?

    @Option(help: "A file of prompts, one per line; - is standard input.")
    var prompts: String?

    @Option(help: "Where to write: a PNG (- for standard output), or a folder for several.")
    var out: String?

    @Flag(help: "Write one image that shows all, one row per prompt.")
    var grid = false

    @Option(help: "Scale images to this side.")
    var size: Int?

    @Option(
        help: ArgumentHelp(
            "The folder of the pretrained encoder that the model names; by default its original path, then next to the model.",
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
        let texts = try readPrompts()
        let layout = try OutputLayout(texts, perPrompt: n, grid: grid, isList: prompts != nil, out: out)
        let path = try ModelLocation.find(model)
        let model = try Model(contentsOf: path)
        try layout.requireGeneratable(side: size ?? model.configuration.networks.side)
        let generator: ImageGenerator
        do {
            generator = try ImageGenerator(model, device: device.open(), encoder: encoder)
        } catch let mismatch as ParameterMismatch {
            throw CommandError(.badData, "\(path): \(mismatch)")
        }
        for (index, text) in texts.enumerated() {
            guard let excess = generator.excess(of: text) else { continue }
            let prompt = prompts.map { "\($0):\(index + 1)" } ?? "the prompt"
            Terminal.say(
                "\(prompt) has \(excess.tokens) tokens, of which this model reads the first \(excess.limit - 1)")
        }
        let requests = texts.flatMap { text in
            (0..<n).map {
                GenerationRequest(prompt: text, seed: seed &+ UInt64($0), truncation: truncation ?? .infinity)
            }
        }
        let begin = clock.now
        let images = try generator.generate(requests) { Terminal.show("generated \($0) of \(requests.count)") }
        let each = begin.duration(to: clock.now) / requests.count
        Terminal.clear()
        try layout.prepare()
        for file in layout.files {
            let members = file.requests.map { scaled(images[$0]) }
            let image = members.count == 1 ? members[0] : Image.grid(members, columns: file.columns)
            let first = requests[file.requests.lowerBound]
            let record = GenerationRecord(
                file: file.path, request: first, count: members.count, model: model.configuration.name,
                duration: each * members.count)
            let png = try image.pngData(text: record.pngText)
            if file.path == "-" { try StandardOutput.write(png) } else { try AtomicFile.write(png, to: file.path) }
            if json && file.path != "-" { print(try record.json()) }
        }
        if !json { layout.announce() }
    }

    private func scaled(_ image: Image) -> Image {
        guard let size, size != image.width else { return image }
        return image.resized(width: size, height: size, filter: .lanczos)
    }

    /// The prompts, none of them empty.
    private func readPrompts() throws -> [String] {
        guard let prompts else {
            guard !prompt.isEmpty else {
                throw CommandError(.usage, "no prompt; say what to generate, such as limn generate \"a red rose\"")
            }
            if prompt.contains(where: { $0.allSatisfy(\.isWhitespace) }) {
                throw CommandError(.usage, "the prompt is empty; say what to generate")
            }
            return prompt
        }
        // Letters of Swift: a line may end in CR LF, which is one of them.
        let lines = try InputFile.text(prompts).split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        // The line after the last newline is no line.
        let rows = lines.last == "" ? lines.dropLast() : lines[...]
        if let empty = rows.firstIndex(where: { $0.allSatisfy(\.isWhitespace) }) {
            throw CommandError(
                .badData,
                "\(prompts):\(empty + 1): empty prompt; files are numbered by lines, so give each line one")
        }
        if let row = rows.firstIndex(where: { $0.unicodeScalars.contains("\0") }) {
            throw CommandError(.badData, "\(prompts):\(row + 1): holds a zero byte; is it a file of text?")
        }
        guard !rows.isEmpty else { throw CommandError(.badData, "\(prompts): holds no prompt") }
        return rows.map(String.init)
    }
}
