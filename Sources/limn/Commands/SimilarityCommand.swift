import ArgumentParser
import Basics
import FoundationEssentials
import Inference
import JSON

struct SimilarityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "similarity", abstract: "Print the cosine similarities of sentences.",
        discussion: """
            Prints a table of cosines of the sentence vectors: 1 is the same direction, 0 is orthogonal. Use it to check a \
            text encoder: sentences with the same meaning should be more similar than sentences that share words.

            EXAMPLES
              limn similarity "a red rose" "a crimson rose" "a blue car"
              limn similarity "a red rose" "a crimson rose" --encoder all-MiniLM-L6-v2
              limn similarity "a cat" "a dog" --encoder clip-vit-base-patch32 --json
            """)

    @Argument(help: "Two or more sentences.")
    var sentences: [String]

    @OptionGroup var options: EncoderOptions

    @Flag(help: "Print a JSON object: the encoder, the sentences, and the rows of the table.")
    var json = false

    func validate() throws {
        guard (2...1000).contains(sentences.count) else {
            throw ValidationError(
                "Expected 2 to 1000 sentences, found \(sentences.count)."
            )
        }
        if let empty = sentences.firstIndex(where: { $0.allSatisfy(\.isWhitespace) }) {
            throw ValidationError("Sentence \(empty + 1) is empty.")
        }
    }

    func run() throws {
        let embedder = try options.embedder()
        let tokens = embedder.tokens(of: sentences)
        for (index, ids) in tokens.enumerated() where ids.count > embedder.limit {
            Terminal.say(
                "sentence \(index + 1) has \(embedder.tokenCount(sentences[index])) tokens, but this encoder reads only the first "
                    + "\(embedder.textLimit)"
            )
        }
        let vectors = try embedder.embed(tokens: tokens)
        try embedder.requireFinite(vectors)
        let width = embedder.width
        let cosines = sentences.indices.map { row in
            sentences.indices.map { column in
                (0..<width).reduce(Float(0)) { $0 + vectors[row * width + $1] * vectors[column * width + $1] }
            }
        }
        if json {
            print(try jsonText(Record(encoder: embedder.name, sentences: sentences, cosines: cosines)))
        } else {
            SimilarityTable(sentences, cosines).lines.forEach { print($0) }
        }
    }

    private struct Record: Encodable {
        let encoder: String
        let sentences: [String]
        let cosines: [[Float]]
    }
}

/// Cosines as text: rows begin with their number and sentence, columns have numbers.
struct SimilarityTable {
    let lines: [String]

    private static let longestName = 40

    init(_ sentences: [String], _ cosines: [[Float]]) {
        let names = sentences.enumerated().map { index, sentence in
            "\(index + 1) " + SimilarityTable.shortened(sentence)
        }
        let widest = names.map(SimilarityTable.columns).max() ?? 0
        let header = String(repeating: " ", count: widest) + sentences.indices.map { padded("\($0 + 1)") }.joined()
        func padded(_ text: String) -> String { String(repeating: " ", count: max(1, 8 - text.count)) + text }
        lines =
            [header]
            + zip(names, cosines).map { name, row in
                name + String(repeating: " ", count: widest - SimilarityTable.columns(name))
                    + row.map { padded(SimilarityTable.decimal($0)) }.joined()
            }
    }

    /// A sentence without control characters, which would move the cursor, and shortened to fit its column.
    private static func shortened(_ sentence: String) -> String {
        let line = String(sentence.map { $0.isNewline || $0 == "\t" ? " " : $0 }).filter {
            !$0.unicodeScalars.contains { $0.properties.generalCategory == .control }
        }
        return line.count <= longestName ? line : line.prefix(longestName - 1) + "…"
    }

    /// The width in columns of a terminal, where ideographs and emoji occupy two.
    private static func columns(_ text: String) -> Int {
        text.reduce(0) { total, character in
            let first = character.unicodeScalars.first?.value ?? 0
            let isWide =
                (0x1100...0x115F).contains(first) || (0x2E80...0xA4CF).contains(first)
                || (0xAC00...0xD7A3).contains(first) || (0xF900...0xFAFF).contains(first)
                || (0xFE30...0xFE6F).contains(first) || (0xFF00...0xFF60).contains(first)
                || (0x1F300...0x1FAFF).contains(first) || (0x20000...0x3FFFD).contains(first)
            return total + (isWide ? 2 : 1)
        }
    }

    /// Three decimals, without a minus sign for zero.
    private static func decimal(_ value: Float) -> String {
        let thousandths = Int((min(max(value, -1), 1) * 1000).rounded())
        let size = abs(thousandths)
        return (thousandths < 0 ? "-" : "") + "\(size / 1000).\(zeroPadded(size % 1000, width: 3))"
    }
}
