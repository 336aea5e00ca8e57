import ArgumentParser
import CommandSupport
import Basics
import FoundationEssentials
import Images
import Inference
import JSON

struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Generate images from prompts.",
        discussion: """
            The same prompt, seed and model give the same bytes on the same machine. Each PNG contains its prompt, seed and \
            model as text chunks; with --no-metadata it contains none. File names that limn chooses never replace the image of another \
            prompt or seed, another grid, or an image without metadata.

            EXAMPLES
              limn generate "a purple flower with a yellow center" --out flower.png
              limn generate "a white flower" -n 16 --seed 7 --out white.png
              limn generate "a red rose" "a yellow daisy" -n 4 --out images/
              limn generate --prompts captions.txt --out images --json
              echo "a pink flower" | limn generate --prompts - --grid --out grid.png
              limn generate --prompts captions.txt -n 8 --labels --out sheet.png
            """)

    @Argument(help: "One or more prompts.")
    var prompt: [String] = []

    @Option(name: .short, help: "Number of images per prompt, with seeds S, S+1, ….")
    var n = 1

    @Option(
        help:
            "Seed of the first image: a number from 0 to 18446744073709551615, or random, which prints the seed drawn.")
    var seed = Seed(value: 0)

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

    @Flag(
        help:
            "Write such a grid with the prompts above and the seeds below the images. Letters that the font lacks are boxes."
    )
    var labels = false

    @OptionGroup var generation: GenerationOptions

    @Flag(help: "Print one JSON object for each file written.")
    var json = false

    func validate() throws {
        guard (1...10_000).contains(n) else { throw ValidationError("-n is \(n); expected 1 to 10000.") }
        if prompts != nil && !prompt.isEmpty {
            throw ValidationError("Give prompts on the command line or with --prompts, not both.")
        }
    }

    func run() throws {
        try Paths.requireNotEmpty(("--out", out), ("--prompts", prompts))
        let clock = ContinuousClock()
        let list = try readPrompts()
        let requests = list.flatMap { prompt in
            (0..<n).map {
                GenerationRequest(
                    prompt: prompt.text, seed: seed.value &+ UInt64($0), truncation: generation.bound)
            }
        }
        let plan = try OutputPlan(
            requests, perPrompt: n, sheet: labels ? .labels : grid ? .grid : nil,
            lines: prompts == nil ? nil : list.map(\.line), out: out)
        let generator = try generation.generator()
        let side = generation.size ?? generator.side
        let layout = OutputLayout(plan, model: generator.name, side: side)
        try layout.requireGeneratable(side: side)
        let sheet = labels ? LabeledGrid(rows(of: layout.files[0], requests), side: side) : nil
        if let sheet { try layout.requireGeneratable(width: sheet.size.width, height: sheet.size.height) }
        for (line, text) in list {
            generator.sayExcess(of: text, named: prompts.map { "\($0):\(line + 1)" } ?? "the prompt")
        }
        try layout.prepare()
        if seed.isRandom { Terminal.say("seed \(seed.value)") }
        let begin = clock.now
        try generator.forEachFile(of: layout, requests, size: generation.size) { file, members in
            let image =
                sheet?.draw(members)
                ?? (members.count == 1 ? members[0] : Image.grid(members, columns: file.columns))
            let first = requests[file.requests.lowerBound]
            let each = begin.duration(to: clock.now) / file.requests.upperBound
            let record = GenerationRecord(
                file: file.path, request: first, count: members.count, model: generator.name,
                duration: each * members.count)
            let metadata = plan.metadata(of: file.requests, model: generator.name, side: side)
            let png = try image.pngData(text: generation.text(metadata))
            try Paths.write(png, to: file.path)
            if json && file.path != "-" {
                Terminal.clear()
                print(try jsonText(record))
            }
        }
        if !json { layout.announce() }
    }

    /// The rows of a grid with labels. Of rows with the same prompt, the first has it as its heading.
    private func rows(of file: OutputLayout.File, _ requests: [GenerationRequest]) -> [LabeledGrid.Row] {
        stride(from: 0, to: file.requests.count, by: file.columns).map { start in
            let row = requests[file.requests][start..<min(start + file.columns, file.requests.count)]
            let isRepeated = start > 0 && requests[start - 1].prompt == requests[start].prompt
            return LabeledGrid.Row(
                heading: isRepeated ? "" : requests[start].prompt, notes: row.map { "seed \($0.seed)" })
        }
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
        let rows = try InputFile.lines(prompts)
        if let row = rows.firstIndex(where: { $0.unicodeScalars.contains("\0") }) {
            throw CommandError(.badData, "\(prompts):\(row + 1): contains a zero byte; is it a text file?")
        }
        let list = rows.enumerated().filter { !$1.allSatisfy(\.isWhitespace) }.map { (line: $0, text: $1) }
        guard !list.isEmpty else { throw CommandError(.badData, "\(prompts): contains no prompts") }
        let blank = rows.count - list.count
        if blank > 0 { Terminal.say("\(prompts): skipped \(blank) blank line\(blank == 1 ? "" : "s")") }
        return list
    }
}
