import Graphs
import Tokenizers

/// Sequences of one batch in the form a program takes: ids and mask, padded to one length.
public struct PaddedTokens: Sendable {
    /// batch·length ids, padded with 0.
    public let ids: [Int32]
    /// batch·length values, 1 for a token and 0 for padding.
    public let mask: [Float]

    /// Pads or cuts each sequence to `length`; a cut sequence keeps its last token, which ends it.
    public init(_ sequences: [TokenSequence], length: Int) { self.init(sequences.map(\.ids), length: length) }

    /// Pads or cuts each sequence of ids to `length`; a cut sequence keeps its last token, which ends it.
    public init(_ sequences: [[Int32]], length: Int) {
        var ids = [Int32](repeating: 0, count: sequences.count * length)
        var mask = [Float](repeating: 0, count: ids.count)
        for (row, sequence) in sequences.enumerated() {
            for (column, id) in PaddedTokens.cut(sequence, to: length).enumerated() {
                ids[row * length + column] = id
                mask[row * length + column] = 1
            }
        }
        (self.ids, self.mask) = (ids, mask)
    }

    /// The first `length` ids of a sequence, of which the last is always the last of all.
    public static func cut(_ ids: [Int32], to length: Int) -> [Int32] {
        guard ids.count > length, let last = ids.last else { return ids }
        return Array(ids.prefix(length - 1)) + [last]
    }
}

/// How the states of a sentence's tokens become one vector.
public enum Pooling: String, Sendable, CaseIterable, Codable {
    /// The mean over all tokens.
    case mean
    /// The state of the first token, BERT's `[CLS]`.
    case cls
    /// The state of the token that ends the sentence.
    case eos

    /// What each token's state counts, [length]: the vector is the sum of the states so weighted.
    /// - Parameters:
    ///   - ids: those of one sentence, not empty and at most `length`.
    ///   - end: finds the position of the token that ends a sentence.
    public func weights(_ ids: [Int32], length: Int, end: ([Int32]) -> Int) -> [Float] {
        var weights = [Float](repeating: 0, count: length)
        switch self {
        case .mean: for position in ids.indices { weights[position] = 1 / Float(ids.count) }
        case .cls: weights[0] = 1
        case .eos: weights[end(ids)] = 1
        }
        return weights
    }
}

/// A batch of padded sentences as inputs of a graph; an encoder reads those it needs.
public struct SentenceInputs {
    /// int32 [batch·length], padded with 0.
    public let ids: Tensor
    /// [batch×length], 1 for tokens and 0 for padding.
    public let mask: Tensor
    /// [batch×length], what each token's state counts in its sentence's vector; see `Pooling`.
    public let weights: Tensor
    /// [1×length]: 0, 1, 2, …
    public let order: Tensor

    /// Declares the inputs `ids`, `mask`, `weights` and `order`.
    public init(_ graph: Graph, batch: Int, length: Int) {
        ids = graph.input("ids", [batch * length], .int32)
        mask = graph.input("mask", [batch, length])
        weights = graph.input("weights", [batch, length])
        order = graph.input("order", [1, length])
    }

    /// Sentences.
    public var batch: Int { mask.shape[0] }
    /// Tokens of each, padding included.
    public var length: Int { mask.shape[1] }

    /// Added to attention scores so that no token looks at padding, [batch×1×1×length].
    var paddingScores: Tensor { ((mask - 1) * 1e9).reshaped([batch, 1, 1, length]) }

    /// Added to attention scores so that no token looks ahead, [1×1×length×length].
    var causalScores: Tensor {
        let ahead = order.reshaped([length, 1]) - order
        return (ahead.clamped(-1, 0) * 1e9).reshaped([1, 1, length, length])
    }

    /// The weighted sum of the states of each sentence's tokens: [batch·length × width] → [batch×width].
    func pool(_ states: Tensor) -> Tensor {
        let width = states.shape[1]
        let weighted = states.reshaped([batch, length, width]) * weights.reshaped([batch, length, 1])
        return weighted.sum(along: [1]).reshaped([batch, width])
    }
}
