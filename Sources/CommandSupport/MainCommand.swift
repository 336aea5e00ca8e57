import ArgumentParser
import Basics
import CProcessor
import Glibc

/// What all of Limn's programs share.
package enum Release {
    /// The version, as in the release's tag. Defined only here.
    package static let version = "0.1.0"
}

/// Why a program does not start.
private struct Refusal: ClassifiedError {
    let description: String
    var kind: ErrorKind { .usage }
}

extension Terminal {
    /// Prints a failure on a line of its own, whatever the names and texts that it quotes.
    package static func say(_ failure: any ClassifiedError) {
        clear()
        say("limn: " + printable("\(failure)"))
    }
}

extension ParsableCommand {
    /// Runs the command that the program's arguments name. A failure prints one line to standard error and exits with the code of
    /// its kind.
    /// - Parameter finish: called after a command has succeeded.
    package static func runProgram(finish: () throws -> Void = {}) {
        // Exceeding the limit on file sizes should be reported as an error, not end the process by a signal.
        signal(SIGXFSZ, SIG_IGN)
        do {
            try requireUTF8Arguments()
            var command = try parseAsRoot()
            // `LIMN_CPU` names no level of instructions, or one that the processor lacks.
            if let problem = limn_level_problem() { throw Refusal(description: String(cString: problem)) }
            try command.run()
            try finish()
        } catch let failure as any ClassifiedError {
            Terminal.say(failure)
            Glibc.exit(ExitCode(failure.kind).rawValue)
        } catch {
            exit(withError: error)
        }
    }

    /// Throws for an argument that is not UTF-8, which Swift would change.
    private static func requireUTF8Arguments() throws(Refusal) {
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let word = CommandLine.unsafeArgv[index] else { continue }
            guard String(validatingCString: word) != nil else {
                throw Refusal(description: "argument \(index) is not UTF-8; does the terminal use another encoding?")
            }
        }
    }
}
