import ArgumentParser
import Files
import Corpora
import Images

extension CorpusCommand {
    struct Preview: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draw a contact sheet: pictures of a corpus with their captions.",
            discussion: """
                Pictures are drawn by lot, the same ones for the same seed; each has its first caption beneath, and in \
                grey its file, class and split.

                EXAMPLES
                  limn corpus preview pictures --out sheet.png
                  limn corpus preview pictures --out sheet.png --split test --count 60 --seed 2
                  limn corpus preview pictures --out large.png --count 8 --side 256 --columns 4
                """)

        @Argument(help: "The corpus.")
        var folder: String

        @Option(help: "The PNG to write.")
        var out: String

        @Option(help: "How many pictures.")
        var count = 24

        @Option(help: "Which pictures: a seed draws always the same.")
        var seed: UInt64 = 0

        @Option(help: "Pictures of this split only.")
        var split: String?

        @Option(help: "Width and height of each picture, in pixels.")
        var side = 128

        @Option(help: "Pictures a row; as the count suggests by default.")
        var columns: Int?

        @Flag(help: "Print as JSON what was drawn.")
        var json = false

        func validate() throws {
            guard (1...1000).contains(count) else {
                throw ValidationError("--count must lie in 1...1000, found \(count)")
            }
            guard (32...1024).contains(side) else {
                throw ValidationError("--side must lie in 32...1024, found \(side)")
            }
            if let columns, !(1...100).contains(columns) {
                throw ValidationError("--columns must lie in 1...100, found \(columns)")
            }
            // Twice the side is room for captions; 64 million pixels are the most that an image has.
            guard count * (side + 40) * (side * 2 + 120) <= 64_000_000 else {
                throw ValidationError(
                    "\(count) pictures of \(side) pixels make too large a sheet; ask for fewer or smaller ones")
            }
        }

        func run() throws {
            try Paths.requireNotEmpty(("DIR", folder), ("--out", out), ("--split", split))
            try Paths.requireWritable(out)
            let corpus = try Corpus(folder: folder, split: split, badFiles: .skip)
            let preview = try CorpusPreview(
                corpus, count: count, seed: seed, side: side, columns: columns, split: split,
                progress: ProgressLine("drew").report)
            try AtomicFile.write(preview.sheet.pngData(), to: out)
            for problem in preview.unreadable { Terminal.say("left out: \(problem)") }
            if corpus.leftOut.total > 0 {
                Terminal.say("\(corpus.leftOut.description); limn corpus check \(folder) says which and why")
            }
            if json {
                try StandardOutput.printJSON(
                    Drawn(
                        file: out, width: preview.sheet.width, height: preview.sheet.height, pictures: preview.pictures)
                )
            } else {
                Terminal.say("\(out): \(Measure.count(preview.pictures.count, "picture")) of \(folder)")
            }
        }

        private struct Drawn: Encodable {
            let file: String
            let width: Int
            let height: Int
            let pictures: [CorpusPreview.Picture]
        }
    }
}
