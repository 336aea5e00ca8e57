import Basics
import Checkpoints
import FoundationEssentials
import Glibc

/// What a training tells: `log.txt` and `stats.jsonl` in its run, and on standard error a line that is rewritten on a
/// terminal, or now and then a line elsewhere.
public final class RunLogger {
    private let run: RunDirectory
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let clock = ContinuousClock()
    private var lastShown: ContinuousClock.Instant?
    private var hasOpenLine = false
    private struct Sum: Codable {
        var total = 0.0
        var count = 0
    }
    private var sums: [String: Sum] = [:]
    /// The pace of this stage: when it began in this process and with how many images seen.
    private var start: (time: ContinuousClock.Instant, images: Int)?
    /// Time that the training has waited for data in this stage, and what was waited of it by the last row, with its time.
    private var waited = Duration.zero
    private var lastRow: (waited: Duration, time: ContinuousClock.Instant)?

    init(_ run: RunDirectory) { self.run = run }

    /// Something worth keeping: to the log and to standard error.
    func note(_ text: String) throws {
        closeLine()
        write(text + "\n")
        try run.appendLog("\(RunLogger.timestamp()) \(text)")
    }

    /// Begins to count the pace of a stage.
    /// - Parameter pending: what a checkpoint kept of the row it was written in the middle of.
    func beginStage(imagesSeen: Int, pending: String?) {
        start = (clock.now, imagesSeen)
        waited = .zero
        lastRow = (.zero, clock.now)
        lastShown = nil
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        sums = (try? decoder.decode([String: Sum].self, from: Data((pending ?? "{}").utf8))) ?? [:]
    }

    /// What was recorded since the last row, for a checkpoint; nil right after a row.
    func pendingStatistics() throws -> String? {
        guard !sums.isEmpty else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return String(decoding: try encoder.encode(sums), as: UTF8.self)
    }

    /// Writes a checkpoint with what has not yet been put into a row.
    func write(_ checkpoint: TrainingCheckpoint, in folder: String) throws {
        var checkpoint = checkpoint
        checkpoint.statistics = try pendingStatistics()
        try checkpoint.write(in: folder)
    }

    /// Adds a step's measurements to the means of the next row.
    func record(_ measurements: Measurements) {
        for (name, value) in measurements {
            sums[name, default: Sum()].total += value
            sums[name, default: Sum()].count += 1
        }
    }

    /// Runs what gives the training its data, and counts how long that takes.
    func waitForData<Result>(_ body: () throws -> Result) rethrows -> Result {
        let begin = clock.now
        defer { waited += begin.duration(to: clock.now) }
        return try body()
    }

    /// For the log: how much of the stage in this process was waiting for data. Nil where it had no step.
    var shareOfWaiting: String? {
        guard let start, waited > .zero else { return nil }
        let share = waited / start.time.duration(to: clock.now)
        return "waited for data \(RunLogger.number(100 * share, digits: 2)) % of the time"
    }

    /// Writes the means since the last row to `stats.jsonl`.
    func writeRow(imagesSeen: Int, skipped: Int) throws {
        var row: [(String, String)] = [("images", "\(imagesSeen)"), ("skipped", "\(skipped)")]
        if let pace { row.append(("images_per_second", RunLogger.number(pace(imagesSeen)))) }
        if let last = lastRow {
            let now = clock.now
            row.append(("data_wait", RunLogger.number((waited - last.waited) / last.time.duration(to: now))))
            lastRow = (waited, now)
        }
        for (name, sum) in sums.sorted(by: { $0.key < $1.key }) {
            row.append((name, RunLogger.number(sum.total / Double(sum.count))))
        }
        sums = [:]
        try run.appendStatistics("{" + row.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}")
    }

    /// Shows where a stage stands: often on a terminal, once a minute elsewhere.
    func show(stage: String, imagesSeen: Int, of total: Int, detail: String) {
        let now = clock.now
        if let lastShown, now - lastShown < (isTerminal ? .milliseconds(500) : .seconds(60)) { return }
        lastShown = now
        let rate = pace?(imagesSeen) ?? 0
        let left = rate > 0 ? RunLogger.duration(Double(max(0, total - imagesSeen)) / rate) : "?"
        let line =
            "\(stage) \(imagesSeen)/\(total) images · \(RunLogger.number(rate, digits: 1)) img/s · \(left) left · \(detail)"
        if isTerminal {
            write("\r\u{1b}[2K" + line)
            hasOpenLine = true
        } else {
            write(line + "\n")
        }
    }

    func closeLine() {
        if hasOpenLine { write("\n") }
        hasOpenLine = false
    }

    /// Images a second since the stage began in this process.
    private var pace: ((Int) -> Double)? {
        guard let start else { return nil }
        let seconds = start.time.duration(to: clock.now).inSeconds
        return { seconds > 0 ? Double($0 - start.images) / seconds : 0 }
    }

    private func write(_ text: String) { text.withCString { _ = Glibc.write(STDERR_FILENO, $0, strlen($0)) } }

    /// A number with a few digits after the point; `null` when it is not finite, as JSON wants.
    static func number(_ value: Double, digits: Int = 5) -> String {
        guard value.isFinite else { return "null" }
        let scale = pow(10, Double(digits))
        return "\((value * scale).rounded() / scale)"
    }

    /// Seconds as people say them: 45 s, 12 min, 3 h 20 min.
    static func duration(_ seconds: Double) -> String { spelledDuration(seconds) }

    private static func timestamp() -> String { Date().ISO8601Format() }
}

extension Duration {
    /// The whole duration in seconds.
    package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
