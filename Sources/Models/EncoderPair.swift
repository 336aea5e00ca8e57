import Checkpoints
import FoundationEssentials
import Tokenizers
import Networks

/// The image half of a pair of encoders.
public enum ImageTowerConfiguration: Sendable, Equatable {
    /// A convolutional encoder, trained from scratch.
    case convolutional(ImageEncoderConfiguration)
    /// A head on the pooled features of a frozen pretrained network.
    case features(FeatureHeadConfiguration)

    /// Width of image vectors.
    public var embedding: Int {
        switch self {
        case .convolutional(let sizes): sizes.embedding
        case .features(let head): head.head.embedding
        }
    }
}

/// A head on a frozen network's pooled features: which network, and how images come to it.
public struct FeatureHeadConfiguration: Codable, Equatable, Sendable {
    /// The network.
    public var network: FeatureNetwork
    /// Of the weights that the head was trained on.
    public var checksum: String
    /// The side that images are resized to.
    public var resolution: Int
    /// Sizes of the head.
    public var head: ProjectionHeadConfiguration

    /// A head on the features of images of side `resolution`.
    public init(network: FeatureNetwork, checksum: String, resolution: Int, head: ProjectionHeadConfiguration) {
        self.network = network
        self.checksum = checksum
        self.resolution = resolution
        self.head = head
    }

    /// Reads the network that the head was trained on.
    /// - Throws: `ModelError` where it is missing or another version.
    package func features() throws -> PretrainedFeatures {
        let found = try PretrainedFeatures(network)
        guard found.checksum == checksum else {
            throw ModelError(
                path: PretrainedFeatures.path(of: network),
                problem: "has the checksum \(found.checksum), and the encoder was trained on \(checksum); "
                    + "use the file it was trained on, or train the encoder again")
        }
        return found
    }
}

/// What reads captions and the image encoder it was trained against, in one file: the source of a model's sentence vectors,
/// or the judge of an evaluation.
public struct EncoderPair: Sendable {
    private struct Configuration: Codable {
        var name: String
        var text: TextEncoderConfiguration?
        var pretrained: PretrainedReference?
        var image: ImageEncoderConfiguration?
        var features: FeatureHeadConfiguration?
    }

    /// What the pair is called.
    public let name: String
    /// The half that reads.
    public let text: SentenceEncoder
    /// The half that sees.
    public let image: ImageTowerConfiguration
    /// Parameters named from the root of the image encoder, or of the head on a frozen network.
    public let imageArrays: NetworkArrays

    package static let format = "limn-encoder-pair"

    /// A pair of these parts.
    public init(name: String, text: SentenceEncoder, image: ImageTowerConfiguration, imageArrays: NetworkArrays) {
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
                path: path, problem: "no such encoder; name a pair of encoders or the folder of a pretrained one",
                kind: .noInput)
        }
        let file = try Safetensors(contentsOf: path)
        guard file.metadata["format"] == EncoderPair.format, let json = file.metadata["configuration"] else {
            throw ModelError(
                path: path,
                problem: "is not a pair of encoders; train one with a recipe such as recipes/judge.yaml")
        }
        let configuration: Configuration
        do {
            configuration = try JSONDecoder().decode(Configuration.self, from: Data(json.utf8))
            try configuration.text?.validate()
            try configuration.pretrained?.head.validate()
            try configuration.image?.validate()
            try configuration.features?.head.validate()
        } catch {
            throw ModelError(path: path, problem: "its configuration is not that of a pair of encoders (\(error))")
        }
        name = configuration.name
        switch (configuration.image, configuration.features) {
        case (let sizes?, nil): image = .convolutional(sizes)
        case (nil, let head?): image = .features(head)
        default: throw ModelError(path: path, problem: "must have one image encoder")
        }
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
        var configuration = Configuration(name: name)
        switch image {
        case .convolutional(let sizes): configuration.image = sizes
        case .features(let head): configuration.features = head
        }
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
