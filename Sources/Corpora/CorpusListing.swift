import FoundationEssentials

/// One picture as a layout lists it.
struct ListedPicture {
    /// Relative to the folder.
    let path: String
    let captions: [String]
    let className: String?
    let split: String?
    /// The file and line that list it, for messages.
    let file: String
    let line: Int?
}

/// What a corpus folder lists, with every problem met on the way instead of only the first.
///
/// `Corpus` refuses a listing with problems; `CorpusInspection` reports them.
struct CorpusListing {
    private(set) var rows: [ListedPicture] = []
    private(set) var problems: [CorpusProblem] = []

    /// Recognises the layout of a folder and lists it.
    /// - Throws: `CorpusError` where there is no corpus at all; what is wrong within one goes to `problems`.
    init(folder: String) throws {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder else {
            throw CorpusError.noSuchFolder(folder)
        }
        let hasMetadata = FileManager.default.fileExists(atPath: "\(folder)/\(MetadataFile.name)")
        let (listed, found) = try hasMetadata ? MetadataFile.read(in: folder) : SidecarFolder.read(folder)
        problems = found
        rows.reserveCapacity(listed.count)
        var places = [String: ListedPicture](minimumCapacity: listed.count)
        for row in listed {
            func note(_ kind: CorpusProblem.Kind, _ detail: String) {
                problems.append(CorpusProblem(kind: kind, file: row.file, line: row.line, detail: detail))
            }
            if let first = places.updateValue(row, forKey: row.path) {
                note(.repeatedPicture, "\(row.path) is already listed on line \(first.line ?? 0)")
            } else if !FileManager.default.fileExists(atPath: "\(folder)/\(row.path)") {
                note(.missingPicture, "\(row.path) does not exist")
            } else {
                rows.append(row)
            }
        }
    }
}

/// The lines of a text file as bytes, without their ends (LF or CR LF) and without a byte order mark.
struct TextLines {
    /// Each line that is not blank, with its number counted from 1; `nil` where it is not UTF-8.
    let lines: [(number: Int, text: String?)]

    /// - Throws: `CorpusError.cannotRead`.
    init(path: String) throws {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw CorpusError.cannotRead(path: path, reason: CorpusError.reason(error))
        }
        var bytes = [UInt8](data)[...]
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes = bytes.dropFirst(3) }
        lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
            .compactMap { index, line in
                let text = String(validating: line, as: UTF8.self).map(trimmed)
                return text == "" ? nil : (index + 1, text)
            }
    }
}

/// The text without white space at its ends.
func trimmed(_ text: String) -> String {
    var rest = Substring(text)
    while let first = rest.first, first.isWhitespace { rest.removeFirst() }
    while let last = rest.last, last.isWhitespace { rest.removeLast() }
    return String(rest)
}
