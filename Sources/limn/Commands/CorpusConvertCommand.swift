import Basics
import ArgumentParser
import CommandSupport
import Corpora
import Images
import Training

extension CorpusCommand {
    struct Convert: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Convert a corpus to a folder or to shards, at any image size.",
            discussion: """
                Reads every supported layout, and writes an image folder with metadata.jsonl or WebDataset shards (tar \
                files of images, each with a .json of its captions, class and split). The member "source" of each row \
                names the original file. The corpus itself is only read; an interrupted conversion leaves no output.

                EXAMPLES
                  limn corpus convert shards --out images
                  limn corpus convert photographs --out small --side 256 --aspect crop
                  limn corpus convert photographs --out shards --to shards --shard-size 500MB
                  limn corpus convert photographs --out shards --to shards --side 256 \\
                    --shard-size 10000 --format jpeg
                """)

        enum Target: String, CaseIterable, ExpressibleByArgument { case folder, shards }

        @Argument(help: "The corpus.")
        var folder: String

        @Option(help: "A new or empty folder to write to.")
        var out: String

        @Option(help: "The layout to write.")
        var to = Target.folder

        @Option(help: "Images per shard, such as 10000, or its size, such as 500MB or 1GB; 500MB by default.")
        var shardSize: ShardSize?

        @Option(help: "Width and height of the images, in pixels; unchanged by default.")
        var side: Int?

        @Option(
            help:
                "How to fit images that are not square: crop keeps the middle, pad adds white, stretch distorts."
        )
        var aspect: AspectMode?

        @Option(
            help:
                "Image format; keep preserves the bytes of images that are not resized, and writes others as JPEG if they are, else as PNG."
        )
        var format = CorpusConversion.Encoding.keep

        @Option(help: "JPEG quality, 1 to 100; 95 by default.")
        var quality: Int?

        @OptionGroup var badFiles: BadFilesOption

        @OptionGroup var reading: ImageReadingOptions

        @Flag(help: "Print a summary as JSON.")
        var json = false

        struct ShardSize: ExpressibleByArgument {
            let size: ShardLimit

            init?(argument: String) {
                let digits = argument.prefix { $0.isASCII && $0.isNumber }
                let units = ["": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000]
                guard let number = Int(digits), (1...1_000_000_000).contains(number),
                    let unit = units[argument.dropFirst(digits.count).uppercased()]
                else { return nil }
                size = unit == 1 ? .images(number) : .bytes(number * unit)
            }
        }

        func validate() throws {
            if let side, !(8...4096).contains(side) {
                throw ValidationError("--side must be in 8...4096, found \(side)")
            }
            if let quality, !(1...100).contains(quality) {
                throw ValidationError("--quality must be in 1...100, found \(quality)")
            }
            if aspect != nil && side == nil { throw ValidationError("--aspect needs --side") }
            if shardSize != nil && to == .folder { throw ValidationError("--shard-size needs --to shards") }
            if quality != nil && format == .png {
                throw ValidationError("--quality is for JPEG; PNG is lossless")
            }
        }

        func run() throws {
            try Paths.requireNotEmpty(("DIR", folder), ("--out", out))
            let corpus = try Corpus(
                folder: folder, split: nil, badFiles: badFiles.badFiles, options: reading.options())
            var options = CorpusConversion.ImageOptions()
            options.side = side
            options.aspect = aspect ?? .crop
            options.encoding = format
            options.quality = quality ?? 95
            let interruption = Interruption { Terminal.clear() }
            let report = ProgressLine("wrote").report
            let done = try CorpusConversion(
                corpus, to: out, layout: to == .folder ? .folder : .shards(shardSize?.size ?? .bytes(500_000_000)),
                options: options, badFiles: badFiles.badFiles, progress: report,
                isInterrupted: { interruption.isRequested })
            guard done.isComplete else {
                Terminal.say("interrupted; nothing was written to \(out)")
                throw ExitCode(.interrupted)
            }
            done.skipped.first.prefix(20).forEach { Terminal.say("skipped: \($0)") }
            if done.skipped.total > 0 { Terminal.say("\(done.skipped)") }
            if json {
                try StandardOutput.printJSON(
                    Written(
                        folder: out, format: to.rawValue, images: done.images, captions: done.captions,
                        bytes: done.bytes, shards: done.shards, skipped: done.skipped.total))
            } else {
                let shards = to == .shards ? " in \(Measure.count(done.shards, "shard"))" : ""
                print(
                    "\(out): \(Measure.count(done.images, "image")), \(Measure.count(done.captions, "caption")), "
                        + "\(Measure.bytes(done.bytes))\(shards)")
            }
        }

        private struct Written: Encodable {
            let folder: String
            let format: String
            let images: Int
            let captions: Int
            let bytes: Int
            let shards: Int
            let skipped: Int
        }
    }
}

extension AspectMode: ExpressibleByArgument {}
extension CorpusConversion.Encoding: ExpressibleByArgument {}
extension CorpusSplit.Rule: ExpressibleByArgument {}
