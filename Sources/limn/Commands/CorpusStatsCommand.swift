import ArgumentParser
import Corpora

extension CorpusCommand {
    struct Stats: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what a corpus is like, and what repeats itself in it.",
            discussion: """
                Sizes of pictures, lengths of captions, vocabulary, classes and splits; pictures and captions that occur \
                more than once, those first that are in two splits: what a model is judged by must not be what it was \
                trained on. Pictures are near where their difference hashes (64 bits) differ in at most \
                \(CorpusStatistics.nearBits) bits and their colours by at most \(CorpusStatistics.nearLevels) of 255 levels on \
                average; captions are equal where they use the same words, in whatever order.

                EXAMPLES
                  limn corpus stats pictures
                  limn corpus stats pictures --list 50
                  limn corpus stats pictures --json > stats.json
                """)

        @Argument(help: "The corpus.")
        var folder: String

        @Option(help: "How many repetitions of a kind to list, at most 1000.")
        var list = 5

        @Flag(help: "Print the statistics as JSON, with a thousand repetitions of a kind.")
        var json = false

        func validate() throws {
            guard (0...1000).contains(list) else { throw ValidationError("--list must lie in 0...1000, found \(list)") }
        }

        func run() throws {
            try Paths.requireNotEmpty(("DIR", folder))
            let statistics = try CorpusStatistics(folder: folder, progress: ProgressLine("read").report)
            if json { return try StandardOutput.printJSON(statistics) }
            StatisticsReport(folder, statistics, listed: list).lines.forEach { print($0) }
        }
    }
}

/// Statistics as people read them.
private struct StatisticsReport {
    private(set) var lines: [String] = []
    private let listed: Int

    init(_ folder: String, _ statistics: CorpusStatistics, listed: Int) {
        self.listed = listed
        let bytes = Measure.bytes(statistics.bytes)
        lines.append(
            "\(folder): \(Measure.count(statistics.pictures, "picture")), \(Measure.count(statistics.captions, "caption")), "
                + "\(bytes); \(statistics.format)")
        if !statistics.leftOut.isEmpty {
            lines.append(
                "left out: \(Self.list(statistics.leftOut)); limn corpus check \(folder) says which and why")
        }

        heading("pictures")
        entry("format", Self.list(statistics.imageFormats))
        entry("width", Self.range(statistics.width))
        entry("height", Self.range(statistics.height))
        let rest = statistics.distinctSizes - min(statistics.distinctSizes, 5)
        entry(
            "size",
            Self.list(statistics.sizes.prefix(5))
                + (rest > 0 ? ", and \(Measure.grouped(rest)) more" : ""))

        heading("captions")
        entry("of a picture", Self.range(statistics.captionsPerPicture))
        entry("words", Self.range(statistics.wordsPerCaption))
        lines += Histogram(statistics.captionsByWords).lines.map { "  " + $0 }
        entry(
            "vocabulary",
            "\(Measure.count(statistics.words, "word")), \(Measure.grouped(statistics.wordsUsedOnce)) of them used once"
        )
        entry("commonest", Self.list(statistics.commonestWords.prefix(12)))

        if !statistics.classes.isEmpty || !statistics.splits.isEmpty { heading("classes and splits") }
        if let largest = statistics.classes.first, let smallest = statistics.classes.last {
            entry(
                "classes",
                statistics.classes.count <= 6
                    ? Self.list(statistics.classes)
                    : "\(Measure.grouped(statistics.classes.count)), the largest \(Self.list([largest])), "
                        + "the smallest \(Self.list([smallest]))")
            note(statistics.pictures - statistics.classes.reduce(0) { $0 + $1.count }, "without a class")
        }
        if !statistics.splits.isEmpty {
            entry("splits", Self.list(statistics.splits))
            note(statistics.pictures - statistics.splits.reduce(0) { $0 + $1.count }, "without a split")
        }
        appendRepetitions(statistics)
    }

    private mutating func appendRepetitions(_ statistics: CorpusStatistics) {
        let kinds = [
            ("equal pictures", statistics.equalPictures), ("near pictures", statistics.nearPictures),
            ("equal captions", statistics.equalCaptions),
        ]
        heading("repeated")
        var table = TextTable(alignment: [.left, .right, .right])
        table.add("", "within a split", "across splits")
        for (name, twins) in kinds { table.add(name, Measure.grouped(twins.within), Measure.grouped(twins.across)) }
        lines += table.lines.map { "  " + $0 }
        for isAcross in [true, false] {
            for (name, twins) in kinds {
                let groups = twins.worst.filter { ($0.splits.count > 1) == isAcross }
                guard !groups.isEmpty, listed > 0 else { continue }
                heading("\(name) \(isAcross ? "across splits" : "within a split")")
                lines += groups.prefix(listed).map { "  " + Self.line($0) }
            }
        }
    }

