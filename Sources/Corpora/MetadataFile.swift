import FoundationEssentials

/// The image-folder layout: `metadata.jsonl`, one JSON object a line.
enum MetadataFile {
    static let name = "metadata.jsonl"

    /// A row as it is written in the file.
    struct Row: Codable {
        let fileName: String
        let text: [String]
        let className: String?
        let split: String?

        enum CodingKeys: String, CodingKey {
            case fileName = "file_name"
            case text
            case className = "class"
            case split
        }

        init(fileName: String, text: [String], className: String?, split: String?) {
            self.fileName = fileName
            self.text = text
            self.className = className
            self.split = split
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            fileName = try values.decode(String.self, forKey: .fileName)
            // A caption alone or a list of them; a row without any is reported as such, not as malformed.
            if !values.contains(.text) {
                text = []
            } else if let one = try? values.decode(String.self, forKey: .text) {
                text = [one]
            } else {
                text = try values.decode([String].self, forKey: .text)
            }
            className = try values.decodeIfPresent(String.self, forKey: .className)
            split = try values.decodeIfPresent(String.self, forKey: .split)
        }
    }

    static func read(in folder: String) throws -> ([ListedPicture], [CorpusProblem]) {
        let lines = try TextLines(path: "\(folder)/\(name)").lines
        if lines.isEmpty { throw CorpusError.empty(file: "\(folder)/\(name)") }
        let decoder = JSONDecoder()
        var rows: [ListedPicture] = []
        rows.reserveCapacity(lines.count)
        var problems: [CorpusProblem] = []
        for (number, text) in lines {
            func note(_ kind: CorpusProblem.Kind, _ detail: String) {
                problems.append(CorpusProblem(kind: kind, file: name, line: number, detail: detail))
            }
            guard let text else {
                note(.notUTF8, "is not UTF-8; save the file in that encoding")
                continue
            }
            let row: Row
            do {
                row = try decoder.decode(Row.self, from: Data(text.utf8))
            } catch {
                note(.malformedRow, reason(error))
                continue
            }
            let captions = row.text.map(trimmed)
            if let fault = fault(inPath: row.fileName) {
                note(.unsafePath, fault)
            } else if captions.isEmpty || captions.contains("") {
                note(.noCaption, "\(row.fileName) has \(captions.isEmpty ? "no \"text\"" : "a blank caption")")
            } else {
                rows.append(
                    ListedPicture(
                        path: row.fileName, captions: captions, className: row.className, split: row.split,
                        file: name, line: number))
            }
        }
        return (rows, problems)
    }

    /// Writes the file whole or not at all, a row a line.
    static func write(_ rows: [Row], in folder: String) throws {
        let path = "\(folder)/\(name)"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            var text = Data()
            for row in rows {
                text.append(try encoder.encode(row))
                text.append(UInt8(ascii: "\n"))
            }
            try text.write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw CorpusError.cannotWrite(path: path, reason: CorpusError.reason(error))
        }
    }

    /// Why a `file_name` must not be opened, or `nil` where it stays inside the folder.
    private static func fault(inPath path: String) -> String? {
        if path.isEmpty || path.utf8.contains(0) { return "\"file_name\" is empty or holds a zero byte" }
        if path.hasPrefix("/") { return "\"file_name\" \(path) is absolute; it must be relative to the folder" }
        if path.split(separator: "/").contains("..") { return "\"file_name\" \(path) leaves the folder" }
        return nil
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _):
            "has no \"\(key.stringValue)\""
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            if let key = context.codingPath.first?.stringValue {
                "\"\(key)\" must be a string\(key == "text" ? " or a list of strings" : "")"
            } else {
                "is not a JSON object"
            }
        default:
            "is not valid JSON"
        }
    }
}
