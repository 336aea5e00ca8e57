/// A pattern to search a text for: a string or a regular expression.
///
/// The patterns of most published tokenizers have hand-written scanners, which take linear time. All others use Swift's
/// `Regex` on Unicode scalars.
enum SplitPattern: Sendable, Equatable {
    /// GPT-2's (Radford et al., 2019, `encoder.py`): contractions; runs of letters, numbers or others, with a space
    /// before them; white space.
    case gpt2
    /// CLIP's (Radford et al., 2021, `simple_tokenizer.py`): contractions, runs of letters, single numbers, runs of
    /// others; in some files, first of all the two special tokens.
    case clip(specials: Bool)
    /// `\s+`
    case spaces
    /// ` {2,}`, two spaces or more.
    case repeatedSpaces
    /// `\w+|[^\w\s]+`
    case words
    case literal([UInt32])
    case expression(String)

    private static let clipPattern = #"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"#
    private static let clipSpecials = ["<|startoftext|>", "<|endoftext|>"].map { $0.unicodeScalars.map(\.value) }
    private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map {
        $0.unicodeScalars.map(\.value)
    }

    /// A regular expression from a file.
    /// - Throws: `TokenizerError.malformedTokenizer` if Swift cannot parse it.
    init(expression: String, file: String) throws {
        switch expression {
        case #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#: self = .gpt2
        case Self.clipPattern: self = .clip(specials: false)
        case #"<\|startoftext\|>|<\|endoftext\|>|"# + Self.clipPattern: self = .clip(specials: true)
        case #"\s+"#: self = .spaces
        case " {2,}": self = .repeatedSpaces
        case #"\w+|[^\w\s]+"#: self = .words
        default:
            do {
                _ = try Regex(expression)
            } catch {
                throw TokenizerError.malformedTokenizer(
                    file: file,
                    reason: "the regular expression \"\(expression.prefix(80))\" is not one that Limn can read")
            }
            self = .expression(expression)
        }
    }

    /// The matches within `range`, from left to right, without overlaps.
    func matches(in text: AlignedText, _ range: Range<Int>) -> [Range<Int>] {
        text.scalars.withUnsafeBufferPointer { scalars in
            var scanner = Scanner(scalars: scalars, position: range.lowerBound, end: range.upperBound)
            switch self {
            case .gpt2: return scanner.all { $0.gpt2() }
            case .clip(let specials): return scanner.all { $0.clip(specials ? Self.clipSpecials : []) }
            case .spaces: return scanner.all { $0.run(ScalarClasses.isWhiteSpace) }
            case .repeatedSpaces: return scanner.all { $0.run { $0 == 0x20 } }.filter { $0.count > 1 }
            case .words:
                return scanner.all { scanner in
                    scanner.run(ScalarClasses.isWord)
                        || scanner.run { !ScalarClasses.isWord($0) && !ScalarClasses.isWhiteSpace($0) }
                }
            case .literal(let literal):
                return literal.isEmpty ? [] : scanner.all { $0.literal(literal) }
            case .expression(let expression): return Self.matches(of: expression, in: scalars, range)
            }
        }
    }

    private static func matches(
        of expression: String, in scalars: UnsafeBufferPointer<AlignedScalar>, _ range: Range<Int>
    ) -> [Range<Int>] {
        // Parsed again, because a Regex is not Sendable; `init` has checked it.
        guard let regex = try? Regex(expression).matchingSemantics(.unicodeScalar) else { return [] }
        var view = String.UnicodeScalarView()
        for scalar in scalars[range] { view.append(Unicode.Scalar(scalar.value) ?? "\u{FFFD}") }
        let text = String(view)
        var position = range.lowerBound
        var index = text.startIndex
        func advance(to target: String.Index) -> Int {
            while index < target {
                index = text.unicodeScalars.index(after: index)
                position += 1
            }
            return position
        }
        return text.matches(of: regex).map { match in
            let start = advance(to: match.range.lowerBound)
            return start..<advance(to: match.range.upperBound)
        }
    }

    /// A position in a text that advances over matches.
    private struct Scanner {
        let scalars: UnsafeBufferPointer<AlignedScalar>
        var position: Int
        let end: Int

        /// All matches of `step`, which advances over a match and returns true; if it returns false, one scalar is
        /// skipped.
        mutating func all(_ step: (inout Scanner) -> Bool) -> [Range<Int>] {
            var result: [Range<Int>] = []
            while position < end {
                let start = position
                if step(&self) {
                    result.append(start..<position)
                } else {
                    position = start + 1
                }
            }
            return result
        }

        @inline(__always)
        private func kind(_ position: Int) -> ScalarClasses.Kind { ScalarClasses.kind(scalars[position].value) }

        @inline(__always)
        mutating func run(_ belongs: (UInt32) -> Bool) -> Bool {
            let start = position
            while position < end, belongs(scalars[position].value) { position += 1 }
            return position > start
        }

        @inline(__always)
        private mutating func run(of kind: ScalarClasses.Kind) {
            while position < end, self.kind(position) == kind { position += 1 }
        }

        mutating func literal(_ literal: [UInt32]) -> Bool {
            guard end - position >= literal.count, scalars[position].value == literal[0] else { return false }
            for (offset, value) in literal.enumerated() where scalars[position + offset].value != value { return false }
            position += literal.count
            return true
        }

        private mutating func contraction() -> Bool {
            guard scalars[position].value == 0x27 else { return false }
            for contraction in SplitPattern.contractions where literal(contraction) { return true }
            return false
        }

        mutating func clip(_ specials: [[UInt32]]) -> Bool {
            for special in specials where literal(special) { return true }
            if contraction() { return true }
            switch kind(position) {
            case .letter: run(of: .letter)
            case .number: position += 1
            case .other: run(of: .other)
            case .space: return false
            }
            return true
        }

        mutating func gpt2() -> Bool {
            if contraction() { return true }
            let start = position
            if scalars[position].value == 0x20, position + 1 < end, kind(position + 1) != .space { position += 1 }
            let kind = kind(position)
            run(of: kind)
            // White space before something else leaves its last scalar to the next match.
            if kind == .space, position < end, position - start > 1 { position -= 1 }
            return true
        }
    }
}
