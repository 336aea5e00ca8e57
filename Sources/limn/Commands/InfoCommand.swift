import ArgumentParser
import Basics
import CommandSupport
import Files
import FoundationEssentials
import Images
import JSON
import Models
import Tasks
import Tokenizers

struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Describe files.",
        discussion: """
            Files are models, snapshots, pairs of encoders, checkpoints, feature networks and other safetensors files, run \
            directories, folders of pretrained encoders, vocabularies and other tokenizers, and images. Of an image that limn \
            generated, prompt, seed and model are printed; of a run, its progress; of a single model, its card.

            EXAMPLES
              limn info flower.png
              limn info models/flowers-64.safetensors
              limn info runs/mine runs/mine/checkpoint-*.safetensors
              limn info images/*.png --json | jq -r .prompt
            """)

    @Argument(help: "Files, run directories, or folders of pretrained encoders.")
    var files: [String]

    @Flag(help: "Print one JSON object per line for each file.")
    var json = false

    func run() throws {
        var failure: (any ClassifiedError)?
        for (index, file) in files.enumerated() {
            do {
                try Paths.requireNotEmpty(("FILE", file))
                let facts = try InfoCommand.facts(of: file)
                if json {
                    print(try jsonText(facts))
                } else {
                    if index > 0 { print("") }
                    print(facts.description)
                    if files.count == 1, let card = facts.card {
                        print(
                            "\n"
                                + card.split(separator: "\n", omittingEmptySubsequences: false).map {
                                    printable(String($0))
                                }.joined(separator: "\n"))
                    }
                }
            } catch let error as any ClassifiedError {
                // The others are still of interest; the last failure is reported when they are done.
                if let failure { Terminal.say(failure) }
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private static func facts(of path: String) throws -> Facts {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CommandError(.noInput, "\(path): no such file")
        }
        if isFolder {
            func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }
            if RunReader.isRun(path) { return try Facts(run: path) }
            if has("config.json") || has("modules.json") {
                return try facts(of: PretrainedEncoder(contentsOf: path), path)
            }
            throw CommandError(
                .badData,
                "\(path): is a folder without recipe.yaml, as a run has, or config.json, as a pretrained encoder has; of a folder "
                    + "of images, use limn corpus stats")
        }
        var head: [UInt8] = []
        try OpenFile(path).read(1024, at: 0, into: &head)
        if let format = ImageFormat(signatureOf: head) {
            return try Facts(image: OpenFile.contents(path, limit: 1 << 30), format: format, path: path)
        }
        let suffix = Paths.suffix(path)
        if ["json", "txt", "gz", "model"].contains(suffix) { return try facts(of: Tokenizer(contentsOf: path), path) }
        // The reader of safetensors files knows others of these names, and says how to convert them.
        let isArrays = head.dropFirst(8).first == UInt8(ascii: "{")
        guard isArrays || ["safetensors", "pt", "pth", "ckpt", "bin", "gguf"].contains(suffix) else {
            throw CommandError(
                .badData,
                "\(path): is not a safetensors file, an image in a known format, a vocabulary or a run directory")
        }
        return try Facts(arraysIn: path)
    }

    private static func facts(of tokenizer: Tokenizer, _ path: String) -> Facts {
        var facts = Facts(path, kind: tokenizer.vocabulary == nil ? "tokenizer" : "vocabulary")
        facts.add("name", tokenizer.vocabulary?.name)
        facts.add("tokens", .count(tokenizer.count))
        facts.add("trained on", tokenizer.vocabulary?.provenance)
        return facts
    }

    private static func facts(of encoder: PretrainedEncoder, _ path: String) -> Facts {
        var facts = Facts(path, kind: "pretrained text encoder")
        facts.add("name", encoder.name)
        facts.add("vocabulary", .count(encoder.vocabulary))
        facts.add("tokens with start and end", encoder.limit == .max ? nil : .count(encoder.limit))
        facts.add("sentence vector", .count(encoder.width))
        facts.add("pooling", encoder.pooling.rawValue)
        facts.add("parameters", .count(encoder.arrays.values.reduce(0) { $0 + $1.values.count }))
        facts.add("checksum", encoder.checksum)
        return facts
    }
}
