import Checkpoints
import Networks

/// The parameters of a pretrained encoder by Limn's paths.
struct PretrainedWeights {
    /// The path of their file, for messages.
    let path: String
    let arrays: NetworkArrays
    /// Checksum of the arrays as stored in their files.
    let checksum: String

    /// Reads the parameters of a network, and of the modules after its pooling.
    /// - Parameter modules: folders of the modules that have parameters, by the module's path in Limn.
    /// - Throws: `ModelError` or `CheckpointError`.
    init(_ folder: PretrainedFolder, _ names: PretrainedNames, modules: [(path: String, folder: PretrainedFolder)])
        throws
    {
        let files = try folder.weightFiles()
        path = "\(folder.path)/\(files.count == 1 ? files[0] : "model.safetensors.index.json")"
        var found = FoundArrays(path: path)
        for file in files { try found.add("\(folder.path)/\(file)") { names.path(of: $0) } }
        guard !found.arrays.isEmpty else {
            throw ModelError(
                path: path,
                problem: "contains no array of this encoder; do it and config.json belong to the same model?")
        }
        for module in modules {
            for file in try module.folder.weightFiles() {
                try found.add("\(module.folder.path)/\(file)") { name in
                    name.hasPrefix("linear.") ? "\(module.path).\(name.dropFirst(7))" : nil
                }
            }
        }
        let values: NetworkArrays = try found.arrays.mapValues { [path] array in
            do {
                return (array.shape, try array.floats())
            } catch {
                throw ModelError(path: path, problem: "\(error)")
            }
        }
        arrays = values.joiningParts(names)
        let sorted = found.arrays.sorted { ($0.value.name, $0.key) < ($1.value.name, $1.key) }
        checksum = Checksum.of(sorted.map(\.value))
    }
}

/// The arrays of files by Limn's paths.
private struct FoundArrays {
    let path: String
    private(set) var arrays: [String: NamedArray] = [:]

    init(path: String) { self.path = path }

    /// Adds those arrays of a file that have a path.
    mutating func add(_ file: String, path target: (_ name: String) -> String?) throws {
        let file = try Safetensors(contentsOf: file)
        for name in file.names {
            guard let target = target(name), let array = file[name] else { continue }
            // A parameter that two layers share may be stored twice.
            if let other = arrays[target] {
                guard other.element == array.element, other.bytes == array.bytes else {
                    throw ModelError(path: path, problem: "\(other.name) and \(name) are the same parameter")
                }
                continue
            }
            arrays[target] = array
        }
    }
}

extension NetworkArrays {
    /// Concatenates the arrays of layers that are one layer in Limn. Parts that do not fit together are left as they are.
    fileprivate func joiningParts(_ names: PretrainedNames) -> NetworkArrays {
        var result = self
        for whole in Set(keys.compactMap(names.whole(of:))) {
            let parts = names.parts(of: whole)
            let found = parts.compactMap { self[$0] }
            guard let first = found.first, found.count == parts.count, !first.shape.isEmpty,
                found.allSatisfy({ $0.shape == first.shape })
            else { continue }
            for part in parts { result[part] = nil }
            result[whole] = (
                [found.count * first.shape[0]] + first.shape.dropFirst(), found.flatMap(\.values)
            )
        }
        return result
    }
}
