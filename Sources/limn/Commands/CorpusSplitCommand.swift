import ArgumentParser
import Files
import Corpora
import Glibc

extension CorpusCommand {
    struct Split: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Divide a corpus into splits such as train and test.",
            discussion: """
                By random, each part gets its share of every class; by class, no class is in two parts, which asks a \
                model for what it never saw. Pictures of equal bytes stay together, so that nothing leaks from one part \
                into another. The same seed divides alike. Splits that are there are replaced.
                Without --in-place and --out it is only said what would be.

                EXAMPLES
                  limn corpus split pictures --parts train=0.9,test=0.1 --seed 1
                  limn corpus split pictures --parts train=0.9,test=0.1 --seed 1 --in-place
                  limn corpus split pictures --parts train=0.8,valid=0.1,test=0.1 --by class --seed 1 --out metadata.jsonl
                """)

        @Argument(help: "The corpus, a folder.")
        var folder: String

        @Option(help: "Names and shares, which add up to 1.")
        var parts: Parts

        @Option(help: "What is kept together.")
        var by = CorpusDivision.Rule.random

        @Option(help: "Seed of the lot.")
        var seed: UInt64

        @Option(help: "Write metadata.jsonl with the new splits to this file.")
        var out: String?

        @Flag(help: "Write the new splits into the corpus's own metadata.jsonl, or make one.")
        var inPlace = false

        @Flag(help: "Print the parts as JSON.")
        var json = false

        struct Parts: ExpressibleByArgument {
            let parts: [CorpusDivision.Part]

            init?(argument: String) {
                var parts: [CorpusDivision.Part] = []
                for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
                    let halves = word.split(separator: "=", omittingEmptySubsequences: false)
                    guard halves.count == 2, let share = Double(halves[1]), share > 0, share < 1,
                        !halves[0].isEmpty, halves[0].allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) })
                    else { return nil }
                    parts.append(CorpusDivision.Part(name: String(halves[0]), share: share))
                }
                self.parts = parts
            }
        }

        func validate() throws {
            let sum = parts.parts.reduce(0) { $0 + $1.share }
            guard abs(sum - 1) < 0.005 else {
                throw ValidationError("the shares of --parts must add up to 1, not \(sum)")
            }
            guard parts.parts.count > 1, Set(parts.parts.map(\.name)).count == parts.parts.count else {
                throw ValidationError("--parts needs two parts or more, of different names")
            }
            if inPlace && out != nil { throw ValidationError("--in-place or --out, not both") }
        }

        func run() throws {
            try Paths.requireNotEmpty(("DIR", folder), ("--out", out))
            let own = "\(folder)/metadata.jsonl"
            let target = inPlace ? own : out
            if let target { try Paths.requireWritable(target) }
            if let out, let real = Self.resolved(out), real == Self.resolved(own) {
                throw CommandError(.usage, "\(out) belongs to the corpus; say --in-place to change it")
            }
            let corpus = try Corpus(folder: folder, split: nil, badFiles: .skip)
            let division = try CorpusDivision(
                corpus, into: parts.parts, by: by, seed: seed, progress: ProgressLine("read").report)
            let metadata = try division.metadata()
            if let target { try AtomicFile.write(metadata, to: target) }
            if corpus.leftOut.total > 0 {
                Terminal.say("\(corpus.leftOut); limn corpus check \(folder) says which and why")
            }
            if json {
                return try StandardOutput.printJSON(
                    Divided(parts: division.counts, equalPictures: division.equalPictures, written: target))
            }
            var table = TextTable(alignment: [.left, .right, .right, .right])
            table.add("part", "pictures", "captions", "classes")
            for count in division.counts {
                table.add(
                    count.part, Measure.grouped(count.pictures), Measure.grouped(count.captions),
                    Measure.grouped(count.classes))
            }
            table.lines.forEach { print($0) }
            if division.equalPictures > 0 {
                print("\(Measure.count(division.equalPictures, "picture")) with an equal one, kept together")
            }
            print(target.map { "written to \($0)" } ?? "nothing was written; --in-place or --out FILE does")
        }

        private static func resolved(_ path: String) -> String? {
            guard let real = realpath(path, nil) else { return nil }
            defer { free(real) }
            return String(cString: real)
        }

        private struct Divided: Encodable {
            let parts: [CorpusDivision.Count]
            let equalPictures: Int
            let written: String?
        }
    }
}
