import ArgumentParser
import Files
import Corpora
import FoundationEssentials
import Tokenizers

struct VocabularyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vocabulary",
        abstract: "Train a vocabulary on captions, or apply a tokenizer to text.",
        discussion: """
            Limn's vocabularies are byte-level BPE in a JSON file: any text can be encoded, and frequent words are one token. Other tokenizers are supported as well: tokenizer.json, vocab.txt, vocab.json with merges.txt, CLIP's \
            bpe_simple_vocab_16e6.txt.gz, or a folder with one of these (docs/tokenizers.md).

            EXAMPLES
              limn vocabulary train --captions flowers102 --name flowers --out flowers.json
              limn vocabulary encode "a red rose" --tokenizer flowers.json
              limn vocabulary encode --file captions.txt --tokenizer all-MiniLM-L6-v2
            """,
        subcommands: [Train.self, Encode.self, Decode.self, Show.self])

    struct Train: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Train a vocabulary on captions.",
            discussion: """
                Captions come from a corpus folder (see limn corpus), from a metadata.jsonl alone, or from a text file \
                with one caption per line. Of a corpus with splits, only one is read, so that test captions are not \
                used. The same captions give the same file.

                EXAMPLES
                  limn vocabulary train --captions flowers102 --name flowers --out flowers.json
                  limn vocabulary train --captions captions.txt --size 1024 --name mine \\
                    --out mine.json
                  cut -f2 captions.tsv | limn vocabulary train --captions - --size 512 \\
                    --name tiny --out tiny.json
                """)

        @Option(
            help: "A corpus folder, a metadata.jsonl, a text file with one caption per line, or - for standard input.")
        var captions: String

        @Option(help: "Vocabulary size, including 259 special and byte tokens.")
        var size = 2048

        @Option(help: "Name of the vocabulary.")
        var name: String

        @Option(help: "The JSON file to write.")
        var out: String

        @Option(help: "The split of a corpus to read; \"\" is all rows.")
        var split = "train"

        @Option(help: "Description of the captions, stored in the file; by default their number and file name.")
        var provenance: String?

        func run() throws {
            try Paths.requireWritable(out)
            let texts = try TextInput(captions).captions(split: split)
            let file = captions == "-" ? "standard input" : URL(filePath: captions).lastPathComponent
            let vocabulary = try VocabularyTrainer(size: size).train(
                on: texts, name: name, provenance: provenance ?? "\(texts.count) captions of \(file)")
            try AtomicFile.write(vocabulary.json(), to: out)
            print("\(out): \(vocabulary.count) tokens trained on \(texts.count) captions")
        }
    }

    /// The tokenizer option of subcommands.
    struct TokenizerOption: ParsableArguments {
        @Option(
            name: [.customLong("tokenizer"), .customLong("vocabulary")],
            help: "A vocabulary, a tokenizer.json, vocab.txt, vocab.json or CLIP's merges, or a folder with one.")
        var path: String

        func read() throws -> Tokenizer { try Tokenizer(contentsOf: path) }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a tokenizer's size and tokens.",
            discussion: """
                Bytes that are not a whole character are printed as \\xNN.

                EXAMPLES
                  limn vocabulary show vocab/flowers-2k.json
                  limn vocabulary show vocab/flowers-2k.json | grep petal
                """)

        @Argument(help: "A vocabulary or another tokenizer.")
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
