/// Replacements of whole words in prompts, regardless of case, all at once: what is put in is not replaced again.
package struct WordReplacements: Sendable {
    /// The words, one or several in a row, and what replaces them; empty removes them.
    package let pairs: [(words: String, replacement: String)]

    /// - Parameter pairs: words that are not empty; of two that match at the same place, the longer ones are replaced.
    package init(_ pairs: [(words: String, replacement: String)]) {
        precondition(pairs.allSatisfy { !$0.words.isEmpty }, "a word has a letter")
        self.pairs = pairs
    }

    /// The prompt with all replacements made, and the indices of those whose words occur in it.
    package func callAsFunction(_ prompt: String) -> (prompt: String, found: Set<Int>) {
        let letters = Array(prompt)
        let folded = letters.map { $0.lowercased() }
        let wanted = pairs.map { $0.words.map { $0.lowercased() } }
        var result: [Character] = []
        var found: Set<Int> = []
        var position = 0
        while position < letters.count {
            let matches = pairs.indices.filter { pair in
                let end = position + wanted[pair].count
                return end <= letters.count && folded[position..<end].elementsEqual(wanted[pair])
                    && WordReplacements.isBoundary(letters, position) && WordReplacements.isBoundary(letters, end)
            }
            found.formUnion(matches)
            guard let match = matches.max(by: { wanted[$0].count < wanted[$1].count }) else {
                result.append(letters[position])
                position += 1
                continue
            }
            position += wanted[match].count
            result += pairs[match].replacement
            // Of the spaces around a word that is removed, one remains.
            if pairs[match].replacement.isEmpty, position < letters.count, letters[position].isWhitespace,
                result.last?.isWhitespace ?? true
            {
                position += 1
            }
        }
        return (String(result), found)
    }

    /// Whether no word continues from the letter before a position to the one at it.
    private static func isBoundary(_ letters: [Character], _ position: Int) -> Bool {
        func isPart(_ letter: Character) -> Bool { letter.isLetter || letter.isNumber }
        return position == 0 || position == letters.count
            || !(isPart(letters[position - 1]) && isPart(letters[position]))
    }
}
