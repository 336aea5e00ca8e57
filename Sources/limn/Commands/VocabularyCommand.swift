import ArgumentParser
import Files
import Corpora
import FoundationEssentials
import Tokenizers

struct VocabularyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vocabulary",
        abstract: "Learn a vocabulary from captions, or see what a tokenizer makes of a text.",
        discussion: """
            A vocabulary of Limn is a JSON file of byte pairs: every text can be written in it, frequent words with one \
            token. Tokenizers of others are read as well: tokenizer.json, vocab.txt, vocab.json with merges.txt, CLIP's \
            bpe_simple_vocab_16e6.txt.gz, or a folder with one of them (docs/tokenizers.md).

            Examples:
              limn vocabulary train --captions flowers102 --size 2048 --name flowers-2k --out flowers-2k.json
              limn vocabulary encode "a red rose" --tokenizer flowers-2k.json
              limn vocabulary encode --file captions.txt --tokenizer all-MiniLM-L6-v2/tokenizer.json --json
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
            let texts = try TextInput(captions).captions(split: split)
            let file = captions == "-" ? "standard input" : URL(filePath: captions).lastPathComponent
            let vocabulary = try VocabularyTrainer(size: size).train(
                on: texts, name: name, provenance: provenance ?? "\(texts.count) captions of \(file)")
            try AtomicFile.write(vocabulary.json(), to: out)
            print("\(out): \(vocabulary.count) tokens learnt from \(texts.count) captions")
        }
    }

    /// What every subcommand that reads a tokenizer asks for.
    struct TokenizerOption: ParsableArguments {
        @Option(
            name: [.customLong("tokenizer"), .customLong("vocabulary")],
            help: "A vocabulary, a tokenizer.json, vocab.txt, vocab.json or CLIP's merges, or a folder with one.")
        var path: String

        func read() throws -> Tokenizer { try Tokenizer(contentsOf: path) }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what a tokenizer is and each of its tokens.",
            discussion: """
                Bytes that are no whole character are printed as \\xNN.

                Examples:
                  limn vocabulary show vocab/flowers-2k.json
                  limn vocabulary show vocab/flowers-2k.json | grep petal
                """)

        @Argument(help: "A vocabulary, or a tokenizer of others.")
        var path: String

        func run() throws {
            let tokenizer = try Tokenizer(contentsOf: path)
            if let vocabulary = tokenizer.vocabulary {
                print("# \(vocabulary.name): \(vocabulary.count) tokens\n# \(vocabulary.provenance)")
            } else {
                print("# \(path): \(tokenizer.count) tokens")
            }
            for id in 0..<Int32(tokenizer.count) {
                if let token = tokenizer.token(of: id) { print("\(id)\t\"\(token)\"") }
            }
        }
    }
}
