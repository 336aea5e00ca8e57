import Basics

/// Parses a tokenizer's text files.
enum TokenizerText {
    /// The lines of a file, without line ends and a byte order mark.
    /// - Throws: `TokenizerError.malformedTokenizer` with the number of the first line that is not UTF-8.
    static func lines(_ bytes: [UInt8], file: String) throws(TokenizerError) -> [String] {
        do throws(NotUTF8) {
            return try fileLines(bytes)
        } catch {
            throw .malformedTokenizer(file: file, reason: "line \(error.line) \(error)")
        }
    }

    /// The two tokens of a merge, separated by one space.
    static func pair(_ line: String) -> (left: String, right: String)? {
        let parts = line.utf8.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        return (String(Substring(parts[0])), String(Substring(parts[1])))
    }

    /// The merges of a `merges.txt`, whose first line may be `#version: …`.
    static func merges(_ lines: some Collection<String>, first: Int, file: String) throws -> [(
        left: String, right: String
    )] {
        try lines.enumerated().compactMap { index, line in
            if line.hasPrefix("#version") || line.isEmpty { return nil }
            guard let pair = pair(line) else {
                throw TokenizerError.malformedTokenizer(
                    file: file, reason: "line \(index + first) must be two tokens with a space between")
            }
            return pair
        }
    }
}
