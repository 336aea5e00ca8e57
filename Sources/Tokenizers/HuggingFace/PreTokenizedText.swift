/// A text and the parts that pre-tokenization splits it into (`PreTokenizedString` of Hugging Face's `tokenizers`).
struct PreTokenizedText: Sendable {
    var text: AlignedText
    /// Non-empty ranges in `text`, ascending and disjoint.
    var parts: [Range<Int>]

    init(_ text: AlignedText) {
        self.text = text
        parts = text.scalars.isEmpty ? [] : [text.scalars.indices]
    }

    /// What happens to matches of a pattern (`SplitDelimiterBehavior`).
    enum Behavior: String, Sendable, CaseIterable {
        case removed = "Removed"
        case isolated = "Isolated"
        case mergedWithPrevious = "MergedWithPrevious"
        case mergedWithNext = "MergedWithNext"
        case contiguous = "Contiguous"
    }

    /// Splits each part at the ranges that `matches` returns.
    mutating func split(_ behavior: Behavior, inverted: Bool = false, _ matches: (Range<Int>) -> [Range<Int>]) {
        var result: [Range<Int>] = []
        result.reserveCapacity(parts.count)
        for part in parts {
            if behavior == .removed, inverted {
                result.append(contentsOf: matches(part).lazy.filter { !$0.isEmpty })
                continue
            }
            var cuts: [(range: Range<Int>, isMatch: Bool)] = []
            var position = part.lowerBound
            for match in matches(part) {
                if position < match.lowerBound { cuts.append((position..<match.lowerBound, inverted)) }
                cuts.append((match, !inverted))
                position = match.upperBound
            }
            if position < part.upperBound { cuts.append((position..<part.upperBound, inverted)) }
            result.append(contentsOf: Self.joined(cuts, behavior).lazy.filter { !$0.isEmpty })
        }
        parts = result
    }

    /// Splits each part at the scalars that `belongs` accepts.
    mutating func split(_ behavior: Behavior, where belongs: (UInt32) -> Bool) {
        let scalars = text.scalars
        split(behavior) { part in
            part.filter { belongs(scalars[$0].value) }.map { $0..<$0 + 1 }
        }
    }

    private static func joined(_ cuts: [(range: Range<Int>, isMatch: Bool)], _ behavior: Behavior) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var wasMatch = false
        switch behavior {
        case .removed: return cuts.filter { !$0.isMatch }.map(\.range)
        case .isolated: return cuts.map(\.range)
        case .contiguous:
            for cut in cuts {
                if cut.isMatch == wasMatch, let last = result.popLast() {
                    result.append(last.lowerBound..<cut.range.upperBound)
                } else {
                    result.append(cut.range)
                }
                wasMatch = cut.isMatch
            }
        case .mergedWithPrevious:
            for cut in cuts {
                if cut.isMatch, !wasMatch, let last = result.popLast() {
                    result.append(last.lowerBound..<cut.range.upperBound)
                } else {
                    result.append(cut.range)
                }
                wasMatch = cut.isMatch
            }
        case .mergedWithNext:
            for cut in cuts.reversed() {
                if cut.isMatch, !wasMatch, let last = result.popLast() {
                    result.append(cut.range.lowerBound..<last.upperBound)
                } else {
                    result.append(cut.range)
                }
                wasMatch = cut.isMatch
            }
            result.reverse()
        }
        return result
    }
}
