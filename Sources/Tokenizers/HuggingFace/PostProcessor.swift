import JSON

/// A post-processor of a `tokenizer.json`: adds special tokens before and after those of a text, and trims white space
/// from offsets.
struct PostProcessor: Sendable {
    var before: [Int32] = []
    var after: [Int32] = []
    /// One element for each trimming of offsets: whether it keeps a space that was prepended to the text.
    var trims: [Bool] = []

    /// The number of white space characters that a token begins and ends with.
    struct Spaces: Sendable {
        var leading: Int
        var trailing: Int

        init(_ token: String) {
            func isSpace(_ scalar: Unicode.Scalar) -> Bool {
                scalar.value == ByteAlphabet.space || ScalarClasses.isWhiteSpace(scalar.value)
            }
            leading = token.unicodeScalars.prefix(while: isSpace).count
            trailing = token.unicodeScalars.reversed().prefix(while: isSpace).count
        }
    }

    /// The offsets of the token at `index`, without white space.
    func trimmed(_ offsets: Range<Int>, of index: Int, _ spaces: Spaces) -> Range<Int> {
        guard spaces.leading > 0 || spaces.trailing > 0 else { return offsets }
        var (start, end) = (offsets.lowerBound, offsets.upperBound)
        for keepsPrefix in trims {
            if spaces.leading > 0, !((index == 0 || start == 0) && keepsPrefix && spaces.leading == 1) {
                start = min(start + spaces.leading, end)
            }
            if spaces.trailing > 0, end >= spaces.trailing { end = max(end - spaces.trailing, start) }
        }
        return start..<end
    }
}

extension PostProcessor {
    private static let names = ["BertProcessing", "RobertaProcessing", "ByteLevel", "TemplateProcessing", "Sequence"]

    /// Reads the post-processor of a `tokenizer.json`.
    /// - Parameter count: number of tokens; ids are 0..<count.
    init(_ fields: JSONFields, count: Int) throws {
        func id(_ value: JSONValue?, _ name: String) throws -> Int32 {
            guard case .integer(let id)? = value, (0..<count).contains(id) else {
                throw fields.fault("\(name) must name a token by an id in 0..<\(count)")
            }
            return Int32(id)
        }
        func pair(_ key: String) throws -> Int32 { try id(fields.list(key).last, fields.name(key)) }
        switch try fields.string("type") {
        case "BertProcessing":
            before = [try pair("cls")]
            after = [try pair("sep")]
        case "RobertaProcessing":
            before = [try pair("cls")]
            after = [try pair("sep")]
            if try fields.boolean("trim_offsets", default: true) {
                trims = [try fields.boolean("add_prefix_space", default: true)]
            }
        case "ByteLevel":
            if try fields.boolean("trim_offsets", default: true) {
                trims = [try fields.boolean("add_prefix_space", default: true)]
            }
        case "TemplateProcessing":
            var isAfterText = false
            for part in try fields.objects("single") {
                if part.optional("Sequence") != nil {
                    guard !isAfterText else { throw fields.fault("\(fields.name("single")) has the text twice") }
                    isAfterText = true
                    continue
                }
                let name = try part.object("SpecialToken").string("id")
                guard let entry = try fields.object("special_tokens").optional(name) else {
                    throw fields.fault("\(fields.name("special_tokens")) has no \"\(name.prefix(40))\"")
                }
                let ids = try fields.object(entry, path: fields.name("special_tokens")).list("ids")
                    .map { try id($0, "\"\(name.prefix(40))\"") }
                if isAfterText { after += ids } else { before += ids }
            }
            guard isAfterText else { throw fields.fault("\(fields.name("single")) has no place for the text") }
        case "Sequence":
            for step in try fields.objects("processors") {
                let step = try PostProcessor(step, count: count)
                before = step.before + before
                after += step.after
                trims += step.trims
            }
        case let other: throw fields.unsupported("type", other, Self.names)
        }
    }
}
