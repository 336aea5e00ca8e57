import ArgumentParser
import Basics
import CommandSupport
import Inference
import Models

struct TranslateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "translate", abstract: "Translate images or videos with an image-to-image model.",
        discussion: """
            Images of any size keep it; the Exif orientation is applied. Transparent pixels are composed over \
            white, and results have no transparency. Each image says which file and model it was made from: a PNG in text \
            chunks, a JPEG or WebP in the Exif tag UserComment, where a long text is cut off in a JPEG. \
            Folders are read with all folders in them, which are kept in the output. GIF and APNG animations and videos keep \
            frames, rate and sound; they need ffmpeg. A file that cannot be read does not stop the others; the exit code is that of the last \
            failure.

            EXAMPLES
              limn translate denoise.safetensors photo.jpg --out clean.png
              limn translate runs/monet photos/ more.webp --out paintings/
              limn translate runs/monet painting.png --reverse --out photo.png
              limn translate denoise.safetensors scans/ --out clean/ --format jpeg --quality 90
              limn translate runs/petals rose.jpg --prompt "purple petals" \\
                --out purple.png
              limn translate underwater.safetensors dive.mp4 --out dive-clear.mp4
            """)

    @Argument(help: "The model, a safetensors file or a run directory.")
    var model: String

    @Argument(help: "Images, videos, and folders of them.")
    var inputs: [String]

    @Option(
        help: """
            The file to write (- for a PNG on standard output), if the input is one file; or a folder (ending in / or without \
            suffix), which gets one file per image, named as the source.
            """)
    var out: String

    @Option(help: "The text on which the translation depends, for models trained with image_to_image.text.")
    var prompt: String?

    @OptionGroup var pretrained: PretrainedEncoderOption

    @Flag(help: "Translate back, from the model's target to its source.")
    var reverse = false

    @Option(
        help: "The format of still images: png, jpeg or webp (lossless); by default that of --out's suffix, or png.")
    var format: StillFormat?

    @Option(help: "Quality of JPEGs, 1 to 100.")
    var quality = 95

    @Flag(
        help:
            "Replace files in the folder; without it only images that say they were made from a source of the same name."
    )
    var overwrite = false

    @Flag(help: "Write files without source and model.")
    var noMetadata = false

    @Flag(help: "Print one JSON object for each file written.")
    var json = false

    @OptionGroup var device: DeviceOptions

    func validate() throws {
        guard (1...100).contains(quality) else {
            throw ValidationError("--quality is \(quality); expected 1 to 100.")
        }
    }

    func run() throws {
        try Paths.requireNotEmpty(("MODEL", model), ("--out", out))
        for input in inputs { try Paths.requireNotEmpty(("INPUT", input)) }
        let layout = try TranslationLayout(inputs, out: out, overwrites: overwrite)
        try checkFormat(layout)
        let path = try ModelLocation.resolved(model)
        let translator = try ImageTranslator(
            TranslationModel(contentsOf: path), isReverse: reverse, encoder: pretrained.encoder, device: device.open())
        guard translator.needsPrompts == (prompt != nil) else {
            throw CommandError(
                .usage,
                translator.needsPrompts
                    ? "\(path): its translation depends on text; pass --prompt"
                    : "\(path): reads no text; omit --prompt")
        }
        let output = TranslationOutput(
            format: format ?? StillFormat(suffix: Paths.suffix(out)) ?? .png, quality: quality,
            isReverse: reverse, prompt: prompt, hasMetadata: !noMetadata, printsJSON: json)
        let job = TranslationJob(layout, translator, output)
        try job.run()
        if !json, out != "-", job.written > 0 {
            Terminal.say(layout.folder.map { "\(Measure.count(job.written, "file")) in \($0)" } ?? out)
        }
        if let failure = job.failure { throw failure }
    }

    /// Throws if `out` is a file of a format that is not written, or another one than `--format`.
    private func checkFormat(_ layout: TranslationLayout) throws {
        guard layout.folder == nil, out != "-" else { return }
        let suffix = Paths.suffix(out)
        let named = StillFormat(suffix: suffix)
        guard named != nil || VideoContainer(suffix: suffix) != nil else {
            throw CommandError(
                .usage,
                "\(out): images are written as .png, .jpg or .webp, animations and videos as .gif, .png, .mp4, .mov or .mkv"
            )
        }
        if let format, format != named {
            throw CommandError(.usage, "\(out): has another suffix than files of --format \(format.rawValue)")
        }
    }
}
