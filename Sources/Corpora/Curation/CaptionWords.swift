/// The words of captions, numbered in order of appearance.
///
/// A word is a run of letters, digits, marks and inner apostrophes; letter case is ignored.
package struct CaptionWords {
    private(set) var words: [String] = []
    /// Number of occurrences of each word.
    private(set) var counts: [Int] = []
    private var numbers: [String: Int] = [:]

    /// Counts the words of a caption and returns their numbers, in order.
    mutating func add(_ caption: String) -> [Int] {
        var result: [Int] = []
        for word in Self.split(caption) {
            let number = numbers[word] ?? words.count
            if number == words.count {
                numbers[word] = number
                words.append(word)
                counts.append(0)
            }
            counts[number] += 1
            result.append(number)
        }
        return result
    }

    /// The words of a caption, in lower case.
    package static func split(_ caption: String) -> [String] {
        // Most captions are ASCII; splitting bytes is twenty times as fast as splitting characters.
        let words: [String]
        if caption.utf8.allSatisfy({ $0 < 0x80 }) {
            words = caption.utf8.split { !isWordByte($0) }.map { word in
                String(decoding: word.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
            }
        } else {
            words = caption.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "'" && $0 != "’" }
                .map { String($0.replacing("’", with: "'")) }
        }
        return words.compactMap { word in
            guard word.utf8.first == apostrophe || word.utf8.last == apostrophe else { return word }
            let bare = word.utf8.drop { $0 == apostrophe }.reversed().drop { $0 == apostrophe }.reversed()
            return bare.isEmpty ? nil : String(decoding: Array(bare), as: UTF8.self)
        }
    }

    private static let apostrophe = UInt8(ascii: "'")

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == apostrophe
    }
}
