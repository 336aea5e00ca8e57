import Basics

/// An error in the files of a model or a run. Each description is one line: the file, what is wrong, and what to do.
public enum CheckpointError: ClassifiedError {
    /// The file violates the safetensors format.
    case malformed(path: String, reason: String)
    /// An array cannot be stored under this name.
    case unwritable(path: String, reason: String)
    /// The array's element type does not convert to `Float`.
    case notFloatingPoint(array: String, element: ArrayElement)
    /// A valid safetensors file that is not a Limn model.
    case notAModel(path: String, found: String)
    /// A valid safetensors file that is not a training checkpoint.
    case notATrainingCheckpoint(path: String, found: String)
    /// The file has the right format, but an entry of its metadata is missing or invalid.
    case badMetadata(path: String, key: String, reason: String)
    /// The file has a format version that this library does not read.
    case unknownVersion(path: String, found: String, known: Int)
    /// The data do not match their checksum.
    case corrupted(path: String)
    /// The run has checkpoints, but none can be read.
    case noUsableCheckpoint(folder: String, newest: String)
    /// Another process trains in this run; `holder` names it if known, else it is empty.
    case runInUse(path: String, holder: String)
    /// The folder of a new run already contains files.
    case runExists(path: String)
    /// The folder is not a run directory.
    case notARun(path: String, reason: String)

    /// `cannotWrite` if the run directory is in use or not empty, else `badData`.
    public var kind: ErrorKind {
        switch self {
        case .runExists, .runInUse: .cannotWrite
        default: .badData
        }
    }

    /// The error in one line.
    public var description: String {
        switch self {
        case .malformed(let path, let reason):
            "\(path) is not a valid safetensors file: \(reason)"
        case .unwritable(let path, let reason):
            "cannot write \(path): \(reason)"
        case .notFloatingPoint(let array, let element):
            "array \(quoted(array)) holds \(element.rawValue) numbers where F32, F16 or BF16 are needed"
        case .notAModel(let path, let found):
            "\(path) is not a Limn model but \(found)"
        case .notATrainingCheckpoint(let path, let found):
            "\(path) is not a Limn training checkpoint but \(found)"
        case .badMetadata(let path, let key, let reason):
            "\(path): the entry \(quoted(key)) of its metadata \(reason); the file was not written by Limn or was edited"
        case .unknownVersion(let path, let found, let known):
            "\(path) has format version \(quoted(found)), and this Limn reads version \(known): use the Limn that wrote it"
        case .corrupted(let path):
            "\(path) is damaged: its data do not match their checksum; restore it from a copy or use an older checkpoint"
        case .noUsableCheckpoint(let folder, let newest):
            "none of the checkpoints in \(folder) can be read; of the newest: \(newest)"
        case .runInUse(let path, let holder):
            "the run \(path) is in use by another training\(holder); wait until it ends, or stop it"
        case .runExists(let path):
            "the folder \(path) already holds files; choose a new folder, or resume the run in it"
        case .notARun(let path, let reason):
            "\(path) is not the folder of a run: \(reason)"
        }
    }
}
