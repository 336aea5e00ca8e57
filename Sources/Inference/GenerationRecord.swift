import Basics
import FoundationEssentials

/// The request behind an image, as PNG text chunks and as JSON.
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

    /// Text chunks: `parameters` in the form that other image generators write and read, and one chunk per field for
    /// programs. Prompts are truncated to 10,000 characters.
    public var pngText: [(keyword: String, text: String)] {
        let prompt = GenerationRecord.stored(prompt)
        let bound = truncation.map { ", Truncation: \($0)" } ?? ""
        var text = [
            (keyword: "parameters", text: "\(prompt)\nSeed: \(seed)\(bound), Model: \(model)"),
            (keyword: "prompt", text: prompt),
            (keyword: "seed", text: "\(seed)"), (keyword: "model", text: model), (keyword: "Software", text: "Limn"),
        ]
        if let truncation { text.append((keyword: "truncation", text: "\(truncation)")) }
        return text
    }

    /// The prompt as it is stored in a PNG.
    public static func stored(_ prompt: String) -> String { String(prompt.prefix(10_000)) }

    /// One line of JSON.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
