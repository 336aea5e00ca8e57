import ArgumentParser
import Corpora
import Images
import Training

extension CorpusCommand {
    struct Convert: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a corpus anew: as a folder or as shards, at any size.",
            discussion: """
                Reads every layout that limn corpus check knows, and writes an image folder with metadata.jsonl or \
                WebDataset shards (tar files of pictures, each with a .json of its captions, class and split). Rows \
                tell in "source" where their pictures came from. The corpus itself is only read; what is interrupted \
                leaves nothing at the new place.

                EXAMPLES
                  limn corpus convert shards --out pictures
                  limn corpus convert photographs --out small --side 256 --aspect crop
                  limn corpus convert photographs --out shards --to shards --shard-size 500MB
                  limn corpus convert photographs --out shards --to shards --shard-size 10000 --side 256 --format jpeg
                """)

        enum Target: String, CaseIterable, ExpressibleByArgument { case folder, shards }

        @Argument(help: "The corpus.")
        var folder: String

        @Option(help: "A new or empty folder to write to.")
        var out: String

        @Option(help: "What to write.")
        var to = Target.folder

        @Option(help: "Pictures of a shard, such as 10000, or its size, such as 500MB or 1GB.")
        var shardSize: ShardSize?

        @Option(help: "Width and height to bring pictures to, in pixels; as they are by default.")
        var side: Int?

        @Option(
            help:
                "What becomes of pictures that are not square: crop keeps the middle, pad all of it on white, stretch all."
        )
        var aspect: PictureAspect?

        @Option(help: "How to encode: keep leaves files as they are where nothing else changes them.")
        var format = CorpusConversion.Encoding.keep

        @Option(help: "Of JPEG, 1 to 100; 95 by default.")
        var quality: Int?

        @OptionGroup var badFiles: BadFilesOption

        @Flag(help: "Print what was written as JSON.")
        var json = false

        struct ShardSize: ExpressibleByArgument {
            let size: CorpusConversion.ShardSize

            init?(argument: String) {
                let digits = argument.prefix { $0.isASCII && $0.isNumber }
                let units = ["": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000]
                guard let number = Int(digits), (1...1_000_000_000).contains(number),
                    let unit = units[argument.dropFirst(digits.count).uppercased()]
                else { return nil }
                size = unit == 1 ? .pictures(number) : .bytes(number * unit)
            }
        }

        func validate() throws {
            if let side, !(8...4096).contains(side) {
                throw ValidationError("--side must lie in 8...4096, found \(side)")
            }
            if let quality, !(1...100).contains(quality) {
                throw ValidationError("--quality must lie in 1...100, found \(quality)")
            }
            if aspect != nil && side == nil { throw ValidationError("--aspect says how to come to --side; give one") }
            if shardSize != nil && to == .folder { throw ValidationError("--shard-size belongs to --to shards") }
            if quality != nil && format == .png {
                throw ValidationError("--quality belongs to JPEG; PNG loses nothing")
            }
        }

        func run() throws {
            try Paths.requireNotEmpty(("DIR", folder), ("--out", out))
            let corpus = try Corpus(folder: folder, split: nil, badFiles: badFiles.badFiles)
            var form = CorpusConversion.Pictures()
            form.side = side
            form.aspect = aspect ?? .crop
            form.encoding = format
            form.quality = quality ?? 95
            let interruption = Interruption { Terminal.clear() }
            let report = ProgressLine("wrote").report
            let done = try CorpusConversion(
                corpus, to: out, layout: to == .folder ? .folder : .shards(shardSize?.size ?? .bytes(500_000_000)),
                form: form, badFiles: badFiles.badFiles, progress: report, isInterrupted: { interruption.isRequested })
            guard done.isComplete else {
                Terminal.say("interrupted; nothing was written to \(out)")
                throw ExitCode(130)
            }
            done.leftOut.first.prefix(20).forEach { Terminal.say("left out: \($0)") }
            if done.leftOut.total > 0 { Terminal.say("\(done.leftOut)") }
            if json {
                try StandardOutput.printJSON(
                    Written(
                        folder: out, format: to.rawValue, pictures: done.pictures, captions: done.captions,
                        bytes: done.bytes, shards: done.shards, leftOut: done.leftOut.total))
            } else {
                let shards = to == .shards ? " in \(Measure.count(done.shards, "shard"))" : ""
                print(
                    "\(out): \(Measure.count(done.pictures, "picture")), \(Measure.count(done.captions, "caption")), "
                        + "\(Measure.bytes(done.bytes))\(shards)")
            }
        }

        private struct Written: Encodable {
            let folder: String
            let format: String
            let pictures: Int
            let captions: Int
            let bytes: Int
            let shards: Int
            let leftOut: Int
        }
    }
}

extension PictureAspect: ExpressibleByArgument {}
extension CorpusConversion.Encoding: ExpressibleByArgument {}
extension CorpusDivision.Rule: ExpressibleByArgument {}
