import FoundationEssentials
import JSON
@preconcurrency import Glibc

/// Standard output as bytes.
enum StandardOutput {
    /// Prints a value as indented JSON with sorted keys in snake case.
    static func printJSON(_ value: some Encodable) throws {
        print(try jsonText(value, isIndented: true, keys: .convertToSnakeCase))
    }

    private static let failure = CommandError(.cannotWrite, "standard output cannot be written")

    static func write(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress! + done, bytes.count - done) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure }
            done += count
        }
    }

    /// Writes buffered output and reports failures, which `print` ignores.
    static func flush() throws {
        guard fflush(stdout) == 0, ferror(stdout) == 0 else { throw failure }
    }
}
