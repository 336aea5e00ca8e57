import Checkpoints
import FoundationEssentials
import Language
import Networks

/// A text encoder and the image encoder it was trained against, in one file: the source of a model's sentence vectors,
/// or the judge of an evaluation.
public struct EncoderPair: Sendable {
    private struct Configuration: Codable {
        var name: String
        var text: TextEncoderConfiguration
        var image: ImageEncoderConfiguration
    }

    /// What the pair is called.
    public let name: String
    /// Sizes of the text encoder.
    public let text: TextEncoderConfiguration
    /// Sizes of the image encoder.
    public let image: ImageEncoderConfiguration
    /// The text encoder's vocabulary.
    public let vocabulary: Vocabulary
    /// Parameters under `text.` and `image.`.
    public let arrays: NetworkArrays

    static let format = "limn-encoder-pair"

    /// A pair of these parts.
    public init(
        name: String, text: TextEncoderConfiguration, image: ImageEncoderConfiguration, vocabulary: Vocabulary,
        arrays: NetworkArrays
    ) {
        self.name = name
        self.text = text
        self.image = image
        self.vocabulary = vocabulary
        self.arrays = arrays
    }

    /// Reads a pair.
    public init(contentsOf path: String) throws {
        let file = try Safetensors(contentsOf: path)
        guard file.metadata["format"] == EncoderPair.format, let json = file.metadata["configuration"],
            let words = file.metadata["vocabulary"]
        else {
            throw ModelError(
                path: path,
                problem: "is not a pair of encoders; train one with a recipe such as recipes/flowers-judge.yaml")
        }
        let configuration: Configuration
        do {
            configuration = try JSONDecoder().decode(Configuration.self, from: Data(json.utf8))
            try configuration.text.validate()
            try configuration.image.validate()
        } catch {
            throw ModelError(path: path, problem: "its configuration is not that of a pair of encoders (\(error))")
        }
        name = configuration.name
        text = configuration.text
        image = configuration.image
        vocabulary = try Vocabulary(json: Array(words.utf8), named: "the vocabulary in \(path)")
        guard vocabulary.count == text.vocabulary else {
            throw ModelError(
                path: path, problem: "its vocabulary has \(vocabulary.count) entries, its encoder \(text.vocabulary)")
        }
        arrays = try NetworkArrays(file.names.compactMap { file[$0] })
    }

    /// Writes the pair, its values rounded to bfloat16.
    public func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let configuration = try encoder.encode(Configuration(name: name, text: text, image: image))
        let metadata = [
            "format": EncoderPair.format, "version": "1",
            "configuration": String(decoding: configuration, as: UTF8.self),
            "vocabulary": String(decoding: try vocabulary.json(), as: UTF8.self),
        ]
        let arrays = arrays.map { NamedArray(name: $0, shape: $1.shape, floats: $1.values, element: .bfloat16) }
        try Safetensors.write(arrays, metadata: metadata, to: path)
    }
}
