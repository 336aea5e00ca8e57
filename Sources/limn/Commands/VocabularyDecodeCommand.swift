import ArgumentParser
import Tokenizers

extension VocabularyCommand {
    struct Decode: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the text of token ids.",
            discussion: """
                EXAMPLES
                  limn vocabulary decode 1 262 300 2 --tokenizer vocab/flowers-2k.json
                  limn vocabulary encode - --tokenizer v.json < captions.txt \\
                    | limn vocabulary decode - --tokenizer v.json
                """)

        @Argument(help: "The ids of one text, or - for lines of ids on standard input.")
        var ids: [String]

        @OptionGroup var tokenizer: TokenizerOption

        func run() throws {
            let tokenizer = try tokenizer.read()
            let rows =
                ids == ["-"]
                ? try InputFile.lines("-").enumerated().map { index, line in
                    (line.split(whereSeparator: \.isWhitespace).map(String.init), "line \(index + 1): ")
                }
                : [(ids, "")]
            for (row, place) in rows {
                let numbers = try row.map { word in
                    guard let id = Int32(word), (0..<tokenizer.count).contains(Int(id)) else {
                        throw CommandError(
                            place.isEmpty ? .usage : .badData,
                            "\(place)\(word) is not a token id of \(self.tokenizer.path): expected 0..<\(tokenizer.count)"
                        )
                    }
                    return id
                }
                print(tokenizer.decode(numbers))
            }
        }
    }
}
