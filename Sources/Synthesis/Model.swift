import Checkpoints
import FoundationEssentials
import Language
import Layers
import Networks

/// Named values of a network, as `ParameterStore.load` takes them.
public typealias NetworkArrays = [String: (shape: [Int], values: [Float])]

/// All that is needed to paint: the text encoder, the averaged generator and the vocabulary.
public struct Model: Sendable {
    /// What a model's `configuration` says.
    public struct Configuration: Codable, Equatable, Sendable {
        /// What the model is called.
        public var name: String
        /// Sizes of the text encoder.
        public var encoder: TextEncoderConfiguration
        /// Sizes of the generator.
        public var networks: GANConfiguration

        /// What the model is called and the sizes of its networks.
        public init(name: String, encoder: TextEncoderConfiguration, networks: GANConfiguration) {
            self.name = name
            self.encoder = encoder
            self.networks = networks
        }
    }

    /// The model's name and sizes.
    public let configuration: Configuration
    /// The encoder's vocabulary.
    public let vocabulary: Vocabulary
    /// Parameters under `encoder.` and `generator.`.
    public let arrays: NetworkArrays
    /// The model card, Markdown.
    public let card: String?

    /// A model of these parts.
    public init(configuration: Configuration, vocabulary: Vocabulary, arrays: NetworkArrays, card: String? = nil) {
        self.configuration = configuration
        self.vocabulary = vocabulary
        self.arrays = arrays
        self.card = card
    }

    /// Reads a model file; its sizes are checked before anything is built from them.
    /// - Throws: `CheckpointError`, `LanguageError` or `ModelError`, each one line that names the file.
    public init(contentsOf path: String) throws {
        let file = try ModelFile(contentsOf: path)
        do {
            configuration = try JSONDecoder().decode(Configuration.self, from: Data(file.configuration.utf8))
            try configuration.encoder.validate()
            try configuration.networks.validate()
        } catch let error as ConfigurationError {
            throw ModelError(path: path, problem: "its configuration asks for the impossible: \(error)")
        } catch {
            throw ModelError(path: path, problem: "its configuration is not the JSON of a Limn model")
        }
        vocabulary = try Vocabulary(json: Array(file.vocabulary.utf8), named: "the vocabulary in \(path)")
        guard vocabulary.count == configuration.encoder.vocabulary else {
            throw ModelError(
                path: path,
                problem:
                    "its vocabulary has \(vocabulary.count) entries, its encoder \(configuration.encoder.vocabulary)")
        }
        guard configuration.networks.condition == configuration.encoder.embedding else {
            throw ModelError(
                path: path, problem: "its generator wants sentence vectors of another width than its encoder makes")
        }
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
            vocabulary: String(decoding: try vocabulary.json(), as: UTF8.self), card: card)
        try file.write(to: path)
    }
}

/// What keeps a file from being a model or an encoder.
public struct ModelError: Error, CustomStringConvertible, Sendable {
    /// The file.
    public let path: String
    /// What is wrong with it.
    public let problem: String
    /// One line: the file and the problem.
    public var description: String { "\(path): \(problem)" }

    /// The file and what is wrong with it.
    public init(path: String, problem: String) {
        self.path = path
        self.problem = problem
    }
}

extension NetworkArrays {
    /// The values of arrays read from a file.
    init(_ arrays: [NamedArray]) throws {
        self.init()
        for array in arrays { self[array.name] = (array.shape, try array.floats()) }
    }

    /// Those under `prefix.`, by the rest of their name.
    package func below(_ prefix: String) -> NetworkArrays {
        var result = NetworkArrays()
        for (name, array) in self where name.hasPrefix(prefix + ".") {
            result[String(name.dropFirst(prefix.count + 1))] = array
        }
        return result
    }

    /// All of them under `prefix.`.
    package func above(_ prefix: String) -> NetworkArrays {
        NetworkArrays(uniqueKeysWithValues: map { ("\(prefix).\($0)", $1) })
    }
}
