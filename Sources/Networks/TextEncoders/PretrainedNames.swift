/// The mapping between the names of an encoder's parameters in Hugging Face files and their paths in Limn.
///
/// Some layers in Limn are several in the files: query, key and value, or the halves of a gated MLP. Their parts are mapped
/// to `….0`, `….1` and so on, and have to be concatenated in this order along the first axis.
public struct PretrainedNames: Sendable {
    private let prefixes: [String]
    private let layers: KeyValuePairs<String, String>
    private let blocks: String
    private let parts: KeyValuePairs<String, String>

    /// - Parameters:
    ///   - prefixes: prefixes that names may have, in files of networks that contain the encoder.
    ///   - layers: paths of the layers outside the blocks, by name in the files. If two names have the same path, either
    ///     may occur.
    ///   - blocks: the prefix of a block's number.
    ///   - parts: paths of the layers of a block, by name in the files.
    init(
        prefixes: [String], layers: KeyValuePairs<String, String>, blocks: String, parts: KeyValuePairs<String, String>
    ) {
        self.prefixes = prefixes
        self.layers = layers
        self.blocks = blocks
        self.parts = parts
    }

    /// The path of the parameter with this name in a file; nil if there is none.
    public func path(of name: String) -> String? {
        let prefix = prefixes.first { name.hasPrefix($0) } ?? ""
        guard let (layer, value) = PretrainedNames.split(String(name.dropFirst(prefix.count))),
            value == "weight" || value == "bias"
        else { return nil }
        func path(_ layer: String) -> String {
            let isNorm = layer.split(separator: ".").last?.hasPrefix("norm") == true
            return "\(layer).\(isNorm && value == "weight" ? "gain" : value)"
        }
        if let known = layers.first(where: { $0.key == layer }) { return path(known.value) }
        guard layer.hasPrefix(blocks + ".") else { return nil }
        let rest = layer.dropFirst(blocks.count + 1)
        guard let end = rest.firstIndex(of: "."), let number = Int(rest[..<end]) else { return nil }
        let name = rest[rest.index(after: end)...]
        return parts.first { $0.key == name }.map { path("blocks.\(number).\($0.value)") }
    }

    /// The name in files of the parameter at `path`, for messages; `path` itself if there is none.
    public func name(of path: String) -> String {
        guard let (layer, last) = PretrainedNames.split(path) else { return path }
        let value = last == "gain" ? "weight" : last
        if let known = layers.first(where: { $0.value == layer }) { return "\(known.key).\(value)" }
        let steps = layer.split(separator: ".", maxSplits: 2)
        guard steps.count == 3, steps[0] == "blocks" else { return path }
        // A layer that is several layers in files is named after the first.
        guard let part = parts.first(where: { $0.value == steps[2] || $0.value == steps[2] + ".0" }) else {
            return path
        }
        return "\(blocks).\(steps[1]).\(part.key).\(value)"
    }

    /// The paths of the parts of the parameter at `path`; none if it is one parameter in files too.
    public func parts(of path: String) -> [String] {
        guard let (layer, value) = PretrainedNames.split(path) else { return [] }
        let steps = layer.split(separator: ".", maxSplits: 2)
        guard steps.count == 3, steps[0] == "blocks" else { return [] }
        let count = parts.count {
            PretrainedNames.split($0.value).map { $0.layer == steps[2] && Int($0.value) != nil } == true
        }
        return (0..<count).map { "\(layer).\($0).\(value)" }
    }

    /// The path of the parameter that the one at `path` is a part of; nil if it is whole.
    public func whole(of path: String) -> String? {
        guard let (layer, value) = PretrainedNames.split(path), let (whole, part) = PretrainedNames.split(layer),
            layer.hasPrefix("blocks."), Int(part) != nil, whole.split(separator: ".").count > 2
        else { return nil }
        return "\(whole).\(value)"
    }

    private static func split(_ name: String) -> (layer: String, value: String)? {
        guard let dot = name.lastIndex(of: ".") else { return nil }
        return (String(name[..<dot]), String(name[name.index(after: dot)...]))
    }
}
