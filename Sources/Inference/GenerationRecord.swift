import Basics
import FoundationEssentials
import JSON

/// The request behind a file of images, as JSON.
public struct GenerationRecord: Encodable, Sendable {
    /// The path of the file.
    public let file: String
    /// The prompt.
    public let prompt: String
    /// The seed of the first image.
    public let seed: UInt64
    /// Number of images in the file.
    public let count: Int
    /// The bound of the noise; nil without truncation.
    public let truncation: Float?
    /// The model's name.
    public let model: String
    /// Time of generation in milliseconds.
    public let milliseconds: Double

    /// The record of `count` images of which `request` is the first.
    public init(file: String, request: GenerationRequest, count: Int, model: String, duration: Duration) {
        self.file = file
        prompt = request.prompt
        seed = request.seed
        self.count = count
        truncation = request.truncation.isFinite ? request.truncation : nil
        self.model = model
        let parts = duration.components
        milliseconds = (Double(parts.seconds) * 1e3 + Double(parts.attoseconds) * 1e-15).rounded()
    }

    /// One line of JSON.
    /// - Throws: `EncodingError`, which no value of a record causes.
    public func json() throws -> String {
        try jsonText(self)
    }
}
