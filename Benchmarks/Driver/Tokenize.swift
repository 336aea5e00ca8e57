import ArgumentParser
import FoundationEssentials
import Tokenizers

/// Encodes all lines of a file repeatedly on one thread, for `tokenizing.py`.
struct Tokenize: ParsableCommand {
    @Option(help: "Any tokenizer that limn vocabulary supports.") var tokenizer: String
    @Option(help: "A file with one text per line.") var file: String
    @Flag(help: "Encode all lines in one call instead of one by one.") var batch = false

    func run() throws {
        let tokenizer = try Tokenizer(contentsOf: tokenizer)
        let data = try Data(contentsOf: URL(filePath: file))
        let lines = data.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
        var count = 0
        try Driver.serve(["bytes": Double(data.count)]) {
            if batch {
                count += tokenizer.encode(lines, limit: .max).reduce(0) { $0 + $1.ids.count }
            } else {
                for line in lines { count += tokenizer.encode(line, limit: .max).ids.count }
            }
        }
    }
}
