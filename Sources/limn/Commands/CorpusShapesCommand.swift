import Basics
import ArgumentParser
import CommandSupport
import Corpora
import Training

extension CorpusCommand {
    struct Shapes: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a corpus of captioned shapes in a new folder.",
            discussion: """
                Draws coloured shapes with captions that describe them. Some combinations of colour and shape occur only in \
                split "test". The same seed gives the same corpus. An interrupted command leaves no output.

                EXAMPLES
                  limn corpus shapes --out shapes --count 5000 --seed 1
                  limn corpus shapes --out tiny --count 64 --seed 1 --side 32 --json
                """)

        @Option(help: "A new or empty folder to write to.")
        var out: String

        @Option(help: "Number of images.")
        var count: Int

        @Option(help: "Seed of the whole corpus.")
        var seed: UInt64

        @Option(help: "Width and height of the images, in pixels.")
        var side = 64

        @Flag(help: "Print a summary as JSON.")
        var json = false

        func validate() throws {
            guard (1...10_000_000).contains(count) else {
                throw ValidationError("--count must be in 1...10000000, found \(count)")
            }
            guard (8...1024).contains(side) else {
                throw ValidationError("--side must be in 8...1024, found \(side)")
            }
        }

        func run() throws {
            try Paths.requireNotEmpty(("--out", out))
            let total = count
            let report = ProgressLine("drew").report
            let interruption = Interruption { Terminal.clear() }
            let isComplete = try ShapesCorpus(seed: seed, side: side).write(
                to: out, count: count, progress: { report?($0, total) }, isInterrupted: { interruption.isRequested })
            guard isComplete else {
                Terminal.say("interrupted; nothing was written to \(out)")
                throw ExitCode(.interrupted)
            }
            if json {
                try StandardOutput.printJSON(Written(folder: out, images: count, seed: seed, side: side))
            } else {
                print("\(out): \(count) images of \(side) x \(side) pixels, seed \(seed)")
            }
        }

        private struct Written: Encodable {
            let folder: String
            let images: Int
            let seed: UInt64
            let side: Int
        }
    }
}
