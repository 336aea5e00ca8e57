import Checkpoints
import FoundationEssentials
import Tokenizers
import Networks

/// What reads captions and the image encoder it was trained against, in one file: the source of a model's sentence vectors,
/// or the judge of an evaluation.
public struct EncoderPair: Sendable {
    private struct Configuration: Codable {
        var name: String
        var text: TextEncoderConfiguration?
        var pretrained: PretrainedReference?
        var image: ImageEncoderConfiguration
    }

    /// What the pair is called.
    public let name: String
    /// The half that reads.
    public let text: SentenceEncoder
    /// Sizes of the image encoder.
    public let image: ImageEncoderConfiguration
    /// Parameters named from the image encoder's root.
    public let imageArrays: NetworkArrays

    static let format = "limn-encoder-pair"

    /// A pair of these parts.
    public init(name: String, text: SentenceEncoder, image: ImageEncoderConfiguration, imageArrays: NetworkArrays) {
        self.name = name
        self.text = text
        self.image = image
        self.imageArrays = imageArrays
    }

    /// Reads a pair.
    /// - Parameter folder: where the pretrained encoder lies that the pair names; nil looks where it lay when the pair was
    ///   trained, and beside the pair.
    /// - Throws: `CheckpointError` or `ModelError`, one line that names the file.
    public init(contentsOf path: String, encoder folder: String? = nil) throws {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ModelError(
                path: path, problem: "no such encoder; name a pair of encoders or the folder of a pretrained one")
        }
        let file = try Safetensors(contentsOf: path)
        guard file.metadata["format"] == EncoderPair.format, let json = file.metadata["configuration"] else {
            throw ModelError(
                path: path,
                problem: "is not a pair of encoders; train one with a recipe such as recipes/flowers-judge.yaml")
        }
        let configuration: Configuration
        do {
            configuration = try JSONDecoder().decode(Configuration.self, from: Data(json.utf8))
            try configuration.text?.validate()
            try configuration.pretrained?.head.validate()
            try configuration.image.validate()
        } catch {
            throw ModelError(path: path, problem: "its configuration is not that of a pair of encoders (\(error))")
        }
        name = configuration.name
        image = configuration.image
        let arrays = try NetworkArrays(file.names.compactMap { file[$0] })
        imageArrays = arrays.below("image")
        switch (configuration.text, configuration.pretrained, file.metadata["vocabulary"]) {
        case (let text?, nil, let words?):
            let vocabulary = try Vocabulary(json: Array(words.utf8), named: "the vocabulary in \(path)")
            guard vocabulary.count == text.vocabulary else {
                throw ModelError(
                    path: path,
                    problem: "its vocabulary has \(vocabulary.count) entries, its encoder \(text.vocabulary)")
            }
            self.text = .own(text, vocabulary, arrays.below("text"))
        case (nil, let reference?, nil):
            text = .pretrained(
                try reference.encoder(at: folder, model: path),
                TrainedHead(reference.head, arrays: arrays.below("text")))
        default:
            throw ModelError(
                path: path, problem: "must have a text encoder with its vocabulary, or name a pretrained one")
        }
        guard text.width == image.embedding else {
            throw ModelError(path: path, problem: "its two encoders make vectors of different widths")
        }
    }

    /// Writes the pair, its values rounded to bfloat16.
    public func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var configuration = Configuration(name: name, image: image)
        var metadata = ["format": EncoderPair.format, "version": "1"]
        switch text {
        case .own(let sizes, let vocabulary, _):
            configuration.text = sizes
            metadata["vocabulary"] = String(decoding: try vocabulary.json(), as: UTF8.self)
        case .pretrained(let pretrained, let head):
            configuration.pretrained = PretrainedReference(pretrained, head: head.configuration)
        }
        metadata["configuration"] = String(decoding: try encoder.encode(configuration), as: UTF8.self)
        let arrays = text.arrays.above("text").merging(imageArrays.above("image")) { $1 }.map {
            NamedArray(name: $0, shape: $1.shape, floats: $1.values, element: .bfloat16)
        }
        try Safetensors.write(arrays, metadata: metadata, to: path)
    }
}
