import ArgumentParser
import Corpora
import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

struct CorpusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "corpus",
        abstract: "Draw a corpus of shapes, or check one of your own.",
        discussion: """
            A corpus is a folder of pictures with metadata.jsonl, a line for each picture:
              {"file_name": "images/1.jpg", "text": ["a red rose", "a rose in bloom"], "split": "train"}
            or pictures with a text file of the same name beside each (1.jpg, 1.txt), one caption a line.

            Examples:
              limn corpus shapes --out shapes --count 5000 --seed 1
              limn corpus check shapes
            """,
        subcommands: [Shapes.self, Check.self])

    struct Shapes: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draw captioned shapes into a new folder.",
            discussion: """
                Coloured shapes with captions that are true of them; some combinations of colour and shape occur in \
                split "test" only. The same seed draws the same corpus.

                Examples:
                  limn corpus shapes --out shapes --count 5000 --seed 1
                  limn corpus shapes --out tiny --count 64 --seed 1 --side 32 --json
                """)

        @Option(help: "A new or empty folder to write to.")
        var out: String

        @Option(help: "How many pictures to draw.")
        var count: Int

        @Option(help: "Seed of the whole corpus.")
        var seed: UInt64

        @Option(help: "Width and height of the pictures, in pixels.")
        var side = 64

        @Flag(help: "Print what was written as JSON.")
        var json = false

        func validate() throws {
            guard count > 0 else { throw ValidationError("--count must be positive, found \(count)") }
            guard (8...1024).contains(side) else {
                throw ValidationError("--side must lie in 8...1024, found \(side)")
            }
        }

        func run() throws {
            try Paths.requireNotEmpty(("--out", out))
            let total = count
            let progress = progressLine()
            try ShapesCorpus(seed: seed, side: side).write(to: out, count: count) { progress?($0, total) }
            if json {
                try printJSON(Written(folder: out, pictures: count, seed: seed, side: side))
            } else {
                print("\(out): \(count) pictures of \(side) x \(side) pixels, seed \(seed)")
            }
        }

        private struct Written: Encodable {
            let folder: String
            let pictures: Int
            let seed: UInt64
            let side: Int
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read every picture and caption of a corpus and list what is wrong.",
            discussion: """
                Exit code 0: nothing is wrong; 65: there are problems, each listed with file and line.

                Examples:
                  limn corpus check flowers102
                  limn corpus check flowers102 --json
                """)

        @Argument(help: "The folder of the corpus.")
        var folder: String

        @Flag(help: "Print the findings as JSON.")
        var json = false

        func run() throws {
            let inspection = try CorpusInspection(folder: folder, progress: progressLine())
            if json {
                try printJSON(Findings(folder: folder, inspection))
            } else {
                printTable(inspection)
            }
            // EX_DATAERR of sysexits.h.
            if !inspection.problems.isEmpty { throw ExitCode(65) }
        }

        private func printTable(_ inspection: CorpusInspection) {
            let splits = inspection.splits.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            print(
                "\(folder): \(inspection.pictures) pictures, \(inspection.captions) captions, "
                    + "\(inspection.classes.count) classes"
                    + (splits.isEmpty ? "" : "; splits: \(splits.joined(separator: ", "))"))
            let width = CorpusProblem.Kind.allCases.map(\.rawValue.count).max() ?? 0
            for problem in inspection.problems {
                let kind = problem.kind.rawValue
                print("\(kind)\(String(repeating: " ", count: width - kind.count))  \(problem)")
            }
            let count = inspection.problems.count
            print(count == 0 ? "no problems" : "\(count) \(count == 1 ? "problem" : "problems")")
        }

        private struct Findings: Encodable {
            struct Problem: Encodable {
                let kind: String
                let file: String
                let line: Int?
                let detail: String
            }

            let folder: String
            let pictures: Int
            let captions: Int
            let classes: [String: Int]
            let splits: [String: Int]
            let problems: [Problem]

            init(folder: String, _ inspection: CorpusInspection) {
                self.folder = folder
                pictures = inspection.pictures
                captions = inspection.captions
                classes = inspection.classes
                splits = inspection.splits
                problems = inspection.problems.map {
                    Problem(kind: $0.kind.rawValue, file: $0.file, line: $0.line, detail: $0.detail)
                }
            }
        }
    }
}

/// A line on standard error that counts up in place, where that is a terminal.
private func progressLine() -> (@Sendable (Int, Int) -> Void)? {
    guard isatty(STDERR_FILENO) == 1 else { return nil }
    return { done, total in
        let line = Array("\r\(done) of \(total) pictures\(done == total ? "\n" : "")".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}

private func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
