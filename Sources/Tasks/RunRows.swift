import JSON

/// The rows of a run's `stats.jsonl` or of another file with one JSON object per line. Lines that are not complete are ignored:
/// a training may be writing them.
package struct RunRows: Sendable {
    /// One row.
    package struct Row: Sendable {
        /// The line as it stands in the file.
        package let text: [UInt8]
        /// Images seen.
        package let images: Int
        /// Its numbers by name; nil for those that are not finite, which are `null`.
        package let values: [String: Double?]

        /// The numbers that are finite, in the order of their names.
        package var numbers: [(name: String, value: Double)] {
            values.sorted { $0.key < $1.key }.compactMap { name, value in value.map { (name, $0) } }
        }
    }

    /// The rows, in the order of the file.
    package let rows: [Row]

    /// The rows in the content of a file.
    package init(_ bytes: [UInt8]) {
        rows = bytes.split(separator: UInt8(ascii: "\n")).compactMap { RunRows.row(Array($0)) }
    }

    private static func row(_ text: [UInt8]) -> Row? {
        guard let value = try? JSONValue(text), case .object(let members) = value else { return nil }
        var values: [String: Double?] = [:]
        for (key, value) in members {
            switch value {
            case .integer(let number): values[key] = Double(number)
            case .number(let number): values[key] = number
            case .null: values[key] = .some(nil)
            default: break
            }
        }
        guard let images = values["images"] ?? nil, (0...1e15).contains(images) else { return nil }
        return Row(text: text, images: Int(images), values: values)
    }

    /// Rows of more than `images` images, thinned evenly to at most `limit`; the last is kept.
    package func after(_ images: Int, limit: Int) -> [Row] {
        let rows = rows.filter { $0.images > images }
        guard rows.count > limit else { return rows }
        return (1...limit).map { rows[$0 * rows.count / limit - 1] }
    }

    /// A JSON list of rows.
    package static func list(_ rows: [Row]) -> [UInt8] {
        [UInt8(ascii: "[")] + Array(rows.map(\.text).joined(separator: [0x2C])) + [UInt8(ascii: "]")]
    }
}
