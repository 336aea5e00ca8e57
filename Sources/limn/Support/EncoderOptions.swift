import ArgumentParser
import CommandSupport
import FoundationEssentials
import Networks
import Inference
import Models

/// Selects the text encoder of a command.
struct EncoderOptions: ParsableArguments {
    @Option(
        help: """
            The text encoder: the folder of a pretrained one (config.json, model.safetensors, tokenizer), or a Limn model or \
            pair of encoders (.safetensors); $LIMN_MODEL or models/flowers-64.safetensors by default.
            """)
    var encoder: String?

    @Option(
        help: """
            Pooling of a pretrained encoder, instead of the one that its folder specifies, if any: mean, cls (the state of \
            the first token) or eos (that of the last).
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

extension SentenceEmbedder {
    /// Throws if vectors that the encoder computed are not finite.
    func requireFinite(_ vectors: [Float]) throws(ModelError) {
        guard vectors.allSatisfy(\.isFinite) else {
            throw ModelError(path: name, problem: "its weights give values that are not finite; is it damaged?")
        }
    }
}
