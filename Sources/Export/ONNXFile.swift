import Files
import Graphs
import Inference
import Layers
import Models
import Networks
import Tokenizers

/// A model as an ONNX file: text encoder and generator in one graph, for any batch size and number of tokens.
///
/// | input | | |
/// |---|---|---|
/// | `tokens` | int64 [batch×length] | token ids, padded on the right with any id |
/// | `mask` | int64 [batch×length] | 1 for tokens, 0 for padding |
/// | `noise` | float32 [batch×noise] | standard normal |
///
/// | output | | |
/// |---|---|---|
/// | `images` | float32 [batch, side, side, 3] | RGB in −1…1 |
/// | `sentences` | float32 [batch×width] | the sentence vectors, of unit length |
public struct ONNXFile {
    /// Size of the file in bytes.
    public var byteCount: Int { message.byteCount }
    /// The most tokens of a prompt, including start and end.
    public let limit: Int
    private let message: ProtobufMessage
    private let name: String

    /// Readers of Protocol Buffers accept at most this many bytes.
    package static let largestByteCount = Int(Int32.max)

    /// Translates a model.
    /// - Parameters:
    ///   - encoder: the folder of the pretrained encoder that the model refers to; nil tries its original path, then the folder of
    ///     the model.
    ///   - version: the program's version, which the file states.
    /// - Throws: `ModelError` or `TokenizerError` if model and encoder cannot be used.
    public init(_ model: Model, encoder folder: String? = nil, version: String) throws {
        let configuration = model.configuration
        name = configuration.name
        let encoder = try model.encoder(at: folder)
        let network = try SentenceNetwork(encoder, name: name)
        limit = network.limit
        let generators = ParameterStore()
        _ = Generator(ParameterScope(Graph(), generators) / "generator", configuration.networks)
        let generatorArrays = model.arrays.filter { !$0.key.hasPrefix("encoder.") }
        // Arrays that do not belong to the networks are refused.
        try model.building {
            try network.declare(in: ParameterStore())
            try generators.check(generatorArrays)
        }

        let parameters = generatorArrays.merging(network.arrays.above("encoder")) { $1 }
        if let path = parameters.filter({ !$0.value.values.allSatisfy(\.isFinite) }).keys.min() {
            throw ModelError(path: model.label, problem: "\(path) has values that are not finite; is the file damaged?")
        }

        var tables: [String: PositionTable] = [:]
        let store = ParameterStore()
        let lengths =
            network.padding == nil
            ? (3..<max(3, min(limit, 128) + 1)).reversed().map { ($0, $0 - 1) } : [(limit, limit)]
        let graph = SymbolicGraph(lengths: lengths) { batch, length in
            let graph = Graph()
            let scope = ParameterScope(graph, store)
            let sentences = SentenceInputs(graph, batch: batch, length: length)
            let text = network.trace(scope / "encoder", sentences)
            let noise = graph.input("noise", [batch, configuration.networks.noise])
            let images = Generator(scope / "generator", configuration.networks)(noise: noise, text: text).tensor
            tables = sentences.tables
            return SymbolicGraph.Trace(
                graph: graph, results: ["images": images.clamped(-1, 1), "sentences": text.tensor])
        }
        guard let graph else {
            throw ModelError(
                path: name,
                problem: "reads at most \(limit) tokens of a prompt; only models that read 4 or more can be exported")
        }
        var onnx = ONNXGraph()
        let text = SentenceInputTranslation(network, in: &onnx)
        var inputs = text.inputs(tables: tables, in: &onnx)
        inputs["noise"] = onnx.input("noise", .float32, [.any("batch"), .fixed(configuration.networks.noise)])
        var translation = GraphTranslation(
            graph, into: onnx, parameters: parameters,
            inputs: inputs, sizes: text.sizes)
        let results: [String: String]
        do {
            results = try translation.results()
        } catch {
            throw ModelError(
                path: name, problem: "uses an operation that has no translation to ONNX yet: \(error.name)",
                kind: .internalError)
        }
        let side = configuration.networks.side
        for (name, shape) in [("images", [side, side, 3]), ("sentences", [network.width])] {
            guard let value = results[name] else { preconditionFailure("no result \(name)") }
            translation.onnx.output(name, [.any("batch")] + shape.map { .fixed($0) }, value)
        }
        message = translation.onnx.model(
            named: name, producer: "limn \(version)", metadata: try ONNXFile.metadata(model, encoder, network))
    }

    /// What a program needs to tokenize prompts, and what the model file says about itself.
    private static func metadata(_ model: Model, _ encoder: SentenceEncoder, _ network: SentenceNetwork) throws
        -> [(key: String, value: String)]
    {
        var entries = [
            (key: "format", value: "limn-onnx"), (key: "version", value: "1"),
            (key: "name", value: model.configuration.name),
            (key: "side", value: "\(model.configuration.networks.side)"),
            (key: "token_limit", value: "\(network.limit)"),
        ]
        switch encoder {
        case .builtIn(_, let vocabulary, _):
            entries.append((key: "vocabulary", value: String(decoding: try vocabulary.json(), as: UTF8.self)))
        case .pretrained(let encoder, _):
            entries.append((key: "encoder", value: encoder.name))
            entries.append((key: "encoder_checksum", value: encoder.checksum))
            entries.append((key: "encoder_lowercase", value: "\(encoder.isLowercasing)"))
        }
        if let card = model.card { entries.append((key: "card", value: card)) }
        return entries
    }

    /// Writes the file atomically.
    /// - Throws: `ModelError` if it would exceed 2 GiB, `FileError` if it cannot be written.
    public func write(to path: String) throws { try write(to: path, limit: ONNXFile.largestByteCount) }

    /// Writes the file unless it has more than `limit` bytes.
    package func write(to path: String, limit: Int) throws {
        guard byteCount <= limit else {
            throw ModelError(
                path: name,
                problem:
                    "takes \(byteCount) bytes in float32, and an ONNX file can have \(limit); use a smaller text encoder"
            )
        }
        try AtomicFile.write(to: path) { try message.write(to: $0) }
    }
}

extension SentenceNetwork {
    /// The text encoder of a model.
    /// - Throws: `TokenizerError` or `ModelError` if a pretrained encoder needs the padding id of a tokenizer that cannot be used.
    fileprivate init(_ encoder: SentenceEncoder, name: String) throws {
        switch encoder {
        case .builtIn(let configuration, _, let arrays): self.init(configuration, arrays: arrays, name: name)
        case .pretrained(let encoder, let head):
            let padding = encoder.architecture.isPadded ? try encoder.tokenizer().padding : 0
            self.init(encoder, head: head, padding: padding)
        }
    }
}
