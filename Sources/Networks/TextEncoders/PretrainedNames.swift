/// The mapping between the names of an encoder's parameters in Hugging Face files and their paths in Limn.
///
/// Query, key and value are three layers in the files and one in Limn. They are mapped to the parts `….projection.0`,
/// `.1` and `.2`, which have to be concatenated in this order along the first axis.
public struct PretrainedNames: Sendable {
    private let layers: [String: String]
    private let blocks: String
    private let parts: [String: String]

    /// - Parameters:
    ///   - layers: paths of the layers outside the blocks, by name in the files.
    ///   - blocks: the prefix of a block's number.
    ///   - parts: paths of the layers of a block, by name in the files.
    init(layers: [String: String], blocks: String, parts: [String: String]) {
        self.layers = layers
        self.blocks = blocks
        self.parts = parts
    }

    /// The path of the parameter with this name in a file; nil if there is none.
    public func path(of name: String) -> String? {
        guard let (layer, value) = PretrainedNames.split(name), value == "weight" || value == "bias" else { return nil }
        func path(_ layer: String) -> String {
            let isNorm = layer.split(separator: ".").last?.hasPrefix("norm") == true
            return "\(layer).\(isNorm && value == "weight" ? "gain" : value)"
        }
        if let known = layers[layer] { return path(known) }
        guard layer.hasPrefix(blocks + ".") else { return nil }
        let rest = layer.dropFirst(blocks.count + 1)
        guard let end = rest.firstIndex(of: "."), let number = Int(rest[..<end]),
            let part = parts[String(rest[rest.index(after: end)...])]
        else { return nil }
        return path("blocks.\(number).\(part)")
    }

    /// The name in files of the parameter at `path`, for messages; `path` itself if there is none.
    public func name(of path: String) -> String {
        guard let (layer, last) = PretrainedNames.split(path) else { return path }
        let value = last == "gain" ? "weight" : last
        if let known = layers.first(where: { $0.value == layer }) { return "\(known.key).\(value)" }
        let steps = layer.split(separator: ".", maxSplits: 2)
        guard steps.count == 3, steps[0] == "blocks" else { return path }
        // A layer that is three layers in files is named after the first.
        guard let part = parts.first(where: { $0.value == steps[2] || $0.value == steps[2] + ".0" }) else {
            return path
        }
        return "\(blocks).\(steps[1]).\(part.key).\(value)"
    }

    private static func split(_ name: String) -> (layer: String, value: String)? {
        guard let dot = name.lastIndex(of: ".") else { return nil }
        return (String(name[..<dot]), String(name[name.index(after: dot)...]))
    }
}
