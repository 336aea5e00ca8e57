import ArgumentParser
import CPUBackend
import Execution
import Graphs
import Images
import Inference
import Layers
import Models
import Networks
import RandomStreams

/// An image-to-image model on random images, from pixels to pixels, for `translation.py`.
struct Translate: ParsableCommand {
    @Option(help: "The model, a U-Net without normalization; written with random weights if --width is given.")
    var model: String
    @Option(help: "Channels of a model that is written.") var width: Int?
    @Option(help: "Halvings of a model that is written.") var halvings = 3
    @Option(help: "Width of the images.") var columns = 64
    @Option(help: "Height of the images.") var rows = 64
    @Option(help: "Images per round.") var batch = 16
    @Option(help: "float32 or bfloat16.") var precision = Precision.bfloat16
    @Option(help: "Threads.") var threads = 2

    func run() throws {
        if let width { return try created(width: width).write(to: model) }
        let device = CPUDevice(threads: threads, precision: precision)
        let translator = try ImageTranslator(TranslationModel(contentsOf: model), device: device)
        var stream = RandomStream(seed: 1, purpose: "images")
        let images = (0..<batch).map { _ in
            let pixels = (0..<columns * rows * 3).map { _ in UInt8(stream.uniform() * 255) }
            return Image(width: columns, height: rows, pixels: pixels)
        }
        try Driver.serve([:]) { _ = try translator.translate(images) }
    }

    private func created(width: Int) throws -> TranslationModel {
        let configuration = TranslatorConfiguration(
            kind: .uNet, width: width, maximumWidth: width << halvings, blocks: 1, halvings: halvings,
            normalization: .none, isResidual: true)
        let store = ParameterStore()
        _ = Translator(ParameterScope(Graph(), store) / "translator", configuration)
        let values = try store.allocate(on: CPUDevice(), seed: 1)
        return TranslationModel(
            configuration: .init(name: "random", translator: configuration, side: 64),
            arrays: NetworkArrays(
                uniqueKeysWithValues: store.arrays(from: values).map { ($0.path, ($0.shape, $0.values)) }))
    }
}

extension Precision: ExpressibleByArgument {}
