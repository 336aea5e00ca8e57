import ArgumentParser
import Basics
import JSON
import Tokenizers

extension VocabularyCommand {
    struct Encode: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the token ids of texts, one line per text.",
            discussion: """
                Texts are truncated only with --limit; standard error then says how many were.

                EXAMPLES
                  limn vocabulary encode "a red rose" --tokenizer vocab/flowers-2k.json
                  limn vocabulary encode "a red rose" --tokenizer vocab/flowers-2k.json --json
                  limn vocabulary encode --file captions.txt --limit 128 \\
                    --tokenizer all-MiniLM-L6-v2
                  limn vocabulary encode - --tokenizer vocab/flowers-2k.json < captions.txt
                """)

        @Argument(help: "Texts, or - for lines of standard input.")
        var texts: [String] = []

        @OptionGroup var tokenizer: TokenizerOption

        @Option(help: "A file with one text per line, or - for standard input.")
        var file: String?

        @Option(help: "The most tokens per text, including special tokens; longer texts are truncated.")
        var limit: Int?

        @Flag(help: "Print one JSON object per line: ids, tokens, and offsets in Unicode scalars of the text.")
        var json = false

        func validate() throws {
            if let limit, limit < 2 { throw ValidationError("--limit must be 2 or more, found \(limit)") }
            guard texts.isEmpty != (file == nil) else {
                throw ValidationError(
                    texts.isEmpty ? "expected texts, or --file" : "expected texts or --file, not both")
            }
        }

        func run() throws {
            let tokenizer = try tokenizer.read()
            if let limit, limit < tokenizer.specialTokenCount {
                throw CommandError(
                    .usage,
                    "--limit \(limit) is too small: this tokenizer adds \(tokenizer.specialTokenCount) special tokens to each text"
                )
            }
            let source = file ?? (texts == ["-"] ? "-" : nil)
            let lines = try source.map(InputFile.lines) ?? texts
            var truncated: [Int] = []
            // In chunks, so that the tokens of all texts are not in memory at once.
            var start = 0
            while start < lines.count {
                let part = lines[start..<min(start + 1024, lines.count)]
                for (index, sequence) in tokenizer.encode(part, limit: limit ?? .max).enumerated() {
                    if sequence.isTruncated { truncated.append(start + index + 1) }
                    if json {
                        let row = Encoded(
                            ids: sequence.ids, tokens: sequence.ids.map { tokenizer.token(of: $0) ?? "" },
                            offsets: sequence.offsets.map { [$0.lowerBound, $0.upperBound] })
                        print(try jsonText(row))
                    } else {
                        print(sequence.ids.map(String.init).joined(separator: " "))
                    }
                }
                start = part.endIndex
            }
            if let first = truncated.first, let limit {
                Terminal.say(
                    "limn: \(truncated.count) of \(lines.count) texts had more than \(limit) tokens and were truncated; the first is text \(first)"
                )
            }
        }

        private struct Encoded: Encodable {
            let ids: [Int32]
            let tokens: [String]
            let offsets: [[Int]]
        }
    }
}
