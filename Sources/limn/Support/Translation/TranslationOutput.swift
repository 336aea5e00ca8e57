import FoundationEssentials
import Images
import Inference
import JSON

/// How translated images are written.
struct TranslationOutput {
    let format: StillFormat
    let quality: Int
    let isReverse: Bool
    /// The text on which the translation depends; nil if there is none.
    let prompt: String?
    let hasMetadata: Bool
    let printsJSON: Bool

    func metadata(source: String, model: String) -> TranslationMetadata {
        TranslationMetadata(source: source, model: model, isReverse: isReverse, prompt: prompt)
    }

    /// Writes a still image, to standard output for `-`.
    func write(_ image: Image, to path: String, _ metadata: TranslationMetadata) throws {
        let bytes = try format.data(image, quality: quality, metadata: hasMetadata ? metadata : nil)
        try Paths.write(bytes, to: path)
    }

    /// Prints the record of a file that was written.
    func announce(_ record: TranslationRecord) throws {
        if printsJSON, record.file != "-" { print(try jsonText(record)) }
    }
}

/// One line of `--json`: the file, what was translated, and how long the network took.
struct TranslationRecord: Encodable {
    let file: String
    let source: String
    let model: String
    let direction: String
    let width: Int
    let height: Int
    /// Number of frames; nil for a still image.
    let frames: Int?
    let milliseconds: Double

    init(
        file: String, source: String, model: String, isReverse: Bool, size: (width: Int, height: Int), frames: Int?,
        duration: Duration
    ) {
        (self.file, self.source, self.model, self.frames) = (file, source, model, frames)
        direction = isReverse ? "reverse" : "forward"
        (width, height) = size
        milliseconds = duration.wholeMilliseconds
    }
}
