import JSON

/// A decoder of a `tokenizer.json`: converts tokens to text.
indirect enum TokenDecoder: Sendable {
    case wordPiece(prefix: String, cleansUp: Bool)
    case byteLevel
    case bytePairs(suffix: String)
    case byteFallback
    case metaspace(UInt32, dropsFirst: Bool)
    case fuse
    case strip(UInt32, start: Int, stop: Int)
    case replace(SplitPattern, [UInt32])
    case sequence([TokenDecoder])

    /// Converts tokens to pieces of text, which are then concatenated.
    func apply(to tokens: [String]) -> [String] {
        switch self {
        case .wordPiece(let prefix, let cleansUp):
            tokens.enumerated().map { index, token in
                let isPart = token.utf8.starts(with: prefix.utf8)
                let part = isPart ? String(Substring(token.utf8.dropFirst(prefix.utf8.count))) : " " + token
                let text = index == 0 ? token : part
                return cleansUp ? Self.cleaned(text) : text
            }
        case .byteLevel:
            [String(decoding: tokens.flatMap { ByteAlphabet.bytes(of: $0) ?? Array($0.utf8) }, as: UTF8.self)]
        case .bytePairs(let suffix):
            tokens.enumerated().map { index, token in
                token.replacing(suffix, by: index == tokens.count - 1 ? "" : " ")
            }
        case .byteFallback: Self.withBytes(tokens)
        case .metaspace(let mark, let dropsFirst):
            tokens.enumerated().map { index, token in
                var view = String.UnicodeScalarView()
                for scalar in token.unicodeScalars {
                    if scalar.value != mark {
                        view.append(scalar)
                    } else if index > 0 || !dropsFirst {
                        view.append(" ")
                    }
                }
                return String(view)
            }
        case .fuse: [tokens.joined()]
        case .strip(let content, let start, let stop):
            tokens.map { token in
                var scalars = token.unicodeScalars[...]
                for _ in 0..<max(start, 0) where scalars.first?.value == content { scalars.removeFirst() }
                for _ in 0..<max(stop, 0) where scalars.last?.value == content { scalars.removeLast() }
                return String(scalars)
            }
        case .replace(let pattern, let content):
            tokens.map { token in
                var text = AlignedText(token)
                text.replace(pattern.matches(in: text, text.scalars.indices), by: content)
                return text.string
            }
        case .sequence(let steps): steps.reduce(tokens) { $1.apply(to: $0) }
        }
    }

    /// Removes spaces before punctuation and contractions, as Hugging Face's `cleanup` does.
    private static func cleaned(_ text: String) -> String {
        [
            (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
            (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
        ].reduce(text) { $0.replacing($1.0, by: $1.1) }
    }

    /// Decodes runs of the tokens `<0x00>` … as UTF-8, or each to U+FFFD if the run is invalid.
    private static func withBytes(_ tokens: [String]) -> [String] {
        var result: [String] = []
        var bytes: [UInt8] = []
        func finish() {
            if bytes.isEmpty { return }
            if let text = String(validating: bytes, as: UTF8.self) {
                result.append(text)
            } else {
                result += bytes.map { _ in "\u{FFFD}" }
            }
            bytes = []
        }
        for token in tokens {
            if token.utf8.count == 6, token.hasPrefix("<0x"), token.hasSuffix(">"),
                let byte = UInt8(token.dropFirst(3).dropLast(), radix: 16)
            {
                bytes.append(byte)
            } else {
                finish()
                result.append(token)
            }
        }
        finish()
        return result
    }
}

extension String {
    /// Replaces each occurrence of `part`, compared by scalars.
    func replacing(_ part: String, by replacement: String) -> String {
        guard utf8.count >= part.utf8.count else { return self }
        var text = AlignedText(self)
        let pattern = SplitPattern.literal(part.unicodeScalars.map(\.value))
        text.replace(pattern.matches(in: text, text.scalars.indices), by: replacement.unicodeScalars.map(\.value))
        return text.string
    }
}

extension TokenDecoder {
    private static let names = [
        "WordPiece", "ByteLevel", "BPEDecoder", "ByteFallback", "Metaspace", "Fuse", "Strip", "Replace", "Sequence",
    ]

    /// Reads the decoder of a `tokenizer.json`.
    init(_ fields: JSONFields) throws {
        switch try fields.string("type") {
        case "WordPiece":
            self = .wordPiece(
                prefix: try fields.string("prefix", default: "##"),
                cleansUp: try fields.boolean("cleanup", default: true))
        case "ByteLevel": self = .byteLevel
        case "BPEDecoder": self = .bytePairs(suffix: try fields.string("suffix", default: "</w>"))
        case "ByteFallback": self = .byteFallback
        case "Metaspace":
            self = .metaspace(try fields.scalar("replacement"), dropsFirst: try PreTokenizer.Prefix(fields) != .never)
        case "Fuse": self = .fuse
        case "Strip":
            self = .strip(
                try fields.scalar("content"), start: min(try fields.integer("start"), 1 << 10),
                stop: min(try fields.integer("stop"), 1 << 10))
        case "Replace":
            self = .replace(
                try SplitPattern(fields.object("pattern")), try fields.string("content").unicodeScalars.map(\.value))
        case "Sequence": self = .sequence(try fields.objects("decoders").map(TokenDecoder.init))
        case let other: throw fields.unsupported("type", other, Self.names)
        }
    }
}
