import Basics
import ArgumentParser
import CommandSupport
import Corpora

extension CorpusCommand {
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a corpus: decode every image, read every caption, list the problems.",
            discussion: """
                Prints the number of problems of each kind, then each problem with file and line. Notices (such as an \
                image that no row lists) are printed but are not problems.
                Exit code 0: no problems; 65: there are problems.

                EXAMPLES
                  limn corpus check images
                  limn corpus check images --all | less
                  limn corpus check images --json
                  limn corpus check photos --images-only
                """)

        @Argument(help: "The corpus.")
        var folder: String

        @OptionGroup var reading: ImageReadingOptions

        @Flag(help: "List every problem instead of the first \(Check.listed) of each kind.")
        var all = false

        @Flag(help: "Print the findings as JSON.")
        var json = false

        private static let listed = 20

        func run() throws {
            try Paths.requireNotEmpty(("DIR", folder))
            let inspection = try CorpusInspection(
                folder: folder, options: reading.options(), progress: ProgressLine("checked").report)
            let isSound = inspection.counts.keys.allSatisfy(\.isNotice)
            if json {
                try StandardOutput.printJSON(Findings(folder: folder, inspection))
            } else {
                printFindings(inspection)
                printAdvice(inspection, isSound: isSound)
            }
            // EX_DATAERR of sysexits.h.
            if !isSound { throw ExitCode(.badData) }
        }

        private func printFindings(_ inspection: CorpusInspection) {
            var splits = inspection.splits.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            let rest = inspection.images - inspection.splits.values.reduce(0, +)
            if !splits.isEmpty, rest > 0 { splits.append("without one \(rest)") }
            print(
                "\(folder): \(inspection.images) images, \(inspection.captions) captions, "
                    + "\(inspection.classes.count) classes"
                    + (splits.isEmpty ? "" : "; splits: \(splits.joined(separator: ", "))"))
            print("layout: \(inspection.format), recognized by \(evidence(inspection))")
            if inspection.joinedRows > 0 {
                print("\(Measure.count(inspection.joinedRows, "row")) joined with others of the same image")
            }
            let kinds = CorpusProblem.Kind.allCases.filter { inspection.counts[$0] != nil }
            if !kinds.isEmpty {
                var table = TextTable(alignment: [.left, .right, .left])
                for kind in kinds {
                    let example = inspection.problems.first { $0.kind == kind }
                    table.add(
                        kind.rawValue, "\(inspection.counts[kind] ?? 0)",
                        (kind.isNotice ? "notice, " : "") + (example.map { "such as \($0)" } ?? ""))
                }
                print("")
                table.lines.forEach { print($0) }
            }
            for kind in kinds { printProblems(kind, inspection) }
            let problems = kinds.filter { !$0.isNotice }.reduce(0) { $0 + (inspection.counts[$1] ?? 0) }
            if !kinds.isEmpty { print("") }
            print(problems == 0 ? "no problems" : "\(problems) \(problems == 1 ? "problem" : "problems")")
        }

        /// The files that the layout was recognized by.
        private func evidence(_ inspection: CorpusInspection) -> String {
            switch inspection.format {
            case .metadataLines, .metadataTable, .shards:
                inspection.sources.prefix(3).joined(separator: ", ")
                    + (inspection.sources.count > 3 ? " and \(inspection.sources.count - 3) more" : "")
            case .textFolders: "the folder text_c10"
            case .cocoCaptions: "JSON files with images and annotations"
            case .sidecars: "text files with the names of images"
            case .images: "images without text files"
            }
        }

        /// What to do next: the command that trains on this corpus, and what else would help.
        private func printAdvice(_ inspection: CorpusInspection, isSound: Bool) {
            guard inspection.images > 0 else { return }
            print("")
            if inspection.splits.isEmpty {
                print(
                    "no row names a split: training uses all images, and none are left to evaluate on; for a test split:\n"
                        + "  limn corpus split \(quotedForShell(folder)) --parts train=0.9,test=0.1 --seed 1 --in-place"
                        + reading.arguments)
            }
            // Training from image to image needs more than this corpus.
            guard reading.arguments.isEmpty else { return }
            var words = ["limn train recipes/flowers-64.yaml --data \(quotedForShell(folder)) --run runs/mine"]
            let splits = inspection.splits.keys.sorted()
            var subject = "it"
            if !splits.isEmpty, SplitName.resolved("train", among: splits) == nil {
                // That with the most images; it may not be the right one.
                let split =
                    splits.max { (inspection.splits[$0] ?? 0, $1) < (inspection.splits[$1] ?? 0, $0) } ?? splits[0]
                words.append("--set data.split=\(quotedForShell(split))")
                if splits.count > 1 { subject = "its split \(split), or another of \(splits.joined(separator: ", "))" }
            }
            let reading = reading.captioned
            if reading.classColumn != ReadingOptions.defaults.className {
                words.append("--set data.class=\(quotedForShell(reading.classColumn))")
            }
            if let caption = reading.caption { words.append("--set \(quotedForShell("data.caption=" + caption))") }
            if reading.captionPer != ReadingOptions.defaults.captionUnit {
                words.append("--set data.caption_per=\(reading.captionPer.rawValue)")
            }
            if reading.links.followLinks { words.append("--follow-links") }
            if !isSound { words.append("--bad-files skip") }
            print(
                "to train on \(subject)" + (isSound ? "" : " without what is listed above") + ":\n  "
                    + words.joined(separator: " "))
        }

        private func printProblems(_ kind: CorpusProblem.Kind, _ inspection: CorpusInspection) {
            let known = inspection.problems.filter { $0.kind == kind }
            let shown = known.prefix(all ? known.count : Check.listed)
            print("\n\(kind.rawValue)")
            for problem in shown { print("  \(problem)") }
            let more = (inspection.counts[kind] ?? 0) - shown.count
            guard more > 0 else { return }
            print("  … and \(more) more" + (shown.count < known.count ? "; --all lists them" : ""))
        }

        private struct Findings: Encodable {
            struct Problem: Encodable {
                let kind: String
                let file: String
                let line: Int?
                let detail: String
                let notice: Bool
            }

            let folder: String
            let format: String
            let images: Int
            let captions: Int
            let classes: [String: Int]
            let splits: [String: Int]
            let counts: [String: Int]
            let problems: [Problem]

            init(folder: String, _ inspection: CorpusInspection) {
                self.folder = folder
                format = "\(inspection.format)"
                images = inspection.images
                captions = inspection.captions
                classes = inspection.classes
                splits = inspection.splits
                counts = Dictionary(uniqueKeysWithValues: inspection.counts.map { ($0.key.rawValue, $0.value) })
                problems = inspection.problems.map {
                    Problem(
                        kind: $0.kind.rawValue, file: $0.file, line: $0.line, detail: $0.detail,
                        notice: $0.kind.isNotice)
                }
            }
        }
    }
}
