import Execution
import Graphs
import Layers
import Models
import Networks

/// Sequences of token ids to unit vectors: the network of a `SentenceEmbedder`, its own or a pretrained one.
package final class TokenEmbedder {
    /// What a text encoder is, beside its parameters.
    struct Network {
        /// What it is called in errors.
        var name: String
        /// Entries of its vocabulary.
        var vocabulary: Int
        /// Width of its vectors.
        var width: Int
        /// Most tokens that it reads.
        var limit: Int
        /// Sizes of batches beside 1, the largest first. Another batch means another rounding: with few sizes a caption has
        /// the same bits alone and among some others.
        var batchSizes = [64]
        /// What each token's state counts in the vector of a sequence padded to a length.
        var weights: (_ ids: [Int32], _ length: Int) throws -> [Float] = { [Float](repeating: 0, count: $1) }
        /// Draws it.
        var draw: (ParameterScope, SentenceInputs) -> TextEmbedding
    }

    private let network: Network
    private let device: any Device
    private let store = ParameterStore()
    private let values: any Buffer
    private let frozen: FrozenParameters
    private var programs: [[Int]: any Executable] = [:]

    /// Bytes of programs that are kept for more batches of their sizes.
    private static let memoryLimit = 512 << 20
    /// Most tokens of a batch, padding included: more would leave the caches and gain nothing.
    private static let tokensOfBatch = 8192
    /// Batches of fewer tokens are not divided to save padding.
    private static let tokensWorthACall = 256

    /// - Parameters:
    ///   - arrays: the network's parameters, named from its root.
    ///   - precision: of operands of products with parameters.
    /// - Throws: `ParameterMismatch` when they are not those of such a network.
    init(_ network: Network, arrays: NetworkArrays, device: any Device, precision: Precision = .float32) throws {
        self.network = network
        self.device = device
        let graph = Graph()
        _ = network.draw(ParameterScope(graph, store), SentenceInputs(graph, batch: 1, length: 1))
        try store.check(arrays)
        values = try store.allocate(on: device)
        try store.load(arrays, into: values)
        frozen = FrozenParameters(store.slices(of: values), precision: precision)
    }

    var width: Int { network.width }
    var limit: Int { network.limit }

    /// The vectors of `sequences`, [sequences×width], in order. Longer ones are cut and keep their last token.
    /// - Parameter progress: called now and then with the number of sequences done.
    /// - Throws: `ModelError` for ids that the network has no embedding of, and where there are no ids at all.
    package func embed(_ sequences: [[Int32]], progress: (Int) -> Void = { _ in }) throws -> [Float] {
        let sequences = sequences.map { PaddedTokens.truncated($0, to: limit) }
        for (index, ids) in sequences.enumerated() {
            guard !ids.isEmpty else {
                throw ModelError(
                    path: network.name,
                    problem: "sentence \(index + 1) has no tokens; its tokenizer frames empty texts with none")
            }
            guard let wrong = ids.first(where: { !(0..<Int32(network.vocabulary)).contains($0) }) else { continue }
            throw ModelError(
                path: network.name,
                problem: "token \(wrong) of sentence \(index + 1) is beyond its \(network.vocabulary) embeddings; "
                    + "its tokenizer and its weights do not belong together")
        }
        var result = [Float](repeating: 0, count: sequences.count * width)
        // Sentences of like length share a batch, so that little is spent on padding.
        let order = sequences.indices.sorted { (sequences[$0].count, $0) < (sequences[$1].count, $1) }
        var start = 0
        while start < order.count {
            let size = batchSize(order[start...].lazy.map { self.paddedLength(sequences[$0].count) })
            let rows = order[start..<start + size]
            let length = paddedLength(rows.last.map { sequences[$0].count } ?? 1)
            let vectors = try vectors(rows.map { sequences[$0] }, length: length)
            for (index, row) in rows.enumerated() {
                result.replaceSubrange(
                    row * width..<(row + 1) * width, with: vectors[index * width..<(index + 1) * width])
            }
            start += size
            progress(start)
        }
        return result
    }

    /// Few lengths, so that few programs serve all sentences.
    private func paddedLength(_ count: Int) -> Int { min(max(1, (count + 7) / 8) * 8, limit) }

    /// How many of the next sequences, with these ascending lengths, make a batch: the largest of few sizes that spends
    /// little on padding, or is so small that a smaller one would spend more on its calls.
    private func batchSize(_ lengths: some Collection<Int>) -> Int {
        for size in network.batchSizes where size <= lengths.count {
            let own = lengths.prefix(size)
            guard let last = own.max(), size * last <= TokenEmbedder.tokensOfBatch else { continue }
            let isLast = size == network.batchSizes.last
            if isLast || size * last <= TokenEmbedder.tokensWorthACall || size * last * 8 <= own.reduce(0, +) * 9 {
                return size
            }
        }
        return 1
    }

    private func vectors(_ sequences: [[Int32]], length: Int) throws -> [Float] {
        let padded = PaddedTokens(sequences, length: length)
        let shards = device.shardCount(forBatch: sequences.count)
        let order = (0..<shards).flatMap { _ in (0..<length).map(Float.init) }
        let inputs: [String: HostArray] = [
            "ids": .integers(padded.ids), "mask": .floats(padded.mask), "order": .floats(order),
            "weights": .floats(try sequences.flatMap { try network.weights($0, length) }),
        ]
        return try program(batch: sequences.count, length: length, shards: shards).run(inputs)["vectors"]
    }

    private func program(batch: Int, length: Int, shards: Int) throws -> any Executable {
        if let known = programs[[batch, length]] { return known }
        if programs.values.reduce(0, { $0 + $1.memory }) > TokenEmbedder.memoryLimit { programs = [:] }
        let program = try device.compile(shards: shards, parameters: ParameterMap(frozen: frozen)) { _ in
            let graph = Graph()
            let inputs = SentenceInputs(graph, batch: batch / shards, length: length)
            return Outputs(results: ["vectors": network.draw(ParameterScope(graph, store), inputs).tensor])
        }
        programs[[batch, length]] = program
        return program
    }
}
