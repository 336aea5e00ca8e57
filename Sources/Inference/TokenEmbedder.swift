import Execution
import Graphs
import Layers
import Models
import Networks

/// Computes unit vectors of token sequences with a built-in or pretrained text encoder. Must be used on one thread.
package final class TokenEmbedder {
    private let network: SentenceNetwork
    private let device: any Device
    private let store = ParameterStore()
    private let values: any Buffer
    private let frozen: FrozenParameters
    private var programs: [BatchShape: Program] = [:]

    /// An executable, and the inputs that are the same for all batches of its size.
    private struct Program {
        let executable: any Executable
        let constants: [String: HostArray]
    }

    /// The sizes that a program is compiled for.
    private struct BatchShape: Hashable {
        let batch: Int
        let length: Int
    }

    /// Compiled programs are discarded when they occupy more bytes than this.
    private static let memoryLimit = 512 << 20
    /// Batch sizes in addition to 1, in descending order: few, so that few programs are compiled.
    private static let batchSizes = [64, 32, 16, 8, 4, 2]
    /// The most tokens of a batch, including padding: larger batches exceed the caches and are not faster.
    private static let tokensOfBatch = 8192
    /// Batches with at most this many tokens are not divided to save padding: a call would cost more.
    private static let tokensWorthACall = 256

    /// - Parameter precision: of the operands of matrix products with parameters.
    /// - Throws: `ParameterMismatch` or `ModelError` if parameters are missing, unused or misshapen.
    package init(_ network: SentenceNetwork, device: any Device, precision: Precision = .float32) throws {
        self.network = network
        self.device = device
        try network.declare(in: store)
        values = try store.allocate(on: device)
        try store.load(network.arrays, into: values)
        frozen = FrozenParameters(store.slices(of: values), precision: precision)
    }

    var width: Int { network.width }
    var limit: Int { network.limit }

    /// The vectors of `sequences`, [sequences×width], in order. Sequences longer than `limit` are truncated but keep their last
    /// token.
    /// - Parameter progress: called after each batch with the number of sequences done.
    /// - Throws: `ModelError` for empty sequences and for ids without an embedding.
    package func embed(_ sequences: [[Int32]], progress: (Int) -> Void = { _ in }) throws -> [Float] {
        var sequences = sequences.map { PaddedTokens.truncated($0, to: limit) }
        for (index, ids) in sequences.enumerated() {
            guard !ids.isEmpty else {
                throw ModelError(
                    path: network.name,
                    problem: "sentence \(index + 1) has no tokens; its tokenizer adds no special tokens to empty texts")
            }
            guard let wrong = ids.first(where: { !(0..<Int32(network.vocabulary)).contains($0) }) else { continue }
            throw ModelError(
                path: network.name,
                problem: "token \(wrong) of sentence \(index + 1) exceeds its \(network.vocabulary) embeddings; "
                    + "tokenizer and weights do not belong together")
        }
        if let padding = network.padding {
            sequences = sequences.map { $0 + [Int32](repeating: padding, count: limit - $0.count) }
        }
        var result = [Float](repeating: 0, count: sequences.count * width)
        // Sentences of similar length share a batch, to reduce padding.
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

    /// Lengths are rounded up to a multiple of 8, so that few programs are compiled.
    private func paddedLength(_ count: Int) -> Int { min(max(1, (count + 7) / 8) * 8, limit) }

    /// The number of next sequences, whose lengths ascend, in one batch: the largest batch size with at most an eighth of padding, or
    /// one so small that dividing it further would cost more than the padding.
    private func batchSize(_ lengths: some Collection<Int>) -> Int {
        for size in TokenEmbedder.batchSizes where size <= lengths.count {
            let members = lengths.prefix(size)
            guard let last = members.max(), size * last <= TokenEmbedder.tokensOfBatch else { continue }
            let isLast = size == TokenEmbedder.batchSizes.last
            if isLast || size * last <= TokenEmbedder.tokensWorthACall || size * last * 8 <= members.reduce(0, +) * 9 {
                return size
            }
        }
        return 1
    }

    private func vectors(_ sequences: [[Int32]], length: Int) throws -> [Float] {
        let padded = PaddedTokens(sequences, length: length)
        let shards = device.shardCount(forBatch: sequences.count)
        let program = try program(batch: sequences.count, length: length, shards: shards)
        let inputs: [String: HostArray] = [
            "ids": .integers(padded.ids), "mask": .floats(padded.mask),
            "weights": .floats(try sequences.flatMap { try weights($0, length: length) }),
        ]
        return try program.executable.run(inputs.merging(program.constants) { $1 })["vectors"]
    }

    /// The pooling weight of each token state of a sequence.
    private func weights(_ ids: [Int32], length: Int) throws -> [Float] {
        guard let pooling = network.pooling else { return [Float](repeating: 0, count: length) }
        guard let weights = pooling.weights(ids, length: length, end: network.end) else {
            throw ModelError(
                path: network.name, problem: "a sentence has no end token, which \"eos_token_id\" in config.json gives")
        }
        return weights
    }

    private func program(batch: Int, length: Int, shards: Int) throws -> Program {
        if let known = programs[BatchShape(batch: batch, length: length)] { return known }
        if programs.values.reduce(0, { $0 + $1.executable.memory }) > TokenEmbedder.memoryLimit { programs = [:] }
        var constants: [String: HostArray] = [:]
        let executable = try device.compile(shards: shards, parameters: ParameterMap(frozen: frozen)) { _ in
            let graph = Graph()
            let inputs = SentenceInputs(graph, batch: batch / shards, length: length)
            let vectors = network.trace(ParameterScope(graph, store), inputs).tensor
            constants = inputs.tables.mapValues { $0.values(length: length) }
            return Outputs(results: ["vectors": vectors])
        }
        let program = Program(
            executable: executable, constants: constants.mapValues { $0.repeated(shards) })
        programs[BatchShape(batch: batch, length: length)] = program
        return program
    }
}

extension HostArray {
    /// The values `count` times in a row.
    fileprivate func repeated(_ count: Int) -> HostArray {
        switch self {
        case .floats(let values): .floats((0..<count).flatMap { _ in values })
        case .integers(let values): .integers((0..<count).flatMap { _ in values })
        }
    }
}
