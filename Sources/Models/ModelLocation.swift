import Checkpoints
import Files
import FoundationEssentials

/// Finds model files.
public enum ModelLocation {
    /// The model in the repository, relative to its root or to the `share/limn` of an installation.
    static let shipped = "models/flowers-64.safetensors"

    /// The path of the model to use.
    /// - Parameter given: the user's choice, a file or a run directory; nil is the environment variable `LIMN_MODEL`, or else the
    ///   model in the repository, which is looked for in the folders above the executable, in `share/limn` below these, where
    ///   `scripts/install` puts it, and in the current folder.
    /// - Throws: `ModelError` of kind `noInput` if there is no such file.
    public static func find(_ given: String?) throws(ModelError) -> String {
        // As usual, an empty variable is as one that is not set.
        let variable = ProcessInfo.processInfo.environment["LIMN_MODEL"].flatMap { $0.isEmpty ? nil : $0 }
        if let path = given ?? variable { return try resolved(path) }
        var folder = programPath() ?? ""
        var candidates: [String] = []
        while let slash = folder.lastIndex(of: "/") {
            folder = String(folder[..<slash])
            candidates += ["\(folder)/\(shipped)", "\(folder)/share/limn/\(shipped)"]
        }
        candidates.append(shipped)
        guard let path = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw ModelError(
                path: shipped, problem: "not found here or above the executable; pass a model with --model",
                kind: .noInput)
        }
        return path
    }

    /// A model's file, where `path` is that file or a run directory.
    /// - Throws: `ModelError` of kind `noInput` if there is none.
    public static func resolved(_ path: String) throws(ModelError) -> String {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw ModelError(path: path, problem: "no such model; is the path right?", kind: .noInput)
        }
        guard isFolder else { return path }
        let model = "\(path)/\(RunDirectory.modelName)"
        guard FileManager.default.fileExists(atPath: model) else {
            throw ModelError(
                path: path,
                problem: "is a folder without \(RunDirectory.modelName); a run has one after its first snapshot",
                kind: .noInput)
        }
        return model
    }
}
