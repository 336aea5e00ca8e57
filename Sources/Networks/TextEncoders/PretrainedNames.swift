/// Names of an encoder's parameters in Hugging Face's files, and Limn's for the same.
///
/// Query, key and value are three layers there and one here: they come as the parts `….projection.0`, `.1` and `.2` of it,
/// to be joined in this order along their first extent.
public struct PretrainedNames: Sendable {
    private let layers: [String: String]
    private let blocks: String
    private let parts: [String: String]

    /// - Parameters:
    ///   - layers: those outside the blocks, by their names in files.
    ///   - blocks: what comes before the number of a block.
    ///   - parts: the layers of a block, by their names in files.
    init(layers: [String: String], blocks: String, parts: [String: String]) {
        self.layers = layers
        self.blocks = blocks
        self.parts = parts
    }

    /// Limn's path of the parameter with this name in a file; nil where no parameter is called so.
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

    /// The name in files of the parameter at Limn's `path`, for messages; the path itself where there is none.
    public func name(of path: String) -> String {
        guard let (layer, last) = PretrainedNames.split(path) else { return path }
        let value = last == "gain" ? "weight" : last
        if let known = layers.first(where: { $0.value == layer }) { return "\(known.key).\(value)" }
        let steps = layer.split(separator: ".", maxSplits: 2)
        guard steps.count == 3, steps[0] == "blocks" else { return path }
        // Of a layer that is three in files, the first stands for all.
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
