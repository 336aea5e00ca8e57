import ArgumentParser
import Basics
import Files
import Glibc

/// Starts limn-server in place of this process. The server is a program of its own: it is built with a network library that the
/// other commands need neither at build time nor at start.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve models and training runs over HTTP: a playground, APIs and a dashboard.",
        helpNames: [])

    @Argument(parsing: .captureForPassthrough, help: "Options; see limn serve --help.")
    var arguments: [String] = []

    func run() throws {
        let own = programPath() ?? ""
        let path = own.lastIndex(of: "/").map { own[...$0] + "limn-server" } ?? "limn-server"
        var words: [UnsafeMutablePointer<CChar>?] = (["limn-server"] + arguments).map { strdup($0) }
        words.append(nil)
        execv(String(path), words)
        // Returns only if it failed.
        throw CommandError(
            errno == ENOENT ? .noInput : .internalError,
            "\(path): \(String(cString: strerror(errno))); build it with swift build -c release --product limn-server")
    }
}
