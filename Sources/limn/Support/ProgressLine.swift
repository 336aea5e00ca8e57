import Basics

/// A line on the terminal with a count, a rate and the time left.
struct ProgressLine: Sendable {
    private let verb: String
    private let noun: String
    private let begin = ContinuousClock.now

    /// - Parameters:
    ///   - verb: past tense, such as `read`.
    ///   - noun: what is counted, in the plural.
    init(_ verb: String, _ noun: String = "images") {
        self.verb = verb
        self.noun = noun
    }

    /// A progress callback; nil where standard error is not a terminal.
    var report: (@Sendable (_ done: Int, _ total: Int) -> Void)? {
        guard Terminal.isInteractive else { return nil }
        return { done, total in show(done, of: total) }
    }

    private func show(_ done: Int, of total: Int) {
        if done >= total { return Terminal.clear() }
        let elapsed = begin.duration(to: .now) / .seconds(1)
        var text = "\(verb) \(done) of \(total) \(noun)"
        if elapsed > 1, done > 0 {
            let left = elapsed / Double(done) * Double(total - done)
            text += ", \(Int(Double(done) / elapsed))/s, \(spelledDuration(left)) left"
        }
        Terminal.show(text)
    }
}
