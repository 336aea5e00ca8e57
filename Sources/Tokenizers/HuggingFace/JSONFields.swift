import JSON

/// A JSON object in a tokenizer file, with typed access to its members. Errors name the file and the member.
struct JSONFields {
    let members: [(key: String, value: JSONValue)]
    let file: String
    /// Path of the object in the file, for example `model`; empty at the top.
    let path: String

    init(_ value: JSONValue, file: String, path: String = "") throws {
        guard case .object(let members) = value else {
            throw TokenizerError.malformedTokenizer(
                file: file, reason: "\(path.isEmpty ? "it" : "\"\(path)\"") must be an object, found \(value.kind)")
        }
        (self.members, self.file, self.path) = (members, file, path)
    }

    func fault(_ reason: String) -> TokenizerError { .malformedTokenizer(file: file, reason: reason) }

    /// The path of a member, for messages.
    func name(_ key: String) -> String { path.isEmpty ? "\"\(key)\"" : "\"\(path).\(key)\"" }

    /// A member; nil if it is missing or null.
    func optional(_ key: String) -> JSONValue? {
        guard let value = members.last(where: { $0.key == key })?.value else { return nil }
        if case .null = value { return nil }
        return value
    }

    private func expected(_ key: String, _ kind: String) -> TokenizerError {
        fault("\(name(key)) must be \(kind), found \(optional(key)?.kind ?? "nothing")")
    }

    // Members of each type. Without a default, a missing member is an error.

    func string(_ key: String, default fallback: String? = nil) throws -> String {
        switch optional(key) {
        case .string(let string)?: return string
        case nil: if let fallback { return fallback }
        default: break
        }
        throw expected(key, "a string")
    }

    func boolean(_ key: String, default fallback: Bool? = nil) throws -> Bool {
        switch optional(key) {
        case .boolean(let value)?: return value
        case nil: if let fallback { return fallback }
        default: break
        }
        throw expected(key, "true or false")
    }

    func integer(_ key: String, default fallback: Int? = nil) throws -> Int {
        switch optional(key) {
        case .integer(let value)?: return value
        case nil: if let fallback { return fallback }
        default: break
        }
        throw expected(key, "an integer")
    }

    func list(_ key: String) throws -> [JSONValue] {
        guard case .array(let elements)? = optional(key) else { throw expected(key, "a list") }
        return elements
    }

    func object(_ key: String) throws -> JSONFields {
        guard let value = optional(key) else { throw expected(key, "an object") }
        return try JSONFields(value, file: file, path: path.isEmpty ? key : "\(path).\(key)")
    }

    /// A member that is a list of objects.
    func objects(_ key: String) throws -> [JSONFields] {
        try list(key).enumerated().map { index, value in
            try JSONFields(value, file: file, path: "\(path.isEmpty ? key : "\(path).\(key)")[\(index)]")
        }
    }

    /// The scalar of a string of one.
    func scalar(_ key: String) throws -> UInt32 {
        let scalars = try string(key).unicodeScalars
        guard let scalar = scalars.first, scalars.count == 1 else { throw expected(key, "one character") }
        return scalar.value
    }

    /// A token's id.
    func id(_ value: JSONValue, of token: String) throws -> Int32 {
        guard case .integer(let id) = value, (0..<ModelVocabulary.largestCount).contains(id) else {
            throw fault(
                "the id of token \"\(token.prefix(40))\" must be an integer in 0..<\(ModelVocabulary.largestCount)")
        }
        return Int32(id)
    }
}
