import Checkpoints
import FoundationEssentials
import JSON
import Networks
import Tokenizers

/// The image encoder of a pair.
public enum ImageTowerConfiguration: Sendable, Equatable {
    /// A convolutional encoder, trained from scratch.
    case convolutional(ImageEncoderConfiguration)
    /// A head on the features of a frozen pretrained network.
    case features(FeatureHeadConfiguration)

    /// Number of elements of an image vector.
    public var embedding: Int {
        switch self {
        case .convolutional(let sizes): sizes.embedding
        case .features(let head): head.head.embedding
        }
    }
}

/// A projection head on the features of a frozen network: the pooled ones, or those of all scales (`FeatureNetwork.Features.vectors`).
public struct FeatureHeadConfiguration: Codable, Equatable, Sendable {
    /// The frozen network.
    public var network: FeatureNetwork
    /// Checksum of the network's weights with which the head was trained.
    public var checksum: String
    /// Width and height to which images are resized, in pixels.
    public var resolution: Int
    /// Sizes of the head.
    public var head: ProjectionHeadConfiguration

    /// A head on the features of images of `resolution` × `resolution` pixels.
    public init(network: FeatureNetwork, checksum: String, resolution: Int, head: ProjectionHeadConfiguration) {
        self.network = network
        self.checksum = checksum
        self.resolution = resolution
        self.head = head
    }

    /// Whether the head reads features of all scales.
    package var isMultiscale: Bool { head.inputs == network.multiscaleWidth }

    /// Throws if a value is out of range.
    func validate() throws(ConfigurationError) {
        try head.validate()
        guard isMultiscale || head.inputs == FeatureNetwork.pooledWidth else {
            throw ConfigurationError(
                key: "head.inputs",
                problem: "is \(head.inputs), expected \(FeatureNetwork.pooledWidth) or \(network.multiscaleWidth)")
        }
        guard resolution % 32 == 0, (64...320).contains(resolution) else {
            throw ConfigurationError(
                key: "resolution", problem: "is \(resolution), expected a multiple of 32 from 64 to 320")
        }
    }

    /// Reads the network on which the head was trained.
    /// - Parameter encoder: what the error calls the head.
    /// - Throws: `CheckpointError` or `ModelError` if it is missing, damaged or has other weights.
    package func features(of encoder: String = "the encoder") throws -> PretrainedFeatures {
        let found = try PretrainedFeatures(network)
        guard found.checksum == checksum else {
            throw ModelError(
                path: PretrainedFeatures.path(of: network),
                problem: "has checksum \(found.checksum), but \(encoder) was trained with checksum \(checksum); "
                    + "use the file it was trained with, or train the encoder again")
        }
        return found
    }
}

/// A text encoder and the image encoder it was trained against, in one file. It gives a model its sentence vectors, or is the
/// judge of an evaluation.
public struct EncoderPair: Sendable {
    /// The `configuration` of a file: one text encoder, built-in or pretrained, and one image encoder, convolutional or on features.
    package struct Configuration: Codable {
        package var name: String
        package var text: TextEncoderConfiguration?
        package var pretrained: PretrainedReference?
        package var image: ImageEncoderConfiguration?
        package var features: FeatureHeadConfiguration?

        init(name: String) { self.name = name }

        /// Reads the configuration of a file and checks its values.
        /// - Throws: `ModelError`, one line that names the file.
        package init(_ file: Safetensors, path: String) throws {
            guard file.metadata["format"] == EncoderPair.format, let json = file.metadata["configuration"] else {
                throw ModelError(
                    path: path,
                    problem: "is not a pair of encoders; train one with a recipe such as recipes/judge.yaml")
            }
            do {
                self = try JSONDecoder().decode(Configuration.self, from: Data(json.utf8))
                try text?.validate()
                try pretrained?.head.validate()
                try image?.validate()
                try features?.validate()
            } catch let error as ConfigurationError {
                throw ModelError(path: path, problem: "its configuration is invalid: \(error)")
            } catch {
                throw ModelError(path: path, problem: "its configuration is not the JSON of a pair of encoders")
            }
        }
    }

    /// Name of the pair.
    public let name: String
    /// The text encoder.
    public let text: SentenceEncoder
    /// The image encoder.
    public let image: ImageTowerConfiguration
    /// Parameters of the image encoder or of the head on a frozen network, by path from its root.
    public let imageArrays: NetworkArrays

    package static let format = Safetensors.encoderPairFormat

    /// A pair of encoders whose vectors have the same width.
    public init(name: String, text: SentenceEncoder, image: ImageTowerConfiguration, imageArrays: NetworkArrays) {
        self.name = name
        self.text = text
        self.image = image
        self.imageArrays = imageArrays
    }

    /// Reads a pair. A pretrained encoder that it refers to is looked for at its original path, then in the folder of the pair's file.
    /// - Throws: `CheckpointError` or `ModelError`, one line that names the file.
    public init(contentsOf path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ModelError(
                path: path,
                problem: "no such encoder; expected a pair of encoders or the folder of a pretrained encoder",
                kind: .noInput)
        }
        let file = try Safetensors(contentsOf: path)
        try file.requireVersion(1, path: path)
        let configuration = try Configuration(file, path: path)
        name = configuration.name
        switch (configuration.image, configuration.features) {
        case (let sizes?, nil): image = .convolutional(sizes)
        case (nil, let head?): image = .features(head)
        default: throw ModelError(path: path, problem: "must have one image encoder")
        }
        let arrays = try NetworkArrays(file.arrays, path: path)
        imageArrays = arrays.below("image")
        let words = file.metadata["vocabulary"]
        guard let stored = StoredTextEncoder(configuration.text, configuration.pretrained),
            (words != nil) == (configuration.text != nil)
        else {
            throw ModelError(
                path: path, problem: "must have a text encoder with its vocabulary, or refer to a pretrained one")
        }
        text = try stored.encoder(
            at: nil, vocabulary: stored.vocabulary(in: words, path: path), arrays: arrays.below("text"), path: path)
        guard text.width == image.embedding else {
            throw ModelError(path: path, problem: "its two encoders have vectors of different widths")
        }
    }

    /// Writes the pair with values rounded to bfloat16.
    /// - Throws: `FileError` or `CheckpointError`, one line that names the file.
    public func write(to path: String) throws {
        var configuration = Configuration(name: name)
        switch image {
        case .convolutional(let sizes): configuration.image = sizes
        case .features(let head): configuration.features = head
        }
        var metadata = ["format": EncoderPair.format, "version": "1"]
        let stored = text.stored
        configuration.text = stored.builtIn
        configuration.pretrained = stored.pretrained
        metadata["vocabulary"] = try stored.vocabulary.map { String(decoding: try $0.json(), as: UTF8.self) }
        metadata["configuration"] = try jsonText(configuration)
        let arrays = text.arrays.above("text").merging(imageArrays.above("image")) { $1 }.map {
            NamedArray(name: $0, shape: $1.shape, floats: $1.values, element: .bfloat16)
        }
        try Safetensors.write(arrays, metadata: metadata, to: path)
    }
}
