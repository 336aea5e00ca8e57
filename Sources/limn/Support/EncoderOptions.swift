import ArgumentParser
import FoundationEssentials
import Networks
import Inference
import Models

/// Which encoder a command reads sentences with.
struct EncoderOptions: ParsableArguments {
    @Option(
        help: """
            The encoder: the folder of a pretrained one (config.json, model.safetensors, tokenizer), or a file of \
            Limn's, a model or a pair of encoders; the model that ships by default.
            """)
    var encoder: String?

    @Option(
        help: """
            How a pretrained encoder's token states become a vector where its folder does not say: mean, cls (the first \
            token) or eos (the last).
            """)
    var pooling: String?

    @OptionGroup var device: DeviceOptions

    func validate() throws {
        if let pooling, Pooling(rawValue: pooling) == nil {
            throw ValidationError("--pooling is \(pooling); expected mean, cls or eos.")
        }
    }

    func embedder() throws -> SentenceEmbedder {
        try Paths.requireNotEmpty(("--encoder", encoder))
        let path: String
        if let encoder {
            guard FileManager.default.fileExists(atPath: encoder) else {
                throw CommandError(.noInput, "\(encoder): no such encoder; is the path right?")
            }
            path = encoder
        } else {
            path = try ModelLocation.find(nil)
        }
        return try SentenceEmbedder(
            contentsOf: path, pooling: pooling.flatMap(Pooling.init), device: device.open())
    }
}
