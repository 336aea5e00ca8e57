import FoundationEssentials

/// The image-folder layout: `metadata.jsonl`, one JSON object a line.
enum MetadataFile {
    static let name = "metadata.jsonl"

    /// A row as it is written in the file.
    struct Row: Encodable {
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
    }

    /// - Parameters:
    ///   - folder: that the file lies in and its paths are relative to, with a slash at its end; empty at the top.
    ///   - split: of rows that name none.
    static func read(in folder: String, split: String?, into listing: inout CorpusListing) throws {
        let file = folder + name
        let source = listing.addSource(file)
        var reader = try LineReader("\(listing.root)/\(file)")
        var draft = RowDraft()
        var isEmpty = true
        while let line = try reader.nextLine() {
            guard let range = line.range else {
                listing.note(
                    .tooLong, file, line.number, "is longer than \(LineReader.longestLine) bytes; no row needs as much")
                isEmpty = false
                continue
            }
            let bytes = reader.bytes[range]
            if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            isEmpty = false
            guard isUTF8(bytes) else {
                listing.note(.notUTF8, file, line.number, "is not UTF-8; save the file in that encoding")
                continue
            }
            draft.clear()
            var scanner = JSONScanner(reader.bytes, range)
            do throws(JSONScanner.Fault) {
                try draft.read(&scanner)
                try scanner.finish()
            } catch {
                listing.note(.malformedRow, file, line.number, error.reason)
                continue
            }
            if draft.split.isEmpty, let split { draft.split += split.utf8 }
            if draft.path.isEmpty {
                listing.note(.malformedRow, file, line.number, "has no \"file_name\"")
            } else {
                listing.add(draft, in: folder, source: source, line: line.number)
            }
        }
        if isEmpty { throw CorpusError.empty(file: "\(listing.root)/\(file)") }
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
}

/// Whether bytes are valid UTF-8.
func isUTF8(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
}
