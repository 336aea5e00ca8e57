import JSON

/// A pre-tokenizer of a `tokenizer.json`: splits normalized text into words.
indirect enum PreTokenizer: Sendable {
    /// When a prefix is prepended (`prepend_scheme`).
    enum Prefix: String, Sendable, CaseIterable {
        case always, first, never
    }

    case bert
    /// `Whitespace`: runs of `\w`, and runs of neither `\w` nor white space.
    case words
    case whiteSpace
    case byteLevel(addsPrefixSpace: Bool, splits: Bool)
    case pattern(SplitPattern, PreTokenizedText.Behavior, inverted: Bool)
    case punctuation(PreTokenizedText.Behavior)
    case digits(individual: Bool)
    case metaspace(UInt32, Prefix, splits: Bool)
    case sequence([PreTokenizer])

    /// Splits the parts of a text further.
    func apply(to split: inout PreTokenizedText) {
        switch self {
        case .bert: Self.splitAsBert(&split)
        case .words: Self.split(&split, .words, .removed, inverted: true)
        case .whiteSpace: split.split(.removed, where: ScalarClasses.isWhiteSpace)
        case .byteLevel(let addsPrefixSpace, let splits):
            if addsPrefixSpace { Self.rewrite(&split) { Self.prefix(&$0, with: 0x20) } }
            if splits { Self.split(&split, .gpt2, .isolated, inverted: false) }
            Self.spellBytes(&split)
        case .pattern(let pattern, let behavior, let inverted):
            Self.split(&split, pattern, behavior, inverted: inverted)
        case .punctuation(let behavior): split.split(behavior, where: ScalarClasses.isPunctuation)
        case .digits(let individual):
            split.split(individual ? .isolated : .contiguous) { ScalarClasses.kind($0) == .number }
        case .metaspace(let mark, let prefix, let splits):
            Self.rewrite(&split) { part in
                for index in part.scalars.indices where part.scalars[index].value == 0x20 {
                    part.scalars[index].value = mark
                }
                if prefix == .always || prefix == .first && part.scalars.first?.start == 0 {
                    Self.prefix(&part, with: mark)
                }
            }
            if splits { Self.split(&split, .literal([mark]), .mergedWithNext, inverted: false) }
        case .sequence(let steps): for step in steps { step.apply(to: &split) }
        }
    }

    private static func split(
        _ split: inout PreTokenizedText, _ pattern: SplitPattern, _ behavior: PreTokenizedText.Behavior, inverted: Bool
    ) {
        let text = split.text
        split.split(behavior, inverted: inverted) { pattern.matches(in: text, $0) }
    }

    /// Splits at white space, and makes each punctuation character a word.
    private static func splitAsBert(_ split: inout PreTokenizedText) {
        var result: [Range<Int>] = []
        for part in split.parts {
            var start = part.lowerBound
            for position in part {
                let value = split.text.scalars[position].value
                if value != 0x20, value < 0x80, !ScalarClasses.isPunctuation(value), value > 0x20 { continue }
                let isSpace = ScalarClasses.isWhiteSpace(value)
                guard isSpace || ScalarClasses.isPunctuation(value) else { continue }
                if start < position { result.append(start..<position) }
                if !isSpace { result.append(position..<position + 1) }
                start = position + 1
            }
            if start < part.upperBound { result.append(start..<part.upperBound) }
        }
        split.parts = result
    }

    private static func prefix(_ part: inout AlignedText, with mark: UInt32) {
        if let first = part.scalars.first, first.value != mark { part.prepend([mark]) }
    }

    /// Replaces each part by the result of `body`.
    private static func rewrite(_ split: inout PreTokenizedText, _ body: (inout AlignedText) -> Void) {
        var scalars: [AlignedScalar] = []
        scalars.reserveCapacity(split.text.scalars.count + split.parts.count)
        split.parts = split.parts.map { part in
            let start = scalars.count
            var text = split.text[part]
            body(&text)
            scalars.append(contentsOf: text.scalars)
            return start..<scalars.count
        }
        split.text.scalars = scalars
    }

    /// Maps each part to the byte-level alphabet.
    private static func spellBytes(_ split: inout PreTokenizedText) {
        var scalars: [AlignedScalar] = []
        scalars.reserveCapacity(split.text.scalars.count + 8)
        ByteAlphabet.scalars.withUnsafeBufferPointer { table in
            for index in split.parts.indices {
                let start = scalars.count
                for position in split.parts[index] {
                    ByteAlphabet.append(split.text.scalars[position], to: &scalars, table)
                }
                split.parts[index] = start..<scalars.count
            }
        }
        split.text.scalars = scalars
    }
}

extension PreTokenizer {
    private static let names = [
        "BertPreTokenizer", "Whitespace", "WhitespaceSplit", "ByteLevel", "Split", "Punctuation", "Digits", "Metaspace",
        "Sequence",
    ]

    /// Reads a pre-tokenizer of a `tokenizer.json`.
    init(_ fields: JSONFields) throws {
        func behavior(default fallback: PreTokenizedText.Behavior? = nil) throws -> PreTokenizedText.Behavior {
            let name = try fields.string("behavior", default: fallback?.rawValue)
            // Older files use snake case: removed, merged_with_previous.
            guard
                let behavior = PreTokenizedText.Behavior(
                    rawValue: name.split(separator: "_").map(\.capitalizedASCII).joined())
            else {
                throw fields.unsupported("behavior", name, PreTokenizedText.Behavior.allCases.map(\.rawValue))
            }
            return behavior
        }
        switch try fields.string("type") {
        case "BertPreTokenizer": self = .bert
        case "Whitespace": self = .words
        case "WhitespaceSplit": self = .whiteSpace
        case "ByteLevel":
            self = .byteLevel(
                addsPrefixSpace: try fields.boolean("add_prefix_space", default: true),
                splits: try fields.boolean("use_regex", default: true))
        case "Split":
            self = .pattern(
                try SplitPattern(fields.object("pattern")), try behavior(),
                inverted: try fields.boolean("invert", default: false))
        case "Punctuation": self = .punctuation(try behavior(default: .isolated))
        case "Digits": self = .digits(individual: try fields.boolean("individual_digits", default: false))
        case "Metaspace":
            self = .metaspace(
                try fields.scalar("replacement"), try Prefix(fields), splits: try fields.boolean("split", default: true)
            )
        case "Sequence": self = .sequence(try fields.objects("pretokenizers").map(PreTokenizer.init))
        case let other: throw fields.unsupported("type", other, Self.names)
        }
    }
}

extension PreTokenizer.Prefix {
    /// Reads the prefix of a `Metaspace` pre-tokenizer or decoder. Older files have `add_prefix_space` instead of
    /// `prepend_scheme`.
    init(_ fields: JSONFields) throws {
        let adds = try fields.boolean("add_prefix_space", default: true)
        let name = try fields.string("prepend_scheme", default: adds ? "always" : "never")
        guard let prefix = Self(rawValue: name) else {
            throw fields.unsupported("prepend_scheme", name, Self.allCases.map(\.rawValue))
        }
        guard adds || prefix == .never else {
            throw fields.fault(
                "\(fields.name("prepend_scheme")) is \"\(name)\", but \(fields.name("add_prefix_space")) is false")
        }
        self = prefix
    }
}

extension Substring {
    /// The text with a capital first letter.
    fileprivate var capitalizedASCII: String { prefix(1).uppercased() + dropFirst() }
}
