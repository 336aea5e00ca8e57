import FoundationEssentials
import JSON

/// The file of a vocabulary: one line of JSON, the same bytes for the same vocabulary.
private struct VocabularyFile: Codable {
    /// The kind of tokenizer and the version of the layout.
    static let format = "limn-byte-pairs-1"
    /// Maximum size of a file in bytes, enough for the largest vocabulary at 16 bytes per merge or less. Larger files
    /// are not parsed.
    static let largestByteCount = 1 << 23

    let format: String
    let name: String
    let provenance: String
    /// Number of tokens, to detect truncated files.
    let size: Int
    let specials: [String]
    /// Pairs of ids; the pair at index `n` makes the token with id 259 + `n`.
    let merges: [[Int32]]
}

extension Vocabulary {
    /// Parses the output of `json()`, strictly.
    /// - Parameters:
    ///   - bytes: the content of the file.
    ///   - file: its path, for messages.
    /// - Throws: `TokenizerError.malformedVocabulary`.
    public init(json bytes: [UInt8], named file: String) throws {
        func fault(_ reason: String) -> TokenizerError { .malformedVocabulary(file: file, reason: reason) }
        guard bytes.count <= VocabularyFile.largestByteCount else {
            throw fault("it has \(bytes.count) bytes, over \(VocabularyFile.largestByteCount)")
        }
        let content: VocabularyFile
        do {
            content = try JSONDecoder().decode(VocabularyFile.self, from: Data(bytes))
        } catch {
            throw fault(Self.reason(error))
        }
        guard content.format == VocabularyFile.format else {
            throw fault("\"format\" must be \"\(VocabularyFile.format)\", found \"\(content.format.prefix(40))\"")
        }
        guard content.specials == Self.specials else {
            throw fault("\"specials\" must be \(Self.specials.joined(separator: ", "))")
        }
        if let index = content.merges.firstIndex(where: { $0.count != 2 }) {
            throw fault("merge \(index) must be a pair, found \(content.merges[index].count) numbers")
        }
        guard content.size == Self.smallestCount + content.merges.count else {
            throw fault(
                "\"size\" is \(content.size), but there are \(Self.smallestCount) special and byte tokens and "
                    + "\(content.merges.count) merges")
        }
        try self.init(
            name: content.name, provenance: content.provenance,
            merges: content.merges.map { Merge(left: $0[0], right: $0[1]) }, file: file)
    }

    /// The content of the file: compact JSON in UTF-8 that ends with a line feed.
    public func json() throws -> [UInt8] {
        let content = VocabularyFile(
            format: VocabularyFile.format, name: name, provenance: provenance, size: count, specials: Self.specials,
            merges: merges.map { [$0.left, $0.right] })
        return [UInt8]((try jsonText(content) + "\n").utf8)
    }

    private static func reason(_ error: any Error) -> String {
        func place(_ path: [any CodingKey]) -> String {
            path.map { $0.intValue.map { "[\($0)]" } ?? "\"\($0.stringValue)\"" }.joined()
        }
        return switch error {
        case DecodingError.keyNotFound(let key, _):
            "it has no \"\(key.stringValue)\""
        case DecodingError.typeMismatch(_, let context) where !context.codingPath.isEmpty,
            DecodingError.valueNotFound(_, let context) where !context.codingPath.isEmpty,
            DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
            "\(place(context.codingPath)) has a value of the wrong kind"
        default:
            "it is not a JSON object in UTF-8 whose numbers are 32-bit integers"
        }
    }
}
