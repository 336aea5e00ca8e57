/// A line that counts up in place and says how long it will take.
struct ProgressLine: Sendable {
    private let verb: String
    private let noun: String
    private let begin = ContinuousClock.now

    /// - Parameters:
    ///   - verb: what is done, such as `read`.
    ///   - noun: what it is done to, in the plural.
    init(_ verb: String, _ noun: String = "pictures") {
        self.verb = verb
        self.noun = noun
    }

    /// What commands hand to work that reports its progress; nil where standard error is no terminal.
    var report: (@Sendable (_ done: Int, _ total: Int) -> Void)? {
        guard Terminal.isInteractive else { return nil }
        return { done, total in show(done, of: total) }
    }

    private func show(_ done: Int, of total: Int) {
        if done >= total { return Terminal.clear() }
        let elapsed = begin.duration(to: .now) / .seconds(1)
        var text = "\(verb) \(done) of \(total) \(noun)"
        // The first moments tell little.
        if elapsed > 1, done > 0 {
            let left = Int((elapsed / Double(done) * Double(total - done)).rounded(.up))
            let (hours, minutes, seconds) = (left / 3600, left / 60 % 60, left % 60)
            let time =
                hours > 0 ? "\(hours) h \(minutes) min" : minutes > 0 ? "\(minutes) min \(seconds) s" : "\(seconds) s"
            text += ", \(Int(Double(done) / elapsed))/s, \(time) left"
        }
        Terminal.show(text)
    }
}
