import Basics

/// The model Unigram of a `tokenizer.json` (Kudo 2018): of all ways to divide a word into tokens, the one with the highest
/// sum of scores.
struct UnigramModel: Sendable {
    let vocabulary: ModelVocabulary
    /// The score of each token, the logarithm of its probability.
    private let scores: [Double]
    private let tree: PrefixTree
    private let unknown: Int32
    /// The score of a character without a token.
    private let unknownScore: Double
    /// The tokens `<0x00>` … `<0xFF>` if characters without a token fall back to bytes.
    private let bytes: [Int32?]?

    /// How much lower an unknown character scores than any token (SentencePiece, `unigram_model.cc`, `kUnkPenalty`).
    private static let unknownPenalty = 10.0

    /// - Parameters:
    ///   - tokens: tokens with finite scores; their ids count from 0.
    ///   - unknown: the id of the unknown token.
    /// - Throws: `TokenizerError.malformedTokenizer` if a token occurs twice.
    init(_ tokens: [(token: String, score: Double)], unknown: Int32, fallsBackToBytes: Bool, file: String) throws {
        vocabulary = try ModelVocabulary(tokens.enumerated().map { ($1.token, Int32($0)) }, file: file)
        scores = tokens.map(\.score)
        tree = PrefixTree(tokens.map { Array($0.token.utf8) })
        self.unknown = unknown
        unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
        bytes = fallsBackToBytes ? vocabulary.byteTokens : nil
    }

    /// The best division of the text up to some byte.
    private struct Path {
        var score = 0.0
        /// The start of its last token; -1 if no path ends here yet.
        var start: Int32 = -1
        var token: Int32 = 0

        mutating func offer(_ score: Double, from start: Int, _ token: Int32) {
            if self.start < 0 || score > self.score {
                self = Path(score: score, start: Int32(truncatingIfNeeded: start), token: token)
            }
        }
    }

    /// Appends the tokens of a word in UTF-8 (Viterbi 1967).
    func append(_ word: UnsafeRawBufferPointer, to pieces: inout [Piece]) {
        var paths = [Path](repeating: Path(), count: word.count + 1)
        paths.withUnsafeMutableBufferPointer { paths in
            var start = 0
            while start < word.count {
                let score = paths[start].score
                let width = word.characterWidth(at: start)
                var hasToken = false
                tree.forEachPrefix(of: word[start...]) { length, token in
                    paths[start + length].offer(score + scores[Int(token)], from: start, token)
                    if length == width { hasToken = true }
                }
                if !hasToken { paths[start + width].offer(score + unknownScore, from: start, unknown) }
                start += width
            }
        }
        let first = pieces.count
        var end = word.count
        while end > 0 {
            let token = paths[end].token
            var start = Int(paths[end].start)
            if token == unknown {
                // Adjacent unknown characters are one.
                while start > 0, paths[start].token == unknown { start = Int(paths[start].start) }
                appendUnknown(UnsafeRawBufferPointer(rebasing: word[start..<end]), to: &pieces)
            } else {
                pieces.append(Piece(id: token, length: Int32(end - start)))
            }
            end = start
        }
        pieces[first...].reverse()
    }

    /// Appends, in reverse, the tokens of characters without a token of their own.
    private func appendUnknown(_ text: UnsafeRawBufferPointer, to pieces: inout [Piece]) {
        let length = Int32(text.count)
        if let token = vocabulary.ids.value(text) {
            pieces.append(Piece(id: token, length: length))
        } else if let bytes, text.allSatisfy({ bytes[Int($0)] != nil }) {
            // Each byte's token covers all of the text.
            for (index, byte) in text.enumerated().reversed() {
                pieces.append(Piece(id: bytes[Int(byte)] ?? unknown, length: index == 0 ? length : 0))
            }
        } else {
            pieces.append(Piece(id: unknown, length: length))
        }
    }
}
