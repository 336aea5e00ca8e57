import Basics
import Checkpoints
import Execution
import Files
import FoundationEssentials

/// The log and the measurements of a run: `log.txt`, `stats.jsonl` and TensorBoard's events in its directory, and progress on
/// standard error, where a terminal shows a line that is rewritten and anything else gets a line once a minute.
package final class RunLogger {
    private let run: RunDirectory
    /// What precedes the notices of a rank other than 0, which logs nothing else; nil in rank 0.
    private let rank: String?
    private let clock = ContinuousClock()
    private var lastShown: ContinuousClock.Instant?
    private var hasOpenLine = false
    private struct Sum: Codable {
        var total = 0.0
        var count = 0
    }
    private var sums: [String: Sum] = [:]
    private var progress = ProgressLine("")
    private var total = 0
    private var stageStart: ContinuousClock.Instant?
    /// Time spent waiting for data in this stage; that time and the clock at the last row.
    private var waited = Duration.zero
    private var lastRow: (imagesSeen: Int, waited: Duration, time: ContinuousClock.Instant)?
    private var events: TensorBoardLog?
    private var hasEventFailed = false

    /// A logger of a run.
    /// - Parameter ranks: those that train it; only rank 0 writes to its directory.
    package init(_ run: RunDirectory, ranks: any Communicator = SingleProcess.shared) {
        self.run = run
        rank = ranks.isRoot ? nil : "rank \(ranks.rank) on \(ranks.hosts[ranks.rank]): "
    }

    /// Adds a line about this rank's part of the data to the log. Ranks other than 0 only print it on standard error.
    package func logNotice(_ text: String) throws {
        guard let rank else { return try log(text) }
        Terminal.say(rank + text)
    }

    /// Adds a line to the log, and prints it on standard error.
    package func log(_ text: String) throws {
        guard rank == nil else { return }
        closeLine()
        Terminal.say(text)
        try run.appendLog("\(Date().ISO8601Format()) \(text)")
    }

    /// Begins or continues a training: removes statistics of later steps, which will be written again, and begins its events.
    /// - Parameter recipe: the resolved recipe's text.
    package func beginTraining(recipe: String, imagesSeen: Int) throws {
        try run.rewindStatistics(to: imagesSeen)
        events = TensorBoardLog(run, recipe: recipe, imagesSeen: imagesSeen)
    }

    /// Begins a stage of a training, or of its preparation.
    /// - Parameters:
    ///   - name: what progress lines call it.
    ///   - total: images, or other units, in all.
    ///   - imagesSeen: units that are done already.
    ///   - pending: the statistics that a checkpoint kept of an unfinished row.
    package func beginStage(
        _ name: String, of total: Int, unit: String = "images", imagesSeen: Int = 0, pending: String? = nil
    ) {
        closeLine()
        progress = ProgressLine(name, unit, first: imagesSeen)
        self.total = total
        stageStart = clock.now
        waited = .zero
        lastRow = (imagesSeen, .zero, clock.now)
        lastShown = nil
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        sums = (try? decoder.decode([String: Sum].self, from: Data((pending ?? "{}").utf8))) ?? [:]
    }

    /// The measurements since the last row, for a checkpoint; nil right after a row.
    package func pendingStatistics() throws -> String? {
        guard !sums.isEmpty else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return String(decoding: try encoder.encode(sums), as: UTF8.self)
    }

    /// Adds a step's measurements to the means of the next row.
    package func record(_ measurements: Measurements) {
        for (name, value) in measurements {
            sums[name, default: Sum()].total += value
            sums[name, default: Sum()].count += 1
        }
    }

    /// Runs `body`, which waits for data, and adds its duration to the time spent waiting.
    package func waitForData<Result>(_ body: () throws -> Result) rethrows -> Result {
        let begin = clock.now
        defer { waited += begin.duration(to: clock.now) }
        return try body()
    }

    /// For the log: the share of the stage in this process that was spent waiting for data; nil before the first step.
    package var shareOfWaiting: String? {
        guard let stageStart, waited > .zero else { return nil }
        let share = waited / stageStart.duration(to: clock.now)
        return "waited for data \(formatted(100 * share, digits: 2)) % of the time"
    }

    /// Writes the means since the last row to `stats.jsonl`.
    package func writeRow(imagesSeen: Int, skipped: Int) throws {
        guard rank == nil else { return sums = [:] }
        var row: [(name: String, value: Double)] = []
        if let last = lastRow {
            let now = clock.now
            let time = last.time.duration(to: now)
            row.append(("images_per_second", Double(imagesSeen - last.imagesSeen) / (time / .seconds(1))))
            row.append(("data_wait", (waited - last.waited) / time))
            lastRow = (imagesSeen, waited, now)
        }
        for (name, sum) in sums.sorted(by: { $0.key < $1.key }) { row.append((name, sum.total / Double(sum.count))) }
        sums = [:]
        let fields = row.map { "\"\($0.name)\": \(json($0.value))" }.joined(separator: ", ")
        try run.appendStatistics("{\"images\": \(imagesSeen), \"skipped\": \(skipped), \(fields)}")
        row.append(("skipped", Double(skipped)))
        try addEvent(.scalars(row.map { (Self.tag($0.name), $0.value) }), imagesSeen: imagesSeen)
    }

    /// Shows a validation's measurements in TensorBoard, with tags such as `evaluation/frechet`.
    package func showValidation(_ name: String, _ measurements: Measurements, imagesSeen: Int) throws {
        let scalars = measurements.sorted { $0.key < $1.key }.map { ("\(name)/\($0.key)", $0.value) }
        try addEvent(.scalars(scalars), imagesSeen: imagesSeen)
    }

    /// Writes a PNG of samples to a file of the run, and shows it in TensorBoard as `samples/NAME`.
    package func writeSamples(_ name: String, _ png: [UInt8], to file: String, imagesSeen: Int) throws {
        try AtomicFile.write(png, to: file)
        try addEvent(.image(tag: "samples/\(name)", png: png), imagesSeen: imagesSeen)
    }

    /// TensorBoard's tag of a statistic, which groups statistics: `loss.contrastive` is `loss/contrastive`, `skipped` is
    /// `training/skipped`.
    private static func tag(_ name: String) -> String {
        guard let dot = name.firstIndex(of: ".") else { return "training/\(name)" }
        return "\(name[..<dot])/\(name[name.index(after: dot)...])"
    }

    /// Adds an event. A training does not depend on its display, so a failure is only logged, once.
    private func addEvent(_ content: TensorBoardEvent.Content, imagesSeen: Int) throws {
        do {
            try events?.add(content, imagesSeen: imagesSeen)
        } catch {
            if !hasEventFailed { try log("TensorBoard will not show some of this training: \(error)") }
            hasEventFailed = true
        }
    }

    /// Shows the progress of the stage: twice a second on a terminal, once a minute elsewhere.
    package func show(imagesSeen: Int, detail: String = "") {
        guard rank == nil else { return }
        let now = clock.now
        if let lastShown, now - lastShown < (Terminal.isInteractive ? .milliseconds(500) : .seconds(60)) { return }
        lastShown = now
        let line = progress.text(imagesSeen, of: total, detail: detail)
        if Terminal.isInteractive {
            Terminal.show(line)
            hasOpenLine = true
        } else {
            Terminal.say(line)
        }
    }

    /// Ends the progress line, if one is shown.
    package func closeLine() {
        if hasOpenLine { Terminal.endLine() }
        hasOpenLine = false
    }

    /// The shortest text of a number in single precision; `null` if it is not finite, as JSON has it.
    private func json(_ value: Double) -> String { value.isFinite ? "\(Float(value))" : "null" }
}
