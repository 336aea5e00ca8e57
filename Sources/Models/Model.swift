import Checkpoints
import FoundationEssentials
import Tokenizers
import Layers
import Networks

/// All that is needed to generate: what reads the prompts, and the averaged generator.
public struct Model: Sendable {
    /// What a model's `configuration` says.
    public struct Configuration: Codable, Equatable, Sendable {
        /// What the model is called.
        public var name: String
        /// Sizes of the model's own text encoder; nil where a pretrained one reads.
        public var encoder: TextEncoderConfiguration?
        /// The pretrained encoder that reads; nil where the model has its own.
        public var pretrained: PretrainedReference?
        /// Sizes of the generator.
        public var networks: GeneratorConfiguration
        /// Frozen networks whose features the training used, and which should not measure the model; nil where it used none.
        public var trainingFeatures: [FeatureNetwork]?

        /// What the model is called and the sizes of its networks; one of `encoder` and `pretrained` must be given.
        public init(
            name: String, encoder: TextEncoderConfiguration?, pretrained: PretrainedReference? = nil,
            networks: GeneratorConfiguration, trainingFeatures: [FeatureNetwork]? = nil
        ) {
            precondition((encoder == nil) != (pretrained == nil), "a model has one encoder")
            self.name = name
            self.encoder = encoder
            self.pretrained = pretrained
            self.networks = networks
            self.trainingFeatures = trainingFeatures
        }
    }

    /// The model's name and sizes.
    public let configuration: Configuration
    /// The vocabulary of the model's own encoder.
    public let vocabulary: Vocabulary?
    /// Parameters under `generator.` and, of the model's own encoder or of the head on a pretrained one, under `encoder.`.
    public let arrays: NetworkArrays
    /// The model card, Markdown.
    public let card: String?
    /// The file it was read from.
    private let path: String?

    /// A model of these parts.
    public init(configuration: Configuration, vocabulary: Vocabulary?, arrays: NetworkArrays, card: String? = nil) {
        self.configuration = configuration
        self.vocabulary = vocabulary
        self.arrays = arrays
        self.card = card
        path = nil
    }

    /// Reads a model file; its sizes are checked before anything is built from them.
    /// - Throws: `CheckpointError`, `TokenizerError` or `ModelError`, each one line that names the file.
    public init(contentsOf path: String) throws {
        let file = try ModelFile(contentsOf: path)
        do {
            configuration = try JSONDecoder().decode(Configuration.self, from: Data(file.configuration.utf8))
            try configuration.encoder?.validate()
            try configuration.pretrained?.head.validate()
            try configuration.networks.validate()
        } catch let error as ConfigurationError {
            throw ModelError(path: path, problem: "its configuration asks for the impossible: \(error)")
        } catch {
            throw ModelError(path: path, problem: "its configuration is not the JSON of a Limn model")
        }
        let width: Int
        switch (configuration.encoder, configuration.pretrained) {
        case (let encoder?, nil):
            guard let text = file.vocabulary else {
                throw CheckpointError.badMetadata(path: path, key: "vocabulary", reason: "is missing")
            }
            let vocabulary = try Vocabulary(json: Array(text.utf8), named: "the vocabulary in \(path)")
            guard vocabulary.count == encoder.vocabulary else {
                throw ModelError(
                    path: path,
                    problem: "its vocabulary has \(vocabulary.count) entries, its encoder \(encoder.vocabulary)")
            }
            self.vocabulary = vocabulary
            width = encoder.embedding
        case (nil, let reference?):
            vocabulary = nil
            width = reference.head.embedding
        default:
            throw ModelError(
                path: path, problem: "its configuration must name one encoder, its own or a pretrained one")
        }
        guard configuration.networks.condition == width else {
            throw ModelError(
                path: path, problem: "its generator wants sentence vectors of another width than its encoder makes")
        }
        self.path = path
        arrays = try NetworkArrays(file.arrays)
        card = file.card
    }

    /// Writes the model as one safetensors file, its values rounded to bfloat16.
    public func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let file = ModelFile(
            arrays: arrays.map { NamedArray(name: $0, shape: $1.shape, floats: $1.values, element: .bfloat16) },
            configuration: String(decoding: try encoder.encode(configuration), as: UTF8.self),
            vocabulary: try vocabulary.map { String(decoding: try $0.json(), as: UTF8.self) }, card: card)
        try file.write(to: path)
    }

    /// What reads the prompts.
    /// - Parameter folder: where the pretrained encoder lies that the model names; nil looks where it lay when the model
    ///   was trained, and beside the model. A model with an encoder of its own takes none.
    /// - Throws: `ModelError` where the encoder is not there or is another one.
    package func encoder(at folder: String?) throws -> SentenceEncoder {
        let path = path ?? configuration.name
        let arrays = arrays.below("encoder")
        if let reference = configuration.pretrained {
            return .pretrained(
                try reference.encoder(at: folder, model: path), TrainedHead(reference.head, arrays: arrays))
        }
        guard let encoder = configuration.encoder, let vocabulary else {
            preconditionFailure("a model has one encoder")
        }
        guard folder == nil else {
            throw ModelError(path: path, problem: "has an encoder of its own; leave out --encoder")
        }
        return .own(encoder, vocabulary, arrays)
    }
}
