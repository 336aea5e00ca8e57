@preconcurrency import Glibc

/// Standard error, where messages and progress go; data go to standard output.
package enum Terminal {
    /// Whether standard error is a terminal, where a line may be rewritten.
    package static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 }

    /// Prints one line.
    package static func say(_ text: String) { write(text + "\n") }

    /// Shows a line that the next one replaces; does nothing if standard error is not a terminal.
    package static func show(_ text: String) { if isInteractive { write("\r\u{1b}[2K" + text) } }

    /// Removes the line that is shown.
    package static func clear() { if isInteractive { write("\r\u{1b}[2K") } }

    /// Keeps the line that is shown and begins another.
    package static func endLine() { if isInteractive { write("\n") } }

    private static func write(_ text: String) { text.withCString { _ = Glibc.write(STDERR_FILENO, $0, strlen($0)) } }
}
