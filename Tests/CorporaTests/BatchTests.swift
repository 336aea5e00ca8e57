import Corpora
import FoundationEssentials
import Images
import Testing

@Suite struct PictureStoreTests {
    @Test func holdsEveryPictureInOrder() throws {
        let folder = try TemporaryFolder(shapes: 70)
        let corpus = try Corpus(folder: folder.path, split: nil)
        let store = try PictureStore(corpus: corpus, side: 8)
        let drawn = ShapesCorpus.draw(count: 70, seed: 5, side: 8)
        #expect(store.pixels == drawn.flatMap(\.image.pixels))
        #expect(store.floats(of: 3..<5) == drawn[3..<5].flatMap(\.image.pixels).map { Float($0) / 127.5 - 1 })
        #expect(store.skipped.isEmpty)
    }

    @Test func cutsTheCentreSquareAndScales() throws {
        let folder = try TemporaryFolder(
            metadata: [#"{"file_name": "wide.png", "text": "x"}"#], pictures: [])
        // White, with a red square of the whole height in the middle.
        let pixels = (0..<16 * 32).flatMap { (8..<24).contains($0 % 32) ? [255, 0, 0] : [255, 255, 255] as [UInt8] }
        try folder.write(Image(width: 32, height: 16, pixels: pixels).pngData(), to: "wide.png")
        let store = try PictureStore(corpus: Corpus(folder: folder.path, split: nil), side: 4)
        #expect(store.floats(of: 0..<1) == (0..<16).flatMap { _ in [1, -1, -1] as [Float] })
    }

    @Test func skipsOrRefusesPicturesThatDoNotDecode() throws {
        let folder = try TemporaryFolder(shapes: 200)
        let corpus = try Corpus(folder: folder.path, split: nil)
        for bad in [7, 150] { try folder.write("no picture".utf8, to: corpus.examples[bad].path) }
        let text = message { _ = try PictureStore(corpus: corpus, side: 8) }
        #expect(text.contains("\(corpus.examples[7].path): not an image"), "\(text)")
        #expect(text.contains("2 of 200"))

        let store = try PictureStore(corpus: corpus, side: 8, badFiles: .few)
        #expect(store.skipped.map(\.file) == [7, 150].map { corpus.examples[$0].path })
        #expect(store.corpus.examples.count == 198)
        #expect(store.corpus.captionCount == store.corpus.captions.count)
        // Examples and rows of pixels still belong together.
        let drawn = ShapesCorpus.draw(count: 200, seed: 5, side: 8).enumerated().filter {
            ![7, 150].contains($0.offset)
        }
        #expect(store.pixels == drawn.flatMap(\.element.image.pixels))
        #expect(store.corpus.examples.map(\.captions) == drawn.map(\.element.captions))

        try folder.write([], to: corpus.examples[9].path)
        #expect(message { _ = try PictureStore(corpus: corpus, side: 8, badFiles: .few) }.contains("3 of 200"))
    }
}

@Suite struct BatchFeederTests {
    private func parts(flips: Bool = true) throws -> (PictureStore, PairSampler, TemporaryFolder) {
        let folder = try TemporaryFolder(shapes: 31)
        let store = try PictureStore(corpus: Corpus(folder: folder.path, split: nil), side: 8)
        return (store, try PairSampler(corpus: store.corpus, seed: 11, flips: flips), folder)
    }

    @Test func aBatchHoldsPicturesCaptionsAndMismatches() throws {
        let (store, sampler, _) = try parts()
        let batch = Batch(pictures: store, sampler: sampler, firstImage: 29, size: 9)
        let pairs = sampler.pairs(29..<38)
        #expect(batch.firstImage == 29 && batch.count == 9 && batch.images.count == 9 * 8 * 8 * 3)
        #expect(batch.captions == pairs.map(\.caption))
        #expect(batch.mismatches == pairs.map(\.mismatch))
        #expect(Set(pairs.map(\.flipped)).count == 2)
        for (place, pair) in pairs.enumerated() {
            let picture = store.floats(of: pair.caption.example..<pair.caption.example + 1)
            for index in 0..<64 {
                let from = pair.flipped ? index / 8 * 8 + 7 - index % 8 : index
                for channel in 0..<3 {
                    #expect(batch.images[(place * 64 + index) * 3 + channel] == picture[from * 3 + channel])
                }
            }
        }
    }

    @Test func feedsWhatDirectSamplingGives() throws {
        let (store, sampler, _) = try parts()
        for (depth, firstImage) in [(1, 0), (4, 13), (9, 1_000_003)] {
            let feeder = BatchFeeder(
                pictures: store, sampler: sampler, batchSize: 7, firstImage: firstImage, depth: depth)
            for step in 0..<20 {
                let direct = Batch(pictures: store, sampler: sampler, firstImage: firstImage + step * 7, size: 7)
                #expect(feeder.next() == direct)
            }
        }
    }

    @Test func resumesInMidEpoch() throws {
        let (store, sampler, _) = try parts()
        let whole = BatchFeeder(pictures: store, sampler: sampler, batchSize: 5)
        var seen = 0
        for _ in 0..<9 { seen += whole.next().count }
        let (newStore, newSampler, _) = try parts()
        let resumed = BatchFeeder(pictures: newStore, sampler: newSampler, batchSize: 5, firstImage: seen)
        for _ in 0..<9 { #expect(resumed.next() == whole.next()) }
    }

    @Test func stopsWhenReleasedOrTold() throws {
        let (store, sampler, _) = try parts()
        for round in 0..<50 {
            let feeder = BatchFeeder(pictures: store, sampler: sampler, batchSize: 16)
            if round % 2 == 0 { #expect(feeder.next().firstImage == 0) }
            if round % 3 == 0 { feeder.stop() }
        }
    }
}
