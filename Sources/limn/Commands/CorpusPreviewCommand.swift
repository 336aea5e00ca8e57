import Basics
import ArgumentParser
import Files
import Corpora
import Images

extension CorpusCommand {
    struct Preview: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draw a contact sheet: images of a corpus with their captions.",
            discussion: """
                Images are chosen at random, the same ones for the same seed. Below each are its first caption and, in \
                grey, its file, class and split.

                EXAMPLES
                  limn corpus preview images --out sheet.png
                  limn corpus preview images --out sheet.png --split test --count 60 --seed 2
                  limn corpus preview images --out large.png --count 8 --side 256 --columns 4
                """)

        @Argument(help: "The corpus.")
        var folder: String

        @Option(help: "The PNG to write.")
        var out: String

        @Option(help: "Number of images.")
        var count = 24

        @Option(help: "Seed of the choice.")
        var seed: UInt64 = 0

        @Option(help: "Choose from this split only; \"\" is all rows.")
        var split = ""

        @OptionGroup var reading: ImageReadingOptions

        @Option(help: "Width and height of each image, in pixels.")
        var side = 128

        @Option(help: "Images per row; by default the sheet is somewhat wider than high.")
        var columns: Int?

        @Flag(help: "Print a summary as JSON.")
        var json = false

        func validate() throws {
            guard (1...1000).contains(count) else {
                throw ValidationError("--count must be in 1...1000, found \(count)")
            }
            guard (32...1024).contains(side) else {
                throw ValidationError("--side must be in 32...1024, found \(side)")
            }
            if let columns, !(1...100).contains(columns) {
                throw ValidationError("--columns must be in 1...100, found \(columns)")
            }
            // Captions may take as much height as the image.
            guard count * (side + 40) * (side * 2 + 120) <= Image.maximumPixels else {
                throw ValidationError(
                    "\(count) images of \(side) pixels make too large a sheet; choose fewer or smaller ones")
            }
        }

        func run() throws {
            try Paths.requireNotEmpty(("DIR", folder), ("--out", out))
            try Paths.requirePNG(out)
            try Paths.requireWritable(out)
            let corpus = try Corpus(
                folder: folder, split: split.isEmpty ? nil : split, badFiles: .skip, options: reading.options())
            let preview = try CorpusPreview(
                corpus, count: count, seed: seed, side: side, columns: columns, split: split.isEmpty ? nil : split,
                progress: ProgressLine("drew").report)
            try AtomicFile.write(preview.sheet.pngData(), to: out)
            for problem in preview.unreadable { Terminal.say("skipped: \(problem)") }
            if corpus.skipped.total > 0 {
                Terminal.say("\(corpus.skipped.description); limn corpus check \(folder) lists them")
            }
            if json {
                try StandardOutput.printJSON(
                    Drawn(
                        file: out, width: preview.sheet.width, height: preview.sheet.height, images: preview.images)
                )
            } else {
                Terminal.say("\(out): \(Measure.count(preview.images.count, "image")) of \(folder)")
            }
        }

        private struct Drawn: Encodable {
            let file: String
            let width: Int
            let height: Int
            let images: [CorpusPreview.Entry]
        }
    }
}
