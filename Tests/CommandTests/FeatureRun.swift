import FoundationEssentials
import Glibc
import Networks
import TestSupport
import Testing

/// A complete `limn train` run with a discriminator and an image encoder on a frozen network with random weights, without
/// interruption; created once and shared by all tests.
struct FeatureRun: Sendable {
    static let network = "efficientnet-lite0"

    let folder: String
    let corpus: String
    var features: String { folder + "/features" }
    var file: String { "\(features)/\(FeatureRun.network).safetensors" }
    /// Another file of the same network, with other weights.
    var others: String { folder + "/others" }
    var recipe: String { folder + "/seen.yaml" }
    var run: String { folder + "/run" }

    private static let yaml = """
        name: seen
        data: {side: 16, vocabulary: 300, hold_out: 0.2}
        encoder:
          {width: 16, layers: 1, heads: 2, length: 16, embedding: 16, batch: 4, images: 1000, network: efficientnet-lite0, multiscale: true,
           resolution: 64, views: 2, image_hidden: 16}
        generator: {width: 4, noise: 8}
        discriminator: {kind: features, network: efficientnet-lite0, width: 4, resolution: 64}
        gan:
          {batch: 8, images: 400, penalty: 0, contrastive: 1, checkpoint_every: 80, snapshot_every: 200, augmentation: 0.5}
        """

    private init() throws {
        corpus = try Tiny.shared().corpus
        folder = FileManager.default.temporaryDirectory.path + "/limn-seen-\(UUID().uuidString)"
        for name in ["features", "others"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        try RandomFeatures.write(.efficientNetLite0, seed: 1, to: file)
        try RandomFeatures.write(.efficientNetLite0, seed: 2, to: "\(others)/\(FeatureRun.network).safetensors")
        try put(FeatureRun.yaml, recipe)
        let trained = try train(to: run).finish(seconds: 300)
        try #require(trained.ending == .exit(0), "\(trained.err)")
    }

    private static let made: Result<FeatureRun, any Error> = {
        let made = Result { try FeatureRun() }
        atexit {
            if case .success(let run) = FeatureRun.made { try? FileManager.default.removeItem(atPath: run.folder) }
        }
        return made
    }()

    static func shared() throws -> FeatureRun { try made.get() }

    /// Starts a training.
    /// - Parameter features: value of `LIMN_FEATURES`; nil is the folder with the valid file.
    func train(to run: String, _ more: String..., features: String? = nil) throws -> Child {
        try Child(
            ["train", recipe, "--data", corpus, "--run", run, "--threads", "1"] + more, in: folder,
            environment: ["LIMN_FEATURES": features ?? self.features])
    }
}
