import ArgumentParser
import Basics
import CommandSupport
import Export
import Layers
import Models

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a model as an ONNX file for other programs.",
        discussion: """
            The file contains the text encoder and the generator, in float32, for any batch size and number of tokens, and \
            the vocabulary. Its inputs are tokens, mask and noise, its outputs images and sentences; docs/export.md shows how \
            to use it from Python.

            EXAMPLES
              limn export models/flowers-64.safetensors --onnx flowers-64.onnx
              limn export runs/mine --onnx mine.onnx --encoder all-MiniLM-L6-v2
            """)

    @Argument(help: "The model, a safetensors file or a run directory.")
    var model: String

    @Option(help: ArgumentHelp("The ONNX file to write.", valueName: "file"))
    var onnx: String

    @Option(
        help: ArgumentHelp(
            "The folder of the pretrained text encoder that the model refers to; by default its original path, then next to the model.",
            valueName: "folder"))
    var encoder: String?

    func run() throws {
        try Paths.requireNotEmpty(("MODEL", model), ("--onnx", onnx), ("--encoder", encoder))
        let path = try ModelLocation.resolved(model)
        try Paths.requireDistinct(onnx, from: path, name: "model")
        try Paths.requireWritable(onnx)
        let file: ONNXFile
        do {
            file = try ONNXFile(Model(contentsOf: path), encoder: encoder, version: Release.version)
        } catch let mismatch as ParameterMismatch {
            throw CommandError(.badData, "\(path): \(mismatch)")
        }
        try file.write(to: onnx)
        print("\(onnx): \(Measure.bytes(file.byteCount)), prompts of up to \(file.limit) tokens")
    }
}
