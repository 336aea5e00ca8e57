/// A token that is matched in the text before any other step.
struct AddedToken: Sendable {
    var content: String
    var id: Int32
    /// Is omitted when ids are decoded.
    var isSpecial = false
    /// Matches only between word boundaries.
    var isSingleWord = false
    /// Includes the white space before (`lstrip`) or after (`rstrip`) it.
    var stripsLeft = false
    var stripsRight = false
    /// Is normalised and matched in the normalised text.
    var isNormalized = false
}

/// Matches added tokens: the leftmost, of these the longest, as Hugging Face's `AddedVocabulary` does.
struct AddedVocabulary: Sendable {
    private struct Pattern {
        let scalars: [UInt32]
        let token: AddedToken
    }

    /// By first scalar, the longest first.
    private var patterns: [UInt32: [Pattern]] = [:]
    /// One bit for the low six bits of each first scalar, to skip most text quickly.
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
            // A stable sort: of equal tokens the earlier wins.
            patterns[first] = patterns[first]?.enumerated()
                .sorted { ($1.element.scalars.count, $0.offset) < ($0.element.scalars.count, $1.offset) }
                .map(\.element)
        }
    }

    /// Splits a text into parts, each with the added token that it is, or nil.
    func split(_ text: AlignedText) -> [(range: Range<Int>, token: AddedToken?)] {
        guard firsts != 0 else { return [(text.scalars.indices, nil)] }
        return text.scalars.withUnsafeBufferPointer { scalars in
            var result: [(range: Range<Int>, token: AddedToken?)] = []
            var done = 0
            var place = 0
            while place < scalars.count {
                guard firsts & 1 << UInt64(scalars[place].value & 63) != 0, let pattern = match(scalars, at: place)
                else {
                    place += 1
                    continue
                }
                var start = place
                var end = place + pattern.scalars.count
                place = end
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
                // The white space behind the token before may hold this one.
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

    private func match(_ scalars: UnsafeBufferPointer<AlignedScalar>, at place: Int) -> Pattern? {
        patterns[scalars[place].value]?.first { pattern in
            pattern.scalars.count <= scalars.count - place
                && pattern.scalars.indices.allSatisfy { pattern.scalars[$0] == scalars[place + $0].value }
        }
    }
}
