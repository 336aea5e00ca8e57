import ArgumentParser
import Corpora
import Execution
import FoundationEssentials

/// Batches of a corpus as in training, one pass over all images per round, for `feeding.py`.
struct Feed: ParsableCommand {
    enum Mode: String, ExpressibleByArgument {
        /// Every pass decodes every image and caches it in memory or in a file, as the first epoch of a training does.
        case coldMemory = "cold-memory"
        case coldFile = "cold-file"
        /// Every pass uses the cache file of the first, as a resumed training does.
        case resumed
        /// Later epochs of a training.
        case cached
    }

    @Option(help: "The folder of captioned images.") var data: String
    @Option(help: "Width and height of the images.") var side = 64
    @Option(help: "Images per batch.") var batch = 32
    @Option(help: "Threads that prepare batches.") var threads = 2
    @Option(help: "cold-memory, cold-file, resumed or cached.") var mode: Mode
    @Option(help: "A folder for the cache of decoded images.") var scratch: String

    func run() throws {
        let corpus = try Corpus(folder: data, split: nil)
        let sampler = try PairSampler(corpus: corpus, seed: 1, flips: true)
        let file = "\(scratch)/images-\(mode.rawValue).cache"
        // In memory for the other modes, which open the file themselves: a file belongs to one store at a time.
        let kept = open(mode == .cached ? file : nil, corpus)
        var firstImage = 0
        try Driver.serve(["images": Double(corpus.examples.count)]) {
            let images: ImageStore
            switch mode {
            case .coldFile:
                try? FileManager.default.removeItem(atPath: file)
                images = open(file, corpus)
            case .resumed: images = open(file, corpus)
            case .coldMemory: images = open(nil, corpus)
            case .cached: images = kept
            }
            let feeder = BatchFeeder(
                images: images, sampler: sampler, batchSize: batch, firstImage: firstImage, threads: threads)
            var seen = 0
            while seen < corpus.examples.count { seen += try feeder.next().count }
            feeder.stop()
            firstImage += mode == .cached ? seen : 0
        }
    }

    private func open(_ cache: String?, _ corpus: Corpus) -> ImageStore {
        ImageStore(corpus: corpus, preprocessing: ImagePreprocessing(side: side), cache: cache)
    }
}
