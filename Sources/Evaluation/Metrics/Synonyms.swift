import Basics

/// Replacements for words of captions, to test a model on words that it was not trained on.
public struct Synonyms: Sendable {
    private let replacements: [String: String]

    /// A line that does not have two words.
    public struct FormatError: ClassifiedError {
        /// The kind of failure.
        public var kind: ErrorKind { .badData }
        /// One line: the file, the line number, and what was expected.
        public let description: String
    }

    /// Reads one word and its synonym per line, such as `red crimson`; ignores blank lines and lines that begin with #.
    /// - Parameter file: name of the text in errors.
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

    /// The caption with every word that has a synonym replaced, regardless of case.
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
