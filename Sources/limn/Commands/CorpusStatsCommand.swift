import Basics
import ArgumentParser
import Corpora

extension CorpusCommand {
    struct Stats: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Describe a corpus: sizes, captions, words, classes, duplicates.",
            discussion: """
                Prints image sizes, caption lengths, vocabulary, classes and splits, then duplicates; those across splits \
                come first, because evaluation images must not occur in the training data. Near-duplicates are images \
                whose difference hashes (64 bits) differ in at most \(CorpusStatistics.nearBits) bits and whose colours \
                differ by at most \(CorpusStatistics.nearLevels) of 255 levels on average. Duplicate captions consist of \
                the same words in any order.

                EXAMPLES
                  limn corpus stats images
                  limn corpus stats images --list 50
                  limn corpus stats images --json > stats.json
                """)

        @Argument(help: "The corpus.")
        var folder: String

        @OptionGroup var reading: ImageReadingOptions

        @Option(help: "Number of duplicates of each kind to list, at most 1000.")
        var list = 5

        @Flag(help: "Print the statistics as JSON, with up to 1000 duplicates of each kind.")
        var json = false

        func validate() throws {
            guard (0...1000).contains(list) else { throw ValidationError("--list must be in 0...1000, found \(list)") }
        }

        func run() throws {
            try Paths.requireNotEmpty(("DIR", folder))
            let statistics = try CorpusStatistics(
                folder: folder, options: reading.options(), progress: ProgressLine("read").report)
            if json { return try StandardOutput.printJSON(statistics) }
            StatisticsReport(folder, statistics, listed: list).lines.forEach { print($0) }
        }
    }
}

/// Statistics as text.
private struct StatisticsReport {
    private(set) var lines: [String] = []
    private let listed: Int

    init(_ folder: String, _ statistics: CorpusStatistics, listed: Int) {
        self.listed = listed
        let bytes = Measure.bytes(statistics.bytes)
        lines.append(
            "\(folder): \(Measure.count(statistics.images, "image")), \(Measure.count(statistics.captions, "caption")), "
                + "\(bytes); \(statistics.format)")
        if !statistics.skipped.isEmpty {
            lines.append(
                "skipped: \(Self.list(statistics.skipped)); limn corpus check \(folder) lists them")
        }

        heading("images")
        entry("format", Self.list(statistics.imageFormats))
        entry("width", Self.range(statistics.width))
        entry("height", Self.range(statistics.height))
        let rest = statistics.distinctSizes - min(statistics.distinctSizes, 5)
        entry(
            "size",
            Self.list(statistics.sizes.prefix(5))
                + (rest > 0 ? ", and \(Measure.grouped(rest)) more" : ""))

        if statistics.captions > 0 { appendCaptions(statistics) }
        if !statistics.classes.isEmpty || !statistics.splits.isEmpty { heading("classes and splits") }
        if let largest = statistics.classes.first, let smallest = statistics.classes.last {
            entry(
                "classes",
                statistics.classes.count <= 6
                    ? Self.list(statistics.classes)
                    : "\(Measure.grouped(statistics.classes.count)), the largest \(Self.list([largest])), "
                        + "the smallest \(Self.list([smallest]))")
            note(statistics.images - statistics.classes.reduce(0) { $0 + $1.count }, "without a class")
        }
        if !statistics.splits.isEmpty {
            entry("splits", Self.list(statistics.splits))
            note(statistics.images - statistics.splits.reduce(0) { $0 + $1.count }, "without a split")
        }
        appendDuplicates(statistics)
    }

    private mutating func appendCaptions(_ statistics: CorpusStatistics) {
        heading("captions")
        entry("per image", Self.range(statistics.captionsPerImage))
        entry("words", Self.range(statistics.wordsPerCaption))
        lines += Histogram(statistics.captionsByWords).lines.map { "  " + $0 }
        entry(
            "vocabulary",
            "\(Measure.count(statistics.words, "word")), \(Measure.grouped(statistics.wordsUsedOnce)) used once"
        )
        entry("most common", Self.list(statistics.mostCommonWords.prefix(12)))
    }

    private mutating func appendDuplicates(_ statistics: CorpusStatistics) {
        let kinds = [
            ("duplicate images", statistics.duplicateImages), ("near-duplicates", statistics.nearDuplicateImages),
            ("duplicate captions", statistics.duplicateCaptions),
        ]
        heading("duplicates")
        var table = TextTable(alignment: [.left, .right, .right])
        table.add("", "within a split", "across splits")
        for (name, duplicates) in kinds {
            table.add(name, Measure.grouped(duplicates.within), Measure.grouped(duplicates.across))
        }
        lines += table.lines.map { "  " + $0 }
        for isAcross in [true, false] {
            for (name, duplicates) in kinds {
                let groups = duplicates.worst.filter { ($0.splits.count > 1) == isAcross }
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
        if count > 0 { entry("", "\(Measure.count(count, "image")) \(words)") }
    }

    private static func line(_ group: Duplicates.Group) -> String {
        if let caption = group.caption {
            let counts = group.splits.map { $0.name.isEmpty ? "\($0.count)" : "\($0.count) in \($0.name)" }
            return "“\(caption.count > 90 ? caption.prefix(89) + "…" : caption)”: \(counts.joined(separator: ", "))"
        }
        var names = group.members.prefix(4).map { member in member.image + (member.split.map { " (\($0))" } ?? "") }
        if group.splits.count > 1, !Set(group.members.prefix(4).map(\.split)).isSuperset(of: group.splits.map(\.name)) {
            // One member of each split is more informative than the first four.
            var named: Set<String?> = []
            names = group.members.filter { named.insert($0.split).inserted }
                .map { member in member.image + (member.split.map { " (\($0))" } ?? "") }
        }
        let more = group.count - names.count
        return names.joined(separator: group.bits == nil ? " = " : " ~ ") + (more > 0 ? " = … \(more) more" : "")
            + (group.bits.map { ", \($0) of 64 bits differ" } ?? "")
    }

    private static func list(_ tallies: some Sequence<Tally>) -> String {
        tallies.map { "\($0.name) \(Measure.grouped($0.count))" }.joined(separator: ", ")
    }

    private static func range(_ summary: Summary) -> String {
        summary.minimum == summary.maximum
            ? "\(summary.minimum)"
            : "\(summary.minimum) to \(Measure.grouped(summary.maximum)), median \(summary.median)"
    }
}
