import Basics
import FoundationEssentials

/// Lends a new empty folder, removed afterwards.
package func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("limn-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

/// Writes `bytes` without the module's own writer.
package func put(_ bytes: some Collection<UInt8>, _ path: String) throws {
    try Data(bytes).write(to: URL(filePath: path))
}

package func contents(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map(Array.init) }

package func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}

/// The one line with which `body` fails, or nil where it does not.
package func complaint(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let error as any ClassifiedError {
        return error.description
    } catch {
        return "not a ClassifiedError: \(error)"
    }
}
