@preconcurrency import Glibc

/// Standard error: messages go there, data to standard output.
enum Terminal {
    /// Whether standard error is a terminal, where a line may be rewritten.
    static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 }

    /// Prints one line.
    static func say(_ text: String) { put(text + "\n") }

    /// Shows a line that the next one replaces; does nothing when standard error is not a terminal.
    static func show(_ text: String) { if isInteractive { put("\r\u{1b}[2K" + text) } }

    /// Removes the line that is shown.
    static func clear() { if isInteractive { put("\r\u{1b}[2K") } }

    private static func put(_ text: String) { text.withCString { _ = write(STDERR_FILENO, $0, strlen($0)) } }
}
