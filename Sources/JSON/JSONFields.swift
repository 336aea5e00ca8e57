import Basics

/// A JSON object of a file, with typed access to its members. Errors name the file and the member.
package struct JSONFields: Sendable {
    /// Makes an error from a file's path and what is wrong with it.
    package typealias Failure = @Sendable (_ file: String, _ reason: String) -> any Error

    package let members: [(key: String, value: JSONValue)]
    package let file: String
    /// Path of the object in the file, for example `model`; empty at the top.
    package let path: String
    private let failure: Failure

    package init(_ value: JSONValue, file: String, path: String = "", failure: @escaping Failure) throws {
        guard case .object(let members) = value else {
            throw failure(file, "\(path.isEmpty ? "it" : "\"\(path)\"") must be an object, found \(value.kind)")
        }
        (self.members, self.file, self.path, self.failure) = (members, file, path, failure)
    }

    package func fault(_ reason: String) -> any Error { failure(file, reason) }

    /// The error for a member whose value names something that Limn does not have.
    /// - Parameter supported: the names that it has.
    package func unsupported(_ key: String, _ value: String, _ supported: [String]) -> any Error {
        fault(
            "\(name(key)) is \"\(value.prefix(40))\", which Limn does not have; it has \(supported.joined(separator: ", "))"
        )
    }

    /// The path of a member, for messages.
    package func name(_ key: String) -> String { path.isEmpty ? "\"\(key)\"" : "\"\(path).\(key)\"" }

    /// A member; nil if it is missing or null.
    package func optional(_ key: String) -> JSONValue? {
        guard let value = members.last(where: { $0.key == key })?.value else { return nil }
        if case .null = value { return nil }
        return value
    }

    private func expected(_ key: String, _ kind: String) -> any Error {
        fault("\(name(key)) must be \(kind), found \(optional(key)?.kind ?? "nothing")")
    }

    // Members of each type. Without a default, a missing member is an error.

    package func string(_ key: String, default fallback: String? = nil) throws -> String {
        switch optional(key) {
        case .string(let string)?: return string
        case nil: if let fallback { return fallback }
        default: break
        }
        throw expected(key, "a string")
    }

    package func boolean(_ key: String, default fallback: Bool? = nil) throws -> Bool {
        switch optional(key) {
        case .boolean(let value)?: return value
        case nil: if let fallback { return fallback }
        default: break
        }
        throw expected(key, "true or false")
    }

    package func integer(_ key: String, default fallback: Int? = nil) throws -> Int {
        guard let value = optional(key) else {
            if let fallback { return fallback }
            throw expected(key, "an integer")
        }
        guard let integer = value.wholeNumber else { throw expected(key, "an integer") }
        return integer
    }

    /// An integer within a range.
    package func integer(_ key: String, default fallback: Int? = nil, in range: ClosedRange<Int>) throws -> Int {
        let value = try integer(key, default: fallback)
        guard range.contains(value) else {
            throw fault("\(name(key)) is \(value), expected \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    package func number(_ key: String, default fallback: Double? = nil) throws -> Double {
        switch optional(key) {
        case .integer(let value)?: return Double(value)
        case .number(let value)? where value.isFinite: return value
        case nil: if let fallback { return fallback }
        default: break
        }
        throw expected(key, "a number that is not infinite")
    }

    package func list(_ key: String) throws -> [JSONValue] {
        guard case .array(let elements)? = optional(key) else { throw expected(key, "a list") }
        return elements
    }

    package func object(_ key: String) throws -> JSONFields {
        guard let value = optional(key) else { throw expected(key, "an object") }
        return try object(value, path: path.isEmpty ? key : "\(path).\(key)")
    }

    /// A value of this file as an object.
    package func object(_ value: JSONValue, path: String) throws -> JSONFields {
        try JSONFields(value, file: file, path: path, failure: failure)
    }

    /// A member that is a list of objects.
    package func objects(_ key: String) throws -> [JSONFields] {
        try list(key).enumerated().map { index, value in
            try object(value, path: "\(path.isEmpty ? key : "\(path).\(key)")[\(index)]")
        }
    }

    /// The scalar of a string of one.
    package func scalar(_ key: String) throws -> UInt32 {
        let scalars = try string(key).unicodeScalars
        guard let scalar = scalars.first, scalars.count == 1 else { throw expected(key, "one character") }
        return scalar.value
    }
}

extension JSONFields {
    /// Parses a file whose content is one object.
    package init(parsing bytes: [UInt8], file: String, failure: @escaping Failure) throws {
        try self.init(JSONFields.value(bytes, file, failure), file: file, failure: failure)
    }

    /// Parses a file whose content is a list of objects.
    package static func list(parsing bytes: [UInt8], file: String, failure: @escaping Failure) throws -> [JSONFields] {
        guard case .array(let elements) = try value(bytes, file, failure) else {
            throw failure(file, "it must be a list")
        }
        return try elements.enumerated().map { index, value in
            try JSONFields(value, file: file, path: "[\(index)]", failure: failure)
        }
    }

    private static func value(_ bytes: [UInt8], _ file: String, _ failure: Failure) throws -> JSONValue {
        do {
            return try JSONValue(bytes)
        } catch {
            let line = bytes.prefix(error.offset).count { $0 == 0x0A } + 1
            let advice = error.offset < bytes.count ? "" : "; it was cut short, download it again"
            throw failure(
                file, "it is not JSON at byte \(error.offset), line \(line): \(error.reason)\(advice)")
        }
    }
}
