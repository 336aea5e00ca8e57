/// An added token, which is matched in the text before pre-tokenization.
struct AddedToken: Sendable {
    var content: String
    var id: Int32
    /// Whether it is skipped in decoding.
    var isSpecial = false
    /// Whether it matches whole words only (`single_word`).
    var isSingleWord = false
    /// Whether it includes the white space before (`lstrip`) or after it (`rstrip`).
    var stripsLeft = false
    var stripsRight = false
    /// Whether it is normalized and matched in the normalized text (`normalized`).
    var isNormalized = false
}

/// Matches added tokens, leftmost-longest, as Hugging Face's `AddedVocabulary` does.
struct AddedVocabulary: Sendable {
    private struct Pattern {
        let scalars: [UInt32]
        let token: AddedToken
    }

    /// Patterns by first scalar, the longest first.
    private var patterns: [UInt32: [Pattern]] = [:]
    /// A bit set of the low six bits of all first scalars, to skip most text quickly.
    private var firsts: UInt64 = 0

    init(_ tokens: [AddedToken], normalizing normalizer: Normalizer?) {
        for token in tokens {
            var text = AlignedText(token.content)
            normalizer?.apply(to: &text)
            guard let first = text.scalars.first?.value else { continue }
            firsts |= 1 << UInt64(first & 63)
            patterns[first, default: []].append(Pattern(scalars: text.scalars.map(\.value), token: token))
        }
        for first in patterns.keys {
            // A stable sort: the earlier one of equal tokens wins.
            patterns[first] = patterns[first]?.enumerated()
                .sorted { ($1.element.scalars.count, $0.offset) < ($0.element.scalars.count, $1.offset) }
                .map(\.element)
        }
    }

    /// Splits a text into added tokens and the parts between them, whose token is nil.
    func split(_ text: AlignedText) -> [(range: Range<Int>, token: AddedToken?)] {
        guard firsts != 0 else { return [(text.scalars.indices, nil)] }
        return text.scalars.withUnsafeBufferPointer { scalars in
            var result: [(range: Range<Int>, token: AddedToken?)] = []
            var done = 0
            var position = 0
            while position < scalars.count {
                guard firsts & 1 << UInt64(scalars[position].value & 63) != 0,
                    let pattern = match(scalars, at: position)
                else {
                    position += 1
                    continue
                }
                var start = position
                var end = position + pattern.scalars.count
                position = end
                let token = pattern.token
                if token.isSingleWord {
                    let isAlone =
                        (start == 0 || !ScalarClasses.isWord(scalars[start - 1].value))
                        && (end == scalars.count || !ScalarClasses.isWord(scalars[end].value))
                    guard isAlone else { continue }
                }
                if token.stripsLeft {
                    while start > done, ScalarClasses.isWhiteSpace(scalars[start - 1].value) { start -= 1 }
                }
                if token.stripsRight {
                    while end < scalars.count, ScalarClasses.isWhiteSpace(scalars[end].value) { end += 1 }
                }
                // The previous token's trailing white space may include this token.
                start = max(start, done)
                guard start < end else { continue }
                if done < start { result.append((done..<start, nil)) }
                result.append((start..<end, token))
                done = end
            }
            if done < scalars.count { result.append((done..<scalars.count, nil)) }
            return result
        }
    }

    private func match(_ scalars: UnsafeBufferPointer<AlignedScalar>, at position: Int) -> Pattern? {
        patterns[scalars[position].value]?.first { pattern in
            pattern.scalars.count <= scalars.count - position
                && pattern.scalars.indices.allSatisfy { pattern.scalars[$0] == scalars[position + $0].value }
        }
    }
}
