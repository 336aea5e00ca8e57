import ArgumentParser
import Basics
import Files
import Images
import Inference

struct EditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit", abstract: "Generate an image again with another prompt or a variation of its noise.",
        discussion: """
            Prompt, seed and truncation are read from a PNG that limn wrote; the noise stays the same, and so do bound and size \
            without --truncation and --size. The pixels of the file are not used. Whole words are replaced, regardless of \
            letter case.

            EXAMPLES
              limn edit flower.png --replace yellow=purple --out purple.png
              limn edit flower.png --replace yellow=purple --compare --out both.png
              limn edit flower.png --replace "dark red=white" --replace small=large
              limn edit flower.png --prompt "a white lily" --out lily.png
              limn edit flower.png --variation 5 --strength 0.2 --out variation.png
            """)

    @Argument(help: "The PNG.")
    var image: String

    @Option(help: ArgumentHelp("Replace a word or several in a row; may be repeated.", valueName: "old=new"))
    var replace: [WordReplacement] = []

    @Option(help: "Replace the whole prompt.")
    var prompt: String?

    @Option(
        help: ArgumentHelp(
            "Turn the noise toward that of this seed; replaces the variation stored in the image, if any.",
            valueName: "seed"))
    var variation: Seed?

    @Option(help: "How far --variation goes: 0 is the image's noise, 1 that of the other seed.")
    var strength: Float = 0.2

    @Flag(help: "Write the image as it was and the edited one side by side.")
    var compare = false

    @Option(
        help: """
            The PNG to write (- for standard output), or a folder (ending in / or without suffix). By default a name from the \
            prompt.
            """)
    var out: String?

    @OptionGroup var generation: GenerationOptions

    func validate() throws {
        guard (0...1).contains(strength) else {
            throw ValidationError("--strength is \(strength); expected 0 to 1.")
        }
        if let prompt {
            guard !prompt.allSatisfy(\.isWhitespace) else { throw ValidationError("--prompt is empty.") }
            guard replace.isEmpty else { throw ValidationError("Give --replace or --prompt, not both.") }
        }
        guard !replace.isEmpty || prompt != nil || variation != nil || generation.truncation != nil else {
            throw ValidationError("Nothing to edit; expected --replace, --prompt, --variation or --truncation.")
        }
    }

    func run() throws {
        try Paths.requireNotEmpty(("IMAGE", image), ("--out", out))
        let (metadata, size) = try read()
        let request = try edited(metadata.request)
        let requests = compare ? [metadata.request, request] : [request]
        let plan = try OutputPlan(requests, perPrompt: 1, sheet: compare ? .comparison : nil, lines: nil, out: out)
        let generator = try generation.generator()
        if generator.name != metadata.model {
            let made =
                "\(image) was made by the model \(quoted(metadata.model)), and this one is \(quoted(generator.name))"
            guard generation.model != nil else { throw CommandError(.usage, "\(made); name its file with --model") }
            Terminal.say(made)
        }
        // An image that is not square was cut or put together by another program.
        let side = generation.size ?? (size.width == size.height ? size.width : generator.side)
        let layout = OutputLayout(plan, model: generator.name, side: side)
        for prompt in request.prompts {
            generator.sayExcess(of: prompt)
        }
        try layout.prepare()
        let images = try generator.generate(requests).map { $0.scaled(to: side) }
        let file = layout.files[0]
        let text = generation.text(plan.metadata(of: file.requests, model: generator.name, side: side))
        let png = try (compare ? Image.grid(images, columns: file.columns) : images[0]).pngData(text: text)
        try Paths.write(png, to: file.path)
        layout.announce()
    }

    /// What the image says about itself, and its size.
    private func read() throws -> (metadata: ImageMetadata, size: (width: Int, height: Int)) {
        let bytes = try OpenFile.contents(image, limit: 1 << 28)
        let size = try Image.size(of: bytes, named: image)
        guard ImageFormat(signatureOf: bytes) == .png,
            let metadata = ImageMetadata(pngText: try Image.pngText(in: bytes, named: image))
        else {
            throw CommandError(
                .badData, "\(image): does not say how it was generated; expected a PNG by limn, with its metadata")
        }
        guard metadata.count == 1 else {
            throw CommandError(
                .badData, "\(image): has \(metadata.count) images in it; write the one to edit into a file of its own")
        }
        return (metadata, size)
    }

    private func edited(_ request: GenerationRequest) throws -> GenerationRequest {
        var request = request
        if let truncation = generation.truncation { request.truncation = truncation }
        if let variation { request.seedBlend = Blend(toward: variation.value, fraction: strength) }
        if variation?.isRandom ?? false, let variation { Terminal.say("variation \(variation.value)") }
        if let prompt {
            (request.prompt, request.promptBlend) = (prompt, nil)
        } else if !replace.isEmpty {
            let replacements = WordReplacements(replace.map { ($0.words, $0.replacement) })
            let (prompt, found) = replacements(request.prompt)
            let target = request.promptBlend.map { replacements($0.target) }
            if let absent = replace.indices.first(where: { !found.union(target?.found ?? []).contains($0) }) {
                let prompts = request.prompts.map { "\"\($0)\"" }
                throw CommandError(
                    .usage,
                    "\(quoted(replace[absent].words)) is not a word of the prompt, \(prompts.joined(separator: " → "))")
            }
            if (prompt + (target?.prompt ?? "")).allSatisfy(\.isWhitespace) {
                throw CommandError(.usage, "no word of the prompt remains")
            }
            request.prompt = prompt
            if let target { request.promptBlend?.target = target.prompt }
        }
        return request
    }
}

/// One `--replace`.
struct WordReplacement: ExpressibleByArgument {
    let words: String
    let replacement: String

    init?(argument: String) {
        guard let sign = argument.firstIndex(of: "=") else { return nil }
        func trimmed(_ text: Substring) -> String {
            var text = text.drop(while: \.isWhitespace)
            while text.last?.isWhitespace ?? false { text.removeLast() }
            return String(text)
        }
        words = trimmed(argument[..<sign])
        replacement = trimmed(argument[argument.index(after: sign)...])
        guard !words.isEmpty else { return nil }
    }
}
