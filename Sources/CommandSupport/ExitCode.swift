import ArgumentParser
import Basics

extension ExitCode {
    /// The exit code of a kind of failure, from BSD's `sysexits.h`; 130 is 128 + SIGINT.
    package init(_ kind: ErrorKind) {
        let code: Int32 =
            switch kind {
            case .internalError: 1
            case .usage: 64
            case .badData: 65
            case .noInput: 66
            case .outOfMemory: 71
            case .cannotWrite: 73
            case .interrupted: 130
            }
        self.init(code)
    }
}
