import JSON

/// A normalizer of a `tokenizer.json`.
indirect enum Normalizer: Sendable {
    /// BERT's normalizer (Devlin et al., 2019, `tokenization.py`).
    case bert(cleans: Bool, separatesIdeographs: Bool, stripsAccents: Bool, lowercases: Bool)
    case lowercase
    case form(AlignedText.NormalForm)
    case stripAccents
    case strip(left: Bool, right: Bool)
    case replace(SplitPattern, [UInt32])
    case prepend([UInt32])
    case byteLevel
    /// The normalization of neural machine translation in SentencePiece.
    case nmt
    case characterMap(CharacterMap)
    case sequence([Normalizer])

    /// Normalizes a text.
    func apply(to text: inout AlignedText) {
        switch self {
        case .bert(let cleans, let separatesIdeographs, let stripsAccents, let lowercases):
            if cleans { text.clean() }
            if separatesIdeographs { text.separateIdeographs() }
            if stripsAccents {
                text.normalize(.nfd)
                text.filter { !ScalarClasses.isNonspacingMark($0) }
            }
            if lowercases { text.lowercase() }
        case .lowercase: text.lowercase()
        case .form(let form): text.normalize(form)
        case .stripAccents: text.filter { !ScalarClasses.isOldMark($0) }
        case .strip(let left, let right): text.strip(left: left, right: right)
        case .replace(let pattern, let content):
            text.replace(pattern.matches(in: text, text.scalars.indices), by: content)
        case .prepend(let prefix): text.prepend(prefix)
        case .byteLevel:
            var result: [AlignedScalar] = []
            result.reserveCapacity(text.scalars.count)
            ByteAlphabet.scalars.withUnsafeBufferPointer { table in
                for scalar in text.scalars { ByteAlphabet.append(scalar, to: &result, table) }
            }
            text.scalars = result
        case .nmt: text.cleanForTranslation()
        case .characterMap(let map): text.replaceCharacters(by: map)
        case .sequence(let steps): for step in steps { step.apply(to: &text) }
        }
    }
}

extension Normalizer {
    private static let names = [
        "BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "StripAccents", "Strip", "Replace", "Prepend",
        "ByteLevel", "Nmt", "Precompiled", "Sequence",
    ]

    /// Reads a normalizer of a `tokenizer.json`.
    init(_ fields: JSONFields) throws {
        switch try fields.string("type") {
        case "BertNormalizer":
            let lowercases = try fields.boolean("lowercase", default: true)
            self = .bert(
                cleans: try fields.boolean("clean_text", default: true),
                separatesIdeographs: try fields.boolean("handle_chinese_chars", default: true),
                stripsAccents: try fields.boolean("strip_accents", default: lowercases), lowercases: lowercases)
        case "Lowercase": self = .lowercase
        case "NFC": self = .form(.nfc)
        case "NFD": self = .form(.nfd)
        case "NFKC": self = .form(.nfkc)
        case "NFKD": self = .form(.nfkd)
        case "StripAccents": self = .stripAccents
        case "Strip":
            self = .strip(
                left: try fields.boolean("strip_left", default: true),
                right: try fields.boolean("strip_right", default: true))
        case "Replace":
            self = .replace(
                try SplitPattern(fields.object("pattern")), try fields.string("content").unicodeScalars.map(\.value))
        case "Prepend": self = .prepend(try fields.string("prepend").unicodeScalars.map(\.value))
        case "ByteLevel": self = .byteLevel
        case "Sequence": self = .sequence(try fields.objects("normalizers").map(Normalizer.init))
        case "Nmt": self = .nmt
        case "Precompiled":
            do {
                self = .characterMap(try CharacterMap(base64: fields.string("precompiled_charsmap")))
            } catch let fault as CharacterMap.Fault {
                throw fields.fault("\(fields.name("precompiled_charsmap")) \(fault.reason)")
            }
        case let other: throw fields.unsupported("type", other, Self.names)
        }
    }
}

extension SplitPattern {
    /// Reads `{"String": …}` or `{"Regex": …}`.
    init(_ fields: JSONFields) throws {
        if fields.optional("Regex") != nil {
            try self.init(expression: fields.string("Regex"), file: fields.file)
        } else {
            self = .literal(try fields.string("String").unicodeScalars.map(\.value))
        }
    }
}

extension AlignedText {
    /// Keeps only the scalars that `keeps` accepts.
    mutating func filter(_ keeps: (UInt32) -> Bool) {
        if scalars.allSatisfy({ keeps($0.value) }) { return }
        scalars.removeAll { !keeps($0.value) }
    }

    /// Maps each scalar to its full lower-case mapping, independent of context.
    mutating func lowercase() {
        var result: [AlignedScalar] = []
        result.reserveCapacity(scalars.count)
        for scalar in scalars {
            ScalarClasses.lowercase(scalar.value) {
                result.append(AlignedScalar(value: $0, start: scalar.start, end: scalar.end))
            }
        }
        scalars = result
    }

    /// Removes white space at the ends.
    mutating func strip(left: Bool, right: Bool) {
        if right, let last = scalars.lastIndex(where: { !ScalarClasses.isWhiteSpace($0.value) }) {
            scalars.removeSubrange((last + 1)...)
        } else if right {
            scalars = []
        }
        if left {
            scalars.removeSubrange(
                ..<(scalars.firstIndex { !ScalarClasses.isWhiteSpace($0.value) } ?? scalars.endIndex))
        }
    }

    /// Removes control characters and U+FFFD, and replaces white space by spaces.
    fileprivate mutating func clean() {
        var result: [AlignedScalar] = []
        result.reserveCapacity(scalars.count)
        for var scalar in scalars {
            switch scalar.value {
            case 0x21..<0x7F: break
            case 0x09, 0x0A, 0x0D, 0x20: scalar.value = 0x20
            case 0xFFFD: continue
            default:
                if ScalarClasses.isOther(scalar.value) { continue }
                if ScalarClasses.isWhiteSpace(scalar.value) { scalar.value = 0x20 }
            }
            result.append(scalar)
        }
        scalars = result
    }

    /// Removes control characters, and replaces other white space, marks without width and U+FFFD by spaces.
    fileprivate mutating func cleanForTranslation() {
        scalars.removeAll { scalar in
            switch scalar.value {
            case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: true
            default: false
            }
        }
        for index in scalars.indices {
            switch scalars[index].value {
            case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
                scalars[index].value = 0x20
            default: break
            }
        }
    }

    /// Puts spaces around ideographs. The space before one takes the offsets of the preceding scalar, the space after
    /// it those of the ideograph.
    fileprivate mutating func separateIdeographs() {
        guard scalars.contains(where: { ScalarClasses.isIdeograph($0.value) }) else { return }
        transform(
            scalars.flatMap { scalar in
                let own = Change(value: scalar.value, change: 0)
                guard ScalarClasses.isIdeograph(scalar.value) else { return [own] }
                return [Change(value: 0x20, change: 1), own, Change(value: 0x20, change: 1)]
            })
    }
}
