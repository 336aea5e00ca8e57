/// A line of progress: how many of how many, the rate, and the time left.
package struct ProgressLine: Sendable {
    private let label: String
    private let unit: String
    private let start = ContinuousClock.now
    private let first: Int

    /// - Parameters:
    ///   - label: what is being done, such as `read` or the name of a training stage.
    ///   - unit: what is counted, in the plural.
    ///   - first: how many were done before, which do not count for the rate.
    package init(_ label: String, _ unit: String = "images", first: Int = 0) {
        self.label = label
        self.unit = unit
        self.first = first
    }

    /// Units per second since the line was made; 0 at first.
    package func rate(_ done: Int) -> Double {
        let seconds = start.duration(to: .now) / .seconds(1)
        return seconds > 0 ? Double(done - first) / seconds : 0
    }

    /// The line for `done` of `total`.
    package func text(_ done: Int, of total: Int, detail: String = "") -> String {
        var parts = ["\(label) \(done)/\(total) \(unit)"]
        let rate = rate(done)
        if rate > 0 {
            let perSecond = rate < 10 ? "\((rate * 10).rounded() / 10)" : "\(Int(rate.rounded()))"
            parts.append("\(perSecond)/s")
            parts.append("\(spelledDuration(Double(max(0, total - done)) / rate)) left")
        }
        if !detail.isEmpty { parts.append(detail) }
        return parts.joined(separator: " · ")
    }

    /// A callback that shows the line and removes it at the end; nil if standard error is not a terminal.
    package var report: (@Sendable (_ done: Int, _ total: Int) -> Void)? {
        guard Terminal.isInteractive else { return nil }
        return { done, total in
            if done >= total { return Terminal.clear() }
            Terminal.show(text(done, of: total))
        }
    }
}
