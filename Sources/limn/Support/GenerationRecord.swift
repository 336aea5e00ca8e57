import Inference

/// One line of `--json`: the file, the request behind it, and how long the network took.
struct GenerationRecord: Encodable {
    let file: String
    let prompt: String
    /// The seed of the first image.
    let seed: UInt64
    /// Number of images in the file.
    let count: Int
    /// The bound of the noise; nil without truncation.
    let truncation: Float?
    let model: String
    let milliseconds: Double

    /// The record of `count` images of which `request` is the first.
    init(file: String, request: GenerationRequest, count: Int, model: String, duration: Duration) {
        (self.file, self.count, self.model) = (file, count, model)
        (prompt, seed) = (request.prompt, request.seed)
        truncation = request.truncation.isFinite ? request.truncation : nil
        milliseconds = duration.wholeMilliseconds
    }
}

extension Duration {
    /// The duration in milliseconds, rounded to a whole number.
    var wholeMilliseconds: Double { (self / .milliseconds(1)).rounded() }
}
