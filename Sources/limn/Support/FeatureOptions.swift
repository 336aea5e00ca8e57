import ArgumentParser
import Basics
import FoundationEssentials
import Models
import Networks

/// The frozen networks in whose features `limn evaluate` measures distances.
struct FeatureOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Frozen network in whose features distances are measured: a name (see scripts/get-features) or a safetensors file; may be repeated. By default efficientnet-lite2; without its file, no distances are measured.",
            valueName: "network"))
    var features: [String] = []

    @Flag(help: "Allow --features networks that were used to train the model.")
    var allowTrainingFeatures = false

    /// The networks; EfficientNet-Lite2 by default, none if its file is missing.
    /// - Parameters:
    ///   - training: those used to train the model, in whose features it would look too good.
    ///   - model: its name.
    /// - Throws: `CommandError` if one of them was used in the training, `ModelError` if its file cannot be used.
    func networks(besides training: [FeatureNetwork], of model: String) throws -> [PretrainedFeatures] {
        let networks = try features.isEmpty ? byDefault() : features.map { try network($0) }
        for network in networks where !allowTrainingFeatures && training.contains(network.network) {
            throw CommandError(
                .usage,
                "\(network.network.rawValue) was used to train \(model), so its distances are too optimistic; use another "
                    + "network with --features, or pass --allow-training-features")
        }
        return networks
    }

    /// Says how to measure distances if there is no network.
    static func sayIfNone(_ networks: [PretrainedFeatures]) {
        guard networks.isEmpty else { return }
        let name = FeatureNetwork.efficientNetLite2.rawValue
        Terminal.say("distances are not measured without \(name); download it with scripts/get-features \(name)")
    }

    private func byDefault() throws -> [PretrainedFeatures] {
        let network = FeatureNetwork.efficientNetLite2
        let exists = FileManager.default.fileExists(atPath: PretrainedFeatures.path(of: network))
        return exists ? [try PretrainedFeatures(network)] : []
    }

    /// The network with a name or in a file.
    private func network(_ text: String) throws -> PretrainedFeatures {
        if let network = FeatureNetwork(rawValue: text) { return try PretrainedFeatures(network) }
        guard text.hasSuffix(".safetensors") else {
            let known = FeatureNetwork.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandError(.usage, "--features \(text): expected a safetensors file or one of \(known)")
        }
        return try PretrainedFeatures(contentsOf: text)
    }
}
