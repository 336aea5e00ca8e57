import ArgumentParser
import Basics
import CProcessor
import Glibc

/// What all of Limn's programs share.
package enum Release {
    /// The version, as in the release's tag. Defined only here.
    package static let version = "0.1.0"
}

/// `LIMN_CPU` names no level of instructions, or one that the processor lacks.
private struct RefusedLevel: ClassifiedError {
    let description: String
    var kind: ErrorKind { .usage }
}

extension ParsableCommand {
    /// Runs the command that the program's arguments name. A failure prints one line to standard error and exits with the code of
    /// its kind.
    /// - Parameter finish: called after a command has succeeded.
    package static func runProgram(finish: () throws -> Void = {}) {
        // Exceeding the limit on file sizes should be reported as an error, not end the process by a signal.
        signal(SIGXFSZ, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if let problem = limn_level_problem() {
                throw RefusedLevel(description: printable(String(cString: problem)))
            }
            try command.run()
            try finish()
        } catch let failure as any ClassifiedError {
            Terminal.clear()
            Terminal.say("limn: \(failure)")
            Glibc.exit(ExitCode(failure.kind).rawValue)
        } catch {
            exit(withError: error)
        }
    }
}
