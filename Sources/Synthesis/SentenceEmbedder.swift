import Execution
import Graphs
import Language
import Layers
import Networks

/// Captions to unit sentence vectors with a trained text encoder.
public final class SentenceEmbedder {
    private let configuration: TextEncoderConfiguration
    private let tokenizer: Tokenizer
    private let device: CPUDevice
    private let store = ParameterStore()
    private let values: FlatBuffer
    private var programs: [[Int]: Program] = [:]

    /// Width of the vectors.
    public var width: Int { configuration.embedding }

    /// - Parameter arrays: the encoder's parameters, named from its root: `tokens.weight`, ….
    /// - Throws: `ParameterMismatch` when they are not those of such an encoder.
    public init(
        _ configuration: TextEncoderConfiguration, arrays: NetworkArrays, vocabulary: Vocabulary, device: CPUDevice
    ) throws {
        self.configuration = configuration
        self.device = device
        tokenizer = Tokenizer(vocabulary: vocabulary)
        _ = TextEncoder(ParameterScope(Graph(), store), configuration)
        values = store.allocate()
        try store.load(arrays, into: values)
    }

    /// Most tokens of a sentence that are read, start and end included.
    public var limit: Int { configuration.length }

    /// The tokens of a sentence before it is cut, start and end included.
    public func tokenCount(_ sentence: String) -> Int { tokenizer.encode(sentence, limit: .max).ids.count }

    /// The vectors of `captions`, [captions×width], in order. Captions longer than the encoder reads are cut.
    /// - Parameter progress: called now and then with the number of captions done.
    public func embed(_ captions: [String], progress: (Int) -> Void = { _ in }) throws -> [Float] {
        let sequences = captions.map { tokenizer.encode($0, limit: configuration.length) }
        var result = [Float](repeating: 0, count: captions.count * width)
        // Captions of like length share a batch, so that little is spent on padding.
        let order = sequences.indices.sorted { (sequences[$0].ids.count, $0) < (sequences[$1].ids.count, $1) }
        var start = 0
        while start < order.count {
            let size = order.count - start >= 64 ? 64 : 1
            let rows = order[start..<start + size]
            let longest = rows.map { sequences[$0].ids.count }.max() ?? 1
            let length = min((longest + 7) / 8 * 8, configuration.length)
            let padded = PaddedTokens(rows.map { sequences[$0] }, length: length)
            let vectors =
                try program(batch: size, length: length).run([
                    "ids": .integers(padded.ids), "mask": .floats(padded.mask),
                ])["vectors"] ?? []
            for (index, row) in rows.enumerated() {
                result.replaceSubrange(
                    row * width..<(row + 1) * width, with: vectors[index * width..<(index + 1) * width])
            }
            start += size
            progress(start)
        }
        return result
    }

    private func program(batch: Int, length: Int) throws -> Program {
        if let known = programs[[batch, length]] { return known }
        let graph = Graph()
        let vectors = TextEncoder(ParameterScope(graph, store), configuration)(
            ids: graph.input("ids", [batch * length], .int32), mask: graph.input("mask", [batch, length]))
        let program = try device.compile(
            Outputs(results: ["vectors": vectors.tensor]), parameters: store.slices(of: values))
        programs[[batch, length]] = program
        return program
    }
}
