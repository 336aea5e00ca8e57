import Basics
import ArgumentParser
import Checkpoints
import FoundationEssentials
import Inference
import Models

struct EncodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode", abstract: "Write the vectors of a file's lines.",
        discussion: """
            The file that is written is safetensors with one array, embeddings, float32: a row of unit length for each \
            line, empty ones too. Its metadata name the encoder.

            EXAMPLES
              limn encode --encoder all-MiniLM-L6-v2 --file captions.txt --out embeddings.safetensors
              cut -f2 captions.tsv | limn encode --encoder all-MiniLM-L6-v2 --file - --out embeddings.safetensors
            """)

    @OptionGroup var options: EncoderOptions

    @Option(help: "A file with a sentence a line; - is standard input.")
    var file: String

    @Option(help: "The safetensors file to write.")
    var out: String

    func run() throws {
        try Paths.requireNotEmpty(("--file", file), ("--out", out))
        let lines = try TextInput(file).lines().map(\.text)
        guard lines != [""] else { throw CommandError(.badData, "\(file): holds no line") }
        let embedder = try options.embedder()
        let tokens = embedder.tokens(of: lines)
        let vectors = try embedder.embed(tokens: tokens) { Terminal.show("encoded \($0) of \(lines.count)") }
        Terminal.clear()
        guard vectors.allSatisfy(\.isFinite) else {
            throw ModelError(
                path: embedder.name, problem: "its weights give values that are not numbers; was it damaged?")
        }
        let cut = tokens.indices.filter { tokens[$0].count > embedder.limit }
        if let first = cut.first {
            Terminal.say(
                "\(file):\(first + 1): \(cut.count == 1 ? "cut" : "the first of \(cut.count) lines cut") to the "
                    + "\(embedder.limit) tokens that this encoder reads")
        }
        let array = NamedArray(name: "embeddings", shape: [lines.count, embedder.width], floats: vectors)
        let metadata = [
            "format": "limn-embeddings", "version": "1", "encoder": embedder.name,
            "checksum": Safetensors.checksum(of: [array]),
        ]
        try Safetensors.write([array], metadata: metadata, to: out)
        print("\(out): \(lines.count) rows of \(embedder.width)")
    }
}
