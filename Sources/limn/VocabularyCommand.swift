import ArgumentParser
import Checkpoints
import FoundationEssentials
import Language

struct VocabularyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vocabulary",
        abstract: "Learn a vocabulary from captions, or see what one makes of a text.",
        discussion: """
            A vocabulary is a JSON file of byte pairs: every text can be written in it, frequent words with one token.

            Examples:
              limn vocabulary train --captions flowers102 --size 2048 --name flowers-2k --out flowers-2k.json
              limn vocabulary encode "a red rose" --vocabulary flowers-2k.json
            """,
        subcommands: [Train.self, Encode.self, Decode.self, Show.self])

    struct Train: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Learn a vocabulary from captions.",
            discussion: """
                Captions come from a corpus folder (see limn corpus), from a metadata.jsonl alone, or from a text file \
                with a caption a line; - reads such lines from standard input. Where a corpus has splits, only one is \
                read, so that held-out captions stay unseen. The same captions give the same file.

                Examples:
                  limn vocabulary train --captions flowers102 --size 2048 --name flowers-2k --out flowers-2k.json
                  limn vocabulary train --captions captions.txt --size 1024 --name mine --out mine.json
                  cut -f2 captions.tsv | limn vocabulary train --captions - --size 512 --name tiny --out tiny.json
                """)

        @Option(help: "A corpus folder, a metadata.jsonl, a text file with a caption a line, or - for such lines.")
        var captions: String

        @Option(help: "The most tokens to learn; 259 special and byte tokens are among them.")
        var size = 2048

        @Option(help: "What to call the vocabulary.")
        var name: String

        @Option(help: "The file to write, JSON.")
        var out: String

        @Option(help: "The split of a corpus to read.")
        var split = "train"

        @Option(help: "Where the captions are from, kept in the file; else their number and the name of their file.")
        var provenance: String?

        func run() throws {
            let texts = try Input(captions).captions(split: split)
            let file = captions == "-" ? "standard input" : URL(filePath: captions).lastPathComponent
            let vocabulary = try VocabularyTrainer(size: size).train(
                on: texts, name: name, provenance: provenance ?? "\(texts.count) captions of \(file)")
            try AtomicFile.write(vocabulary.json(), to: out)
            print("\(out): \(vocabulary.count) tokens learnt from \(texts.count) captions")
        }
    }

    struct Encode: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the token ids of texts, a line for each text.",
            discussion: """
                Examples:
                  limn vocabulary encode "a red rose" --vocabulary vocab/flowers-2k.json
                  limn vocabulary encode "a red rose" --vocabulary vocab/flowers-2k.json --json
                  limn vocabulary encode - --vocabulary vocab/flowers-2k.json < captions.txt
                """)

        @Argument(help: "Texts, or - for lines of standard input.")
        var texts: [String]

        @Option(name: .customLong("vocabulary"), help: "The vocabulary, JSON.")
        var path: String

        @Option(help: "The most tokens of a text, start and end among them.")
        var limit = 64

        @Flag(help: "Print a JSON object a line: text as normalised, ids, and what each id spells.")
        var json = false

        func validate() throws {
            guard limit >= 2 else { throw ValidationError("--limit must be 2 or more, found \(limit)") }
        }

        func run() throws {
            let tokenizer = try Tokenizer(vocabulary: loadVocabulary(path))
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            for text in texts == ["-"] ? try Input("-").lines().map(\.text) : texts {
                let sequence = tokenizer.encode(text, limit: limit)
                if json {
                    let row = Encoded(
                        text: tokenizer.decode(sequence), ids: sequence.ids,
                        pieces: sequence.ids.map { tokenizer.vocabulary.label(of: $0) })
                    print(String(decoding: try encoder.encode(row), as: UTF8.self))
                } else {
                    print(sequence.ids.map(String.init).joined(separator: " "))
                }
            }
        }

        private struct Encoded: Encodable {
            let text: String
            let ids: [Int32]
            let pieces: [String]
        }
    }

    struct Decode: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the text that token ids spell.",
            discussion: """
                Examples:
                  limn vocabulary decode 1 262 300 2 --vocabulary vocab/flowers-2k.json
                  limn vocabulary encode - --vocabulary v.json < captions.txt \
                | limn vocabulary decode - --vocabulary v.json
                """)

        @Argument(help: "The ids of one text, or - for lines of ids on standard input.")
        var ids: [String]

        @Option(name: .customLong("vocabulary"), help: "The vocabulary, JSON.")
        var path: String

        func run() throws {
            let tokenizer = try Tokenizer(vocabulary: loadVocabulary(path))
            let count = tokenizer.vocabulary.count
            let rows =
                ids == ["-"]
                ? try Input("-").lines().map {
                    ($0.text.split(whereSeparator: \.isWhitespace).map(String.init), "line \($0.number): ")
                }
                : [(ids, "")]
            for (row, place) in rows {
                let numbers = try row.map { word in
                    guard let id = Int32(word), (0..<count).contains(Int(id)) else {
                        throw CommandError(
                            exit: place.isEmpty ? .usage : .badData,
                            "\(place)\(word) is no token id of \(path): expected 0..<\(count)")
                    }
                    return id
                }
                let pieces = numbers.filter { Vocabulary.specialName(of: $0) == nil }
                print(tokenizer.decode(TokenSequence(pieces: pieces)))
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what a vocabulary is and each of its tokens.",
            discussion: """
                Bytes that are no whole character are printed as \\xNN.

                Examples:
                  limn vocabulary show vocab/flowers-2k.json
                  limn vocabulary show vocab/flowers-2k.json | grep petal
                """)

        @Argument(help: "The vocabulary, JSON.")
        var path: String

        func run() throws {
            let vocabulary = try loadVocabulary(path)
            print("# \(vocabulary.name): \(vocabulary.count) tokens\n# \(vocabulary.provenance)")
            for id in 0..<Int32(vocabulary.count) { print("\(id)\t\"\(vocabulary.label(of: id))\"") }
        }
    }
}

private func loadVocabulary(_ path: String) throws -> Vocabulary {
    try Vocabulary(json: Input(path).bytes(), named: path)
}

extension Vocabulary {
    /// What a token spells, for people: a special token's name, text, or bytes of a cut character as \xNN.
    fileprivate func label(of id: Int32) -> String {
        if let name = Self.specialName(of: id) { return name }
        let bytes = spelling(of: id) ?? []
        if let text = String(validating: bytes, as: UTF8.self), !bytes.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
            return text
        }
        return bytes.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
