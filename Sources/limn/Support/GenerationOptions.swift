import ArgumentParser
import Basics
import CommandSupport
import Images
import Inference
import Models

/// Options of the commands that generate images.
struct GenerationOptions: ParsableArguments {
    @Option(
        help: """
            Redraw noise values beyond ± this bound: smaller bounds give more typical and less varied images; no bound by \
            default.
            """)
    var truncation: Float?

    @Option(
        help:
            "The model, a safetensors file or a run directory; $LIMN_MODEL or models/flowers-64.safetensors by default."
    )
    var model: String?

    @Option(help: "Resize images to this width and height, in pixels.")
    var size: Int?

    @OptionGroup var pretrained: PretrainedEncoderOption

    @Flag(help: "Write files without prompt, seed and model.")
    var noMetadata = false

    @OptionGroup var device: DeviceOptions

    func validate() throws {
        if let truncation {
            guard truncation > GenerationRequest.leastTruncation else {
                throw ValidationError(
                    "--truncation is \(truncation); expected above \(GenerationRequest.leastTruncation).")
            }
        }
        if let size {
            guard (16...4096).contains(size) else { throw ValidationError("--size is \(size); expected 16 to 4096.") }
        }
    }

    /// The bound of the noise.
    var bound: Float { truncation ?? .infinity }

    /// Opens the model.
    func generator() throws -> ImageGenerator {
        try Paths.requireNotEmpty(("--model", model))
        return try ImageGenerator(
            Model(contentsOf: ModelLocation.find(model)), device: device.open(), encoder: pretrained.encoder)
    }

    /// The text chunks of an image.
    func text(_ metadata: ImageMetadata) -> [(keyword: String, text: String)] { noMetadata ? [] : metadata.pngText }
}

extension ImageGenerator {
    /// Says if a prompt is longer than the model reads.
    /// - Parameter name: the prompt in the message.
    func sayExcess(of prompt: String, named name: String = "the prompt") {
        guard let excess = excess(of: prompt) else { return }
        Terminal.say("\(name) has \(excess.tokens) tokens, but this model reads only the first \(excess.limit)")
    }

    /// Generates images in order, a part of them at a time, so that many need little memory.
    /// - Parameter size: what they are resized to; nil is the model's.
    func forEach(of requests: [GenerationRequest], size: Int?, _ body: (Image) throws -> Void) throws {
        let part = 16 * ImageGenerator.largestBatch
        for start in stride(from: 0, to: requests.count, by: part) {
            let members = Array(requests[start..<min(start + part, requests.count)])
            let images = try generate(members) { done in
                Terminal.show("generated \(start + done) of \(requests.count)")
            }
            for image in images { try body(image.scaled(to: size)) }
        }
        Terminal.clear()
    }

    /// Generates the images of each file, whose body is called as soon as they are complete, so that an interruption loses little.
    func forEachFile(
        of layout: OutputLayout, _ requests: [GenerationRequest], size: Int?,
        _ body: (OutputLayout.File, [Image]) throws -> Void
    ) throws {
        var files = layout.files[...]
        var members: [Image] = []
        try forEach(of: requests, size: size) { image in
            members.append(image)
            guard let file = files.first, members.count == file.requests.count else { return }
            files.removeFirst()
            try body(file, members)
            members = []
        }
    }
}

extension Image {
    /// The image at `side` pixels, or as it is if that is nil.
    func scaled(to side: Int?) -> Image {
        guard let side, side != width else { return self }
        return resized(width: side, height: side, filter: .lanczos)
    }
}
