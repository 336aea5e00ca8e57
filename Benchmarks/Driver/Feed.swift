import ArgumentParser
import Corpora
import Execution
import FoundationEssentials

/// Batches of a corpus as training gets them, a pass over all images a round: Limn's half of `feeding.py`.
struct Feed: ParsableCommand {
    enum Mode: String, ExpressibleByArgument {
        /// Every image is decoded in every pass, and kept in memory or in a file as in a training's first epoch.
        case coldMemory = "cold-memory"
        case coldFile = "cold-file"
        /// Every pass takes up the file of the first, as a training that goes on does.
        case resumed
        /// Later epochs of one training.
        case cached
    }

    @Option(help: "The folder of captioned imageStore.") var data: String
    @Option(help: "Side of the imageStore.") var side = 64
    @Option(help: "Images a batch.") var batch = 32
    @Option(help: "Threads that prepare batches.") var threads = 2
    @Option(help: "cold-memory, cold-file, resumed or cached.") var mode: Mode
    @Option(help: "A folder for the file of decoded imageStore.") var scratch: String

    func run() throws {
        let corpus = try Corpus(folder: data, split: nil)
        let sampler = try PairSampler(corpus: corpus, seed: 1, flips: true)
        let file = "\(scratch)/images-\(mode.rawValue).cache"
        // Memory for the modes that open the file themselves: it belongs to one store at a time.
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
