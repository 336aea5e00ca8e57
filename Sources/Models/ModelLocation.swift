import FoundationEssentials

/// Where models are looked for.
public enum ModelLocation {
    /// The model that ships, relative to the checkout.
    static let shipped = "models/flowers-64.safetensors"

    /// The path of the model to use.
    /// - Parameter given: the user's choice; nil is `LIMN_MODEL` or else the model that ships, in a folder above the
    ///   executable or in the current one.
    /// - Throws: `ModelError` of kind `noInput` if there is no such file.
    public static func find(_ given: String?) throws(ModelError) -> String {
        if let path = given ?? ProcessInfo.processInfo.environment["LIMN_MODEL"] {
            guard FileManager.default.fileExists(atPath: path) else {
                throw ModelError(path: path, problem: "no such model; is the path right?", kind: .noInput)
            }
            return path
        }
        var folder = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        var candidates: [String] = []
        while let slash = folder.lastIndex(of: "/") {
            folder = String(folder[..<slash])
            candidates.append("\(folder)/\(shipped)")
        }
        candidates.append(shipped)
        guard let path = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw ModelError(
                path: shipped, problem: "is neither here nor above the executable; name a model with --model",
                kind: .noInput)
        }
        return path
    }
}
