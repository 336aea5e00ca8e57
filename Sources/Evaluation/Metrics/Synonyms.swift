import Basics

/// Words and what to say in their place: what a model makes of captions whose words it never saw.
public struct Synonyms: Sendable {
    private let replacements: [String: String]

    /// A line that is not two words.
    public struct FormatError: ClassifiedError {
        /// The kind of failure.
        public var kind: ErrorKind { .badData }
        /// One line: file, line, what is expected.
        public let description: String
    }

    /// Reads a word and its synonym a line, `red crimson`; blank lines and those that begin with # are passed over.
    /// - Parameter file: what errors call the text.
    /// - Throws: `FormatError`.
    public init(text: String, named file: String) throws {
        var replacements: [String: String] = [:]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
        where !line.hasPrefix("#") {
            let words = line.split(whereSeparator: \.isWhitespace).map { $0.lowercased() }
            if words.isEmpty { continue }
            guard words.count == 2, words[0].allSatisfy(\.isLetter) else {
                throw FormatError(
                    description: "\(file):\(index + 1): expected a word and its synonym, such as red crimson")
            }
            replacements[words[0]] = words[1]
        }
        self.replacements = replacements
    }

    /// The caption with each whole word that has a synonym replaced, whatever its case.
    public func callAsFunction(_ caption: String) -> String {
        var result = ""
        var word = ""
        func finishWord() {
            result += replacements[word.lowercased()] ?? word
            word = ""
        }
        for character in caption {
            if character.isLetter {
                word.append(character)
            } else {
                finishWord()
                result.append(character)
            }
        }
        finishWord()
        return result
    }
}
