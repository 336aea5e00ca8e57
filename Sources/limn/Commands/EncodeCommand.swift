import Basics
import ArgumentParser
import Checkpoints
import FoundationEssentials
import Inference

struct EncodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode", abstract: "Compute sentence vectors of the lines of a file.",
        discussion: """
            Writes a safetensors file with one float32 array, embeddings, which has a unit vector for each line, including \
            empty lines. Its metadata contain the name of the encoder.

            EXAMPLES
              limn encode --file captions.txt --out embeddings.safetensors
              cut -f2 captions.tsv | limn encode --encoder all-MiniLM-L6-v2 --file - \\
                --out embeddings.safetensors
            """)

    @OptionGroup var options: EncoderOptions

    @Option(help: "A file with one sentence per line, or - for standard input.")
    var file: String

    @Option(help: "The safetensors file to write.")
    var out: String

    func run() throws {
        try Paths.requireNotEmpty(("--file", file), ("--out", out))
        try Paths.requireWritable(out)
        let lines = try InputFile.lines(file)
        guard !lines.isEmpty else { throw CommandError(.badData, "\(file): contains no lines") }
        let embedder = try options.embedder()
        let tokens = embedder.tokens(of: lines)
        let vectors = try embedder.embed(tokens: tokens) { Terminal.show("encoded \($0) of \(lines.count)") }
        Terminal.clear()
        try embedder.requireFinite(vectors)
        let truncated = tokens.indices.filter { tokens[$0].count > embedder.limit }
        if let first = truncated.first {
            Terminal.say(
                "\(file):\(first + 1): \(truncated.count == 1 ? "" : "the first of \(truncated.count) lines ")truncated to "
                    + "\(embedder.textLimit) tokens, the most that this encoder reads")
        }
        let array = NamedArray(name: "embeddings", shape: [lines.count, embedder.width], floats: vectors)
        let metadata = [
            "format": SentenceEmbedder.fileFormat, "version": "1", "encoder": embedder.name,
            "checksum": Safetensors.checksum(of: [array]),
        ]
        try Safetensors.write([array], metadata: metadata, to: out)
        print("\(out): \(lines.count) rows of \(embedder.width)")
    }
}
