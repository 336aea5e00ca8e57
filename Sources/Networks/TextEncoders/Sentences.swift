import Execution
import Graphs
import Layers
import Tokenizers

/// The token sequences of a batch, padded to one length, with a mask.
public struct PaddedTokens: Sendable {
    /// Ids [batch·length], padded with 0.
    public let ids: [Int32]
    /// [batch·length], 1 for tokens and 0 for padding.
    public let mask: [Float]

    /// Pads or truncates each sequence to `length`. A truncated sequence keeps its last token, the end token.
    public init(_ sequences: [TokenSequence], length: Int) { self.init(sequences.map(\.ids), length: length) }

    /// Pads or truncates each sequence of ids to `length`. A truncated sequence keeps its last id, that of the end token.
    public init(_ sequences: [[Int32]], length: Int) {
        var ids = [Int32](repeating: 0, count: sequences.count * length)
        var mask = [Float](repeating: 0, count: ids.count)
        for (row, sequence) in sequences.enumerated() {
            for (column, id) in PaddedTokens.truncated(sequence, to: length).enumerated() {
                ids[row * length + column] = id
                mask[row * length + column] = 1
            }
        }
        (self.ids, self.mask) = (ids, mask)
    }

    /// A sequence of at most `length` ids: the first ones and the last one.
    public static func truncated(_ ids: [Int32], to length: Int) -> [Int32] {
        guard ids.count > length, let last = ids.last else { return ids }
        return Array(ids.prefix(length - 1)) + [last]
    }
}

/// How one vector is computed from the states of a sentence's tokens.
public enum Pooling: String, Sendable, CaseIterable, Codable {
    /// The mean over all tokens.
    case mean
    /// The state of the first token, BERT's `[CLS]`.
    case cls
    /// The state of the end token.
    case eos

    /// The weights of the token states, [length]; the vector is their weighted sum.
    /// - Parameters:
    ///   - ids: the ids of one sentence, at least one and at most `length`.
    ///   - end: where its end token is.
    /// - Returns: nil if the sentence has no end token.
    public func weights(_ ids: [Int32], length: Int, end: EndToken) -> [Float]? {
        var weights = [Float](repeating: 0, count: length)
        guard let end = end.position(in: ids) else { return nil }
        switch self {
        case .mean: for position in ids.indices { weights[position] = 1 / Float(ids.count) }
        case .cls: weights[0] = 1
        case .eos: weights[end] = 1
        }
        return weights
    }
}

/// Where the end token of a sentence is.
public enum EndToken: Hashable, Sendable {
    /// The last token.
    case last
    /// The first token with the largest id.
    case largest
    /// The first token with this id.
    case id(Int32)

    /// The position of the end token in a sentence; nil if it has none.
    public func position(in ids: [Int32]) -> Int? {
        switch self {
        case .last: ids.indices.last
        case .largest: ids.max().flatMap { ids.firstIndex(of: $0) }
        case .id(let id): ids.firstIndex(of: id)
        }
    }
}

/// The values of an input that depends only on the length of the sentences.
public enum PositionTable: Sendable {
    /// `width` numbers for each position, [length × width].
    /// - Parameter rows: returns those of the first positions, of which there are `length`.
    case rows(width: Int, _ rows: @Sendable (_ length: Int) -> [Float])
    /// An integer for each pair of positions, [length · length].
    /// - Parameter value: returns the integer of a distance, which is how far the second position is after the first.
    case distances(_ value: @Sendable (_ distance: Int) -> Int32)

    /// The values for sentences of `length` tokens, in row-major order.
    public func values(length: Int) -> HostArray {
        switch self {
        case .rows(_, let rows): return .floats(rows(length))
        case .distances(let value):
            let known = (1 - length..<length).map(value)
            return .integers((0..<length).flatMap { known[length - 1 - $0..<2 * length - 1 - $0] })
        }
    }
}

/// A batch of padded sentences as inputs of a graph; a program has only those inputs that its encoder uses.
public final class SentenceInputs {
    private let graph: Graph
    /// int32 [batch·length], padded with 0.
    public let ids: Tensor
    /// [batch×length], 1 for tokens and 0 for padding.
    public let mask: Tensor
    /// [batch×length], the weights of `Pooling`.
    public let weights: Tensor
    /// The inputs that depend only on the length, by name. Their values have to be passed to each run.
    public private(set) var tables: [String: PositionTable] = [:]

    /// Declares the inputs `ids`, `mask` and `weights`.
    public init(_ graph: Graph, batch: Int, length: Int) {
        self.graph = graph
        ids = graph.input("ids", [batch * length], .int32)
        mask = graph.input("mask", [batch, length])
        weights = graph.input("weights", [batch, length])
    }

    /// An input that depends only on the length: rows as [1 × length × width], distances as int32 [length·length].
    func input(_ name: String, _ table: PositionTable) -> Tensor {
        tables[name] = table
        return switch table {
        case .rows(let width, _): graph.input(name, [1, length, width])
        case .distances: graph.input(name, [length * length], .int32)
        }
    }

    /// Number of sentences.
    public var batch: Int { mask.shape[0] }
    /// Number of tokens per sentence, padding included.
    public var length: Int { mask.shape[1] }

    /// The mask added to attention scores so that no token attends to padding, [batch×1×1×length].
    var paddingScores: Tensor { mask.paddingScores }

    /// How far the attending token, of the first axis, is after the token that it attends to, [length×length].
    private var lags: Tensor {
        let order = input("order", .rows(width: 1) { (0..<$0).map(Float.init) })
        return order.reshaped([length, 1]) - order.reshaped([1, length])
    }

    /// The mask added to attention scores so that no token attends to later ones, [1×1×length×length].
    var causalScores: Tensor {
        (lags.clamped(-1, 0) * 1e9).reshaped([1, 1, length, length])
    }

    /// The mask added to attention scores so that no token attends to others more than `reach` tokens away,
    /// [1×1×length×length].
    func localScores(reach: Int) -> Tensor {
        let (before, after) = (lags - Float(reach), -lags - Float(reach))
        return ((before.clamped(0, 1) + after.clamped(0, 1)) * -1e9).reshaped([1, 1, length, length])
    }

    /// The rotation of queries and keys of `size` elements by their positions.
    func rotation(size: Int, base: Double) -> RotaryEmbedding {
        RotaryEmbedding(
            cosine: input(
                "cosine \(base)",
                .rows(width: size / 2) { RotaryEmbedding.table(length: $0, size: size, base: base).cosine }),
            sine: input(
                "sine \(base)",
                .rows(width: size / 2) { RotaryEmbedding.table(length: $0, size: size, base: base).sine }))
    }

    /// The weighted sum of the states of each sentence's tokens: [batch·length × width] → [batch×width].
    func pool(_ states: Tensor) -> Tensor {
        let width = states.shape[1]
        let weighted = states.reshaped([batch, length, width]) * weights.reshaped([batch, length, 1])
        return weighted.sum(along: [1]).reshaped([batch, width])
    }
}

extension Tensor {
    /// What a mask of tokens, [batch×length] with 1 for tokens and 0 for padding, adds to attention scores: 0 for tokens and −10⁹ for
    /// padding, [batch×1×1×length].
    var paddingScores: Tensor { ((self - 1) * 1e9).reshaped([shape[0], 1, 1, shape[1]]) }
}
