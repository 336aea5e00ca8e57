import Checkpoints
import FoundationEssentials
import Graphs
import Layers
import Networks

/// The weights of a frozen pretrained image network, from one safetensors file.
///
/// `scripts/get-features` creates these files. Training and evaluation use them; generating images does not.
public struct PretrainedFeatures: Sendable {
    /// The network.
    public let network: FeatureNetwork
    /// Checksum of the weights, which identifies a version.
    public let checksum: String
    /// Parameters by path from the network's root.
    public let arrays: NetworkArrays

    /// Reads the network from the folder into which `scripts/get-features` writes: that of the environment variable
    /// `LIMN_FEATURES`, or `limn/features` in the user's cache folder.
    /// - Throws: `CheckpointError` or `ModelError`, one line, if the file is missing, damaged or of another network.
    public init(_ network: FeatureNetwork) throws { try self.init(network, contentsOf: Self.path(of: network)) }

    /// Reads whichever network a file contains, according to its metadata or else to its arrays.
    /// - Throws: `CheckpointError` or `ModelError`, one line that names the file.
    public init(contentsOf path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ModelError(
                path: path, problem: "no such file; scripts/get-features downloads networks", kind: .noInput)
        }
        let file = try Safetensors(contentsOf: path)
        let arrays = try NetworkArrays(file.arrays, path: path)
        let named = file.metadata["network"].flatMap(FeatureNetwork.init)
        let network = named ?? FeatureNetwork.allCases.first { (try? Self.parameters(of: $0).check(arrays)) != nil }
        guard let network else {
            let known = FeatureNetwork.allCases.map(\.rawValue).joined(separator: ", ")
            throw ModelError(path: path, problem: "contains none of the networks \(known)")
        }
        try self.init(network, in: file, arrays, path: path)
    }

    /// Reads `network` from a file.
    /// - Throws: `CheckpointError` or `ModelError`, one line that names the file.
    public init(_ network: FeatureNetwork, contentsOf path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else {
            let source =
                network == .mobileNetV2
                ? "scripts/get-features does not download \(network.rawValue)"
                : "download the network with scripts/get-features \(network.rawValue)"
            throw ModelError(path: path, problem: "no such file; \(source)", kind: .noInput)
        }
        try self.init(network, in: Safetensors(contentsOf: path), path: path)
    }

    /// Checks that a file contains `network`, undamaged.
    /// - Parameter arrays: the arrays of the file, if they have been read.
    private init(_ network: FeatureNetwork, in file: Safetensors, _ arrays: NetworkArrays? = nil, path: String) throws {
        if let found = file.metadata["network"], found != network.rawValue {
            throw ModelError(path: path, problem: "contains \(found), expected \(network.rawValue)")
        }
        let arrays = try arrays ?? NetworkArrays(file.arrays, path: path)
        do {
            try Self.parameters(of: network).check(arrays)
        } catch {
            throw ModelError(path: path, problem: "is not \(network.rawValue): \(error)")
        }
        let checksum = Checksum.of(file.arrays)
        if let expected = file.metadata["checksum"], expected != checksum {
            throw ModelError(
                path: path,
                problem: "is damaged: its weights have checksum \(checksum), expected \(expected); "
                    + "download it again with scripts/get-features \(network.rawValue)")
        }
        self.network = network
        self.checksum = checksum
        self.arrays = arrays
    }

    private static func parameters(of network: FeatureNetwork) -> ParameterStore {
        let (graph, store) = (Graph(), ParameterStore())
        let images = ImageBatch(graph.input("images", [1, network.resolution, network.resolution, 3]))
        _ = network(ParameterScope(graph, store), images)
        return store
    }

    /// The default path of a network's file.
    public static func path(of network: FeatureNetwork) -> String {
        let environment = ProcessInfo.processInfo.environment
        func set(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        // The XDG specification says to ignore a relative path.
        let cache = set("XDG_CACHE_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "\(set("HOME") ?? "")/.cache"
        let folder = set("LIMN_FEATURES") ?? "\(cache)/limn/features"
        return "\(folder)/\(network.rawValue).safetensors"
    }
}
