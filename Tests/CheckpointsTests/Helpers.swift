import Checkpoints
import FoundationEssentials

func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}

/// The one line with which `body` fails, or nil where it does not.
func complaint(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let error as CheckpointError {
        return error.description
    } catch {
        return "not a CheckpointError: \(error)"
    }
}
