import ArgumentParser
import Basics
import CommandSupport
import Export
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

    @OptionGroup var pretrained: PretrainedEncoderOption

    func run() throws {
        try Paths.requireNotEmpty(("MODEL", model), ("--onnx", onnx))
        let path = try ModelLocation.resolved(model)
        try Paths.requireDistinct(onnx, from: path, name: "model")
        try Paths.requireWritable(onnx)
        let file = try ONNXFile(Model(contentsOf: path), encoder: pretrained.encoder, version: Release.version)
        try file.write(to: onnx)
        print("\(onnx): \(Measure.bytes(file.byteCount)), prompts of up to \(file.limit) tokens")
    }
}
