import Basics
import ArgumentParser
import Files
import Corpora

extension CorpusCommand {
    struct Split: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Assign the images of a corpus to splits such as train and test.",
            discussion: """
                --by random is stratified: each split gets its fraction of every class. --by class assigns whole classes to \
                splits, for zero-shot evaluation. Identical images stay in one split, so that none leaks into another. The \
                same seed gives the same splits. Existing splits are replaced, except those of rows that cannot be used. Captions in \
                text files stay there: the metadata.jsonl that is written names only their images, classes and splits. \
                Captions in any other file than a metadata.jsonl of the whole corpus are copied into it, so that later changes of \
                the original files are not seen.
                Without --in-place or --out, nothing is written.

                EXAMPLES
                  limn corpus split images --parts train=0.9,test=0.1 --seed 1
                  limn corpus split images --parts train=0.9,test=0.1 --seed 1 --in-place
                  limn corpus split images --parts train=0.8,valid=0.1,test=0.1 --by class \\
                    --seed 1 --out metadata.jsonl
                """)

        @Argument(help: "The corpus, a folder.")
        var folder: String

        @OptionGroup var reading: ImageReadingOptions

        @Option(help: "Names and fractions of the splits; the fractions add up to 1.")
        var parts: Parts

        @Option(help: "random assigns single images, class assigns whole classes.")
        var by = CorpusSplit.Rule.random

        @Option(help: "Seed of the assignment.")
        var seed: UInt64

        @Option(help: "Write metadata.jsonl with the new splits to this file.")
        var out: String?

        @Flag(help: "Write the new splits to the corpus's own metadata.jsonl, which is created if missing.")
        var inPlace = false

        @Flag(help: "Print the splits as JSON.")
        var json = false

        struct Parts: ExpressibleByArgument {
            let parts: [CorpusSplit.Part]

            init?(argument: String) {
                var parts: [CorpusSplit.Part] = []
                for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
                    let halves = word.split(separator: "=", omittingEmptySubsequences: false)
                    guard halves.count == 2, let fraction = Double(halves[1]), fraction > 0, fraction < 1,
                        !halves[0].isEmpty, halves[0].allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) })
                    else { return nil }
                    parts.append(CorpusSplit.Part(name: String(halves[0]), fraction: fraction))
                }
                self.parts = parts
            }
        }

        func validate() throws {
            let sum = parts.parts.reduce(0) { $0 + $1.fraction }
            guard abs(sum - 1) < 0.005 else {
                throw ValidationError("the fractions of --parts must add up to 1, not \(sum)")
            }
            guard parts.parts.count > 1, Set(parts.parts.map(\.name)).count == parts.parts.count else {
                throw ValidationError("--parts needs two or more splits with different names")
            }
            if inPlace && out != nil { throw ValidationError("--in-place or --out, not both") }
        }

        func run() throws {
            try Paths.requireNotEmpty(("DIR", folder), ("--out", out))
            let own = "\(folder)/metadata.jsonl"
            let target = inPlace ? own : out
            if let out, let real = resolvedPath(out), real == resolvedPath(own) {
                throw CommandError(.usage, "\(out) belongs to the corpus; use --in-place to change it")
            }
            let corpus = try Corpus(folder: folder, split: nil, badFiles: .skip, options: reading.options())
            if let target { try Paths.requireWritable(target) }
            let split = try CorpusSplit(
                corpus, into: parts.parts, by: by, seed: seed, progress: ProgressLine("read").report)
            let metadata = try split.metadata()
            if let target { try AtomicFile.write(metadata, to: target) }
            if corpus.skipped.total > 0 {
                Terminal.say("\(corpus.skipped); limn corpus check \(folder) lists them")
            }
            if json {
                return try StandardOutput.printJSON(
                    Summary(splits: split.counts, duplicateImages: split.duplicateImages, written: target))
            }
            var table = TextTable(alignment: [.left, .right, .right, .right])
            table.add("split", "images", "captions", "classes")
            for count in split.counts {
                table.add(
                    count.split, Measure.grouped(count.images), Measure.grouped(count.captions),
                    Measure.grouped(count.classes))
            }
            table.lines.forEach { print($0) }
            if split.duplicateImages > 0 {
                print("\(Measure.count(split.duplicateImages, "duplicate image")) kept together")
            }
            guard let target else { return print("nothing was written; use --in-place or --out FILE") }
            print("written to \(target)")
            if let source = split.copiedFrom {
                print(
                    "its captions are copies of those in \(source), whose later changes are not seen; remove \(target) to return "
                        + "to them")
            }
        }

        private struct Summary: Encodable {
            let splits: [CorpusSplit.Count]
            let duplicateImages: Int
            let written: String?
        }
    }
}