    private mutating func heading(_ text: String) { lines += ["", text] }

    private mutating func entry(_ label: String, _ text: String) {
        lines.append("  " + label + String(repeating: " ", count: max(1, 14 - label.count)) + text)
    }

    private mutating func note(_ count: Int, _ words: String) {
        if count > 0 { entry("", "\(Measure.count(count, "picture")) \(words)") }
    }

    private static func line(_ group: Twins.Group) -> String {
        if let caption = group.caption {
            let counts = group.splits.map { $0.name.isEmpty ? "\($0.count)" : "\($0.count) in \($0.name)" }
            return "“\(caption.count > 90 ? caption.prefix(89) + "…" : caption)”: \(counts.joined(separator: ", "))"
        }
        var names = group.members.prefix(4).map { member in member.picture + (member.split.map { " (\($0))" } ?? "") }
        if group.splits.count > 1, !Set(group.members.prefix(4).map(\.split)).isSuperset(of: group.splits.map(\.name)) {
            // One of each split says more than the first four.
            var told: Set<String?> = []
            names = group.members.filter { told.insert($0.split).inserted }
                .map { member in member.picture + (member.split.map { " (\($0))" } ?? "") }
        }
        let more = group.count - names.count
        return names.joined(separator: group.bits == nil ? " = " : " ~ ") + (more > 0 ? " = … \(more) more" : "")
            + (group.bits.map { ", \($0) of 64 bits differ" } ?? "")
    }

    private static func list(_ tallies: some Sequence<Tally>) -> String {
        tallies.map { "\($0.name) \(Measure.grouped($0.count))" }.joined(separator: ", ")
    }

    private static func range(_ spread: Spread) -> String {
        spread.least == spread.most
            ? "\(spread.least)" : "\(spread.least) to \(Measure.grouped(spread.most)), median \(spread.median)"
    }
}

/// Counts as bars, the long tail as one.
struct Histogram {
    let lines: [String]
    private static let bars = 12
    private static let width = 40

    /// - Parameter counts: how many have the value 0, 1, 2, ….
    init(_ counts: [Int]) {
        let total = counts.reduce(0, +)
        guard let first = counts.firstIndex(where: { $0 > 0 }), total > 0 else {
            lines = []
            return
        }
        // What lies above the last hundredth is one bar.
        var sum = 0
        let bulk =
            counts.firstIndex { count in
                sum += count
                return sum * 100 >= total * 99
            } ?? first
        let step = max(1, (bulk - first + Histogram.bars) / Histogram.bars)
        var ranges = stride(from: first, through: bulk, by: step).map { $0..<min($0 + step, counts.count) }
        if let last = ranges.last, last.upperBound < counts.count { ranges.append(last.upperBound..<counts.count) }
        let heights = ranges.map { counts[$0].reduce(0, +) }
        let highest = heights.max() ?? 1
        var table = TextTable(alignment: [.right, .right, .left])
        for (range, height) in zip(ranges, heights) {
            let name = range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)–\(range.upperBound - 1)"
            table.add(name, Measure.grouped(height), Histogram.bar(height, of: highest))
        }
        lines = table.lines
    }

    private static func bar(_ height: Int, of highest: Int) -> String {
        let eighths = (height * width * 8 + highest - 1) / highest
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    }
}

/// Numbers as people read them.
enum Measure {
    /// `67,430`.
    static func grouped(_ number: Int) -> String {
        let digits = Array(String(number.magnitude))
        let groups = stride(from: digits.count, to: 0, by: -3).reversed().map { end in
            String(digits[max(0, end - 3)..<end])
        }
        return (number < 0 ? "-" : "") + groups.joined(separator: ",")
    }

    /// `1 picture`, `2 pictures`.
    static func count(_ number: Int, _ noun: String) -> String { "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")" }

    /// `41.3 MB`.
    static func bytes(_ number: Int) -> String {
        let units = ["bytes", "kB", "MB", "GB", "TB"]
        var (value, unit) = (Double(number), 0)
        while value >= 1000, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        return unit == 0 || tenths % 10 == 0 || value >= 100
            ? "\(Int(value.rounded())) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
