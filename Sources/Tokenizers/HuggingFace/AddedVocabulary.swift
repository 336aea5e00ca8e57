/// A token that is looked for in the text before anything else is done to it.
struct AddedToken: Sendable {
    var content: String
    var id: Int32
    /// Spells nothing when ids are decoded.
    var isSpecial = false
    /// Only where no letter or digit is beside it.
    var isSingleWord = false
    /// Takes the white space before, or behind, with it.
    var stripsLeft = false
    var stripsRight = false
    /// Is looked for, normalised, in the normalised text.
    var isNormalized = false
}

/// Finds added tokens: the leftmost first, among those the longest, as Hugging Face's `AddedVocabulary` does.
struct AddedVocabulary: Sendable {
    private struct Pattern {
        let scalars: [UInt32]
        let token: AddedToken
    }

    /// By first scalar, the longest first.
    private var patterns: [UInt32: [Pattern]] = [:]
    /// A bit for the low six bits of each first scalar, to pass over most text fast.
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
            // Stable for equals: the earlier token wins.
            patterns[first] = patterns[first]?.enumerated()
                .sorted { ($1.element.scalars.count, $0.offset) < ($0.element.scalars.count, $1.offset) }
                .map(\.element)
        }
    }

    /// The parts of a text, each with the token that it is, if it is one; together they are the text.
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
