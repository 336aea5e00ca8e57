import Corpora
import FoundationEssentials
import Images
import TestSupport
import Testing

extension ImageStore {
    /// The pixels of all images.
    func pixels() throws -> [UInt8] { try corpus.examples.indices.flatMap { try #require(try image($0)).pixels } }
}

@Suite struct BatchTests {
    @Test func aBatchHoldsImagesCaptionsAndMismatches() throws {
        let (store, sampler, folder) = try batchParts()
        defer { withExtendedLifetime(folder) {} }
        let batch = try Batch(images: store, sampler: sampler, firstImage: 29, size: 9)
        let pairs = sampler.pairs(29..<38)
        #expect(batch.firstImage == 29 && batch.count == 9 && batch.images.count == 9 * 8 * 8 * 3)
        #expect(batch.captions == pairs.map(\.caption))
        #expect(batch.mismatches == pairs.map(\.mismatch))
        #expect(Set(pairs.map(\.flipped)).count == 2)
        for (place, pair) in pairs.enumerated() {
            let image = try #require(try store.image(pair.caption.example))
            let expected = (pair.flipped ? image.mirrored() : image).pixels.map { Float($0) / 127.5 - 1 }
            #expect(Array(batch.images[place * 192..<(place + 1) * 192]) == expected)
        }
    }

    @Test func ranksPartABatchWithoutOverlap() throws {
        for size in [1, 5, 32] {
            for ranks in 1...size {
                let parts = (0..<ranks).map { BatchShard(rank: $0, worldSize: ranks).positions(of: size) }
                #expect(parts.flatMap(Array.init) == Array(0..<size))
                #expect(parts.allSatisfy { !$0.isEmpty })
            }
        }
    }

    @Test func substitutesOfBadImagesDependOnlyOnTheSeed() throws {
        let (_, sampler, folder) = try batchParts(shapes: 60)
        defer { withExtendedLifetime(folder) {} }
        let corpus = sampler.corpus
        let bad: Set = [7, 23, 41]
        for index in bad { try folder.write("no image".utf8, to: corpus.examples[index].path) }
        func batch(_ seed: UInt64, _ positions: Range<Int>) throws -> Batch {
            let store = ImageStore(corpus: corpus, preprocessing: ImagePreprocessing(side: 8), badFiles: .skip)
            let sampler = try PairSampler(corpus: corpus, seed: seed, flips: true)
            return try Batch(
                images: store, sampler: sampler, firstImage: positions.lowerBound, size: positions.count)
        }
        let whole = try batch(11, 0..<120)
        #expect(!whole.captions.contains { bad.contains($0.example) })
        // Positions with good images are unaffected.
        let pairs = sampler.pairs(0..<120)
        for (pair, caption) in zip(pairs, whole.captions) where !bad.contains(pair.caption.example) {
            #expect(pair.caption == caption)
        }
        let replaced = (0..<120).filter { bad.contains(pairs[$0].caption.example) }
        #expect(replaced.count == 6)
        // Different bad images get different substitutes.
        #expect(Set(replaced.map { whole.captions[$0].example }).count > 2)
        // Each position independently, in any order.
        for place in replaced.reversed() {
            let alone = try batch(11, place..<place + 1)
            #expect(alone.captions[0] == whole.captions[place])
            #expect(alone.mismatches[0] == whole.mismatches[place])
            #expect(alone.images[...] == whole.images[place * 192..<(place + 1) * 192])
        }
        #expect(try batch(12, 0..<120).captions != whole.captions)
    }

    @Test func windowsLieAnywhereAndAreThoseOfTheirItem() throws {
        let folder = try TemporaryFolder(
            metadata: ["wide", "other"].map { #"{"file_name": "\#($0).png", "text": "a \#($0) one"}"# })
        // 40 × 20 pixels; each column has its own shade, which reveals the position of a crop.
        var pixels: [UInt8] = []
        for index in 0..<20 * 40 { pixels += [UInt8(index % 40 * 6), UInt8(index / 40 * 12), 0] }
        for name in ["wide", "other"] {
            try folder.write(Image(width: 40, height: 20, pixels: pixels).pngData(), to: "\(name).png")
        }
        let corpus = try Corpus(folder: folder.path, split: nil)
        // A margin of 0.25 turns 16 into 20 pixels, so images are not resized.
        let preprocessing = ImagePreprocessing(side: 16, crop: .random, margin: 0.25)
        let store = ImageStore(corpus: corpus, preprocessing: preprocessing)
        let sampler = try PairSampler(corpus: corpus, seed: 3, flips: false)
        let batch = try Batch(images: store, sampler: sampler, firstImage: 0, size: 600)
        let length = 16 * 16 * 3
        let corners = (0..<600).map { (place: Int) -> [Int] in
            let red = ((batch.images[place * length] + 1) * 127.5 / 6).rounded()
            let green = ((batch.images[place * length + 1] + 1) * 127.5 / 12).rounded()
            return [Int(red), Int(green)]
        }
        #expect(Set(corners.map { $0[0] }) == Set(0...24))
        #expect(Set(corners.map { $0[1] }) == Set(0...4))
        // A single image is cropped at the centre.
        #expect(try store.image(0)?.pixels[0..<3] == [12 * 6, 2 * 12, 0])
        let again = try Batch(images: store, sampler: sampler, firstImage: 577, size: 5)
        #expect(again.images[...] == batch.images[577 * length..<582 * length])
        // Everything else is the same as with centre crops.
        let centred = ImageStore(corpus: corpus, preprocessing: ImagePreprocessing(side: 16))
        #expect(
            try Batch(images: centred, sampler: sampler, firstImage: 0, size: 600).mismatches == batch.mismatches)
    }
}

@Suite struct BatchFeederTests {
    @Test(arguments: [0, 1, 2, 5])
    func feedsWhatDirectSamplingGives(threads: Int) throws {
        let (store, sampler, folder) = try batchParts()
        defer { withExtendedLifetime(folder) {} }
        for (depth, firstImage) in [(1, 0), (4, 13), (9, 1_000_003)] {
            let fresh = ImageStore(corpus: store.corpus, preprocessing: store.preprocessing)
            let feeder = BatchFeeder(
                images: fresh, sampler: sampler, batchSize: 11, firstImage: firstImage, threads: threads, depth: depth
            )
            for step in 0..<20 {
                let direct = try Batch(images: store, sampler: sampler, firstImage: firstImage + step * 11, size: 11)
                #expect(try feeder.next() == direct)
            }
        }
    }

    @Test func theSharesOfAllRanksAreTheBatchOfOne() throws {
        let (store, sampler, folder) = try batchParts()
        defer { withExtendedLifetime(folder) {} }
        let whole = BatchFeeder(images: store, sampler: sampler, batchSize: 21, firstImage: 5)
        let ranks = (0..<3).map { rank in
            BatchFeeder(
                images: ImageStore(corpus: store.corpus, preprocessing: store.preprocessing), sampler: sampler,
                batchSize: 21,
                firstImage: 5, shard: BatchShard(rank: rank, worldSize: 3), threads: rank + 1)
        }
        for step in 0..<12 {
            let (batch, parts) = (try whole.next(), try ranks.map { try $0.next() })
            #expect(parts.map(\.count) == [7, 7, 7])
            #expect(parts.map(\.firstImage) == [0, 7, 14].map { 5 + step * 21 + $0 })
            #expect(parts.flatMap(\.images) == batch.images)
            #expect(parts.flatMap(\.captions) == batch.captions)
            #expect(parts.flatMap(\.mismatches) == batch.mismatches)
        }
    }

    @Test func resumesInMidEpoch() throws {
        let (store, sampler, folder) = try batchParts()
        defer { withExtendedLifetime(folder) {} }
        let whole = BatchFeeder(images: store, sampler: sampler, batchSize: 5)
        var seen = 0
        for _ in 0..<9 { seen += try whole.next().count }
        let (newStore, newSampler, newFolder) = try batchParts()
        defer { withExtendedLifetime(newFolder) {} }
        let resumed = BatchFeeder(images: newStore, sampler: newSampler, batchSize: 5, firstImage: seen)
        for _ in 0..<9 { #expect(try resumed.next() == whole.next()) }
    }

    @Test func stopsWhenReleasedOrTold() throws {
        let (store, sampler, folder) = try batchParts()
        defer { withExtendedLifetime(folder) {} }
        for round in 0..<50 {
            let feeder = BatchFeeder(images: store, sampler: sampler, batchSize: 16)
            if round % 2 == 0 { #expect(try feeder.next().firstImage == 0) }
            if round % 3 == 0 { feeder.stop() }
        }
    }

    @Test func theFirstBatchIsThereBeforeOthersAreDecoded() throws {
        let (store, sampler, folder) = try batchParts(shapes: 300)
        defer { withExtendedLifetime(folder) {} }
        let feeder = BatchFeeder(images: store, sampler: sampler, batchSize: 8, threads: 0)
        #expect(try feeder.next().count == 8)
        #expect(store.decodedCount == 8)
    }

    @Test func decodesTheComingEpochAhead() throws {
        let (store, sampler, folder) = try batchParts(shapes: 300)
        defer { withExtendedLifetime(folder) {} }
        let feeder = BatchFeeder(images: store, sampler: sampler, batchSize: 8)
        // Two threads may decode the same image if they request it at the same time.
        #expect(eventually { store.decodedCount >= 300 })
        feeder.stop()
        let decoded = store.decodedCount
        #expect(try store.readAll().isEmpty)
        #expect(store.decodedCount == decoded)
    }

    @Test func reportsTooManyBadImages() throws {
        let (_, sampler, folder) = try batchParts(shapes: 300)
        defer { withExtendedLifetime(folder) {} }
        for index in 0..<4 { try folder.write("no image".utf8, to: sampler.corpus.examples[index * 50].path) }
        for (badFiles, count) in [(BadFilePolicy.limited, 4), (.fail, 1)] {
            let store = ImageStore(
                corpus: sampler.corpus, preprocessing: ImagePreprocessing(side: 8), badFiles: badFiles)
            let feeder = BatchFeeder(images: store, sampler: sampler, batchSize: 16)
            let text = message { for _ in 0..<100 { _ = try feeder.next() } }
            #expect(text.contains("(\(count) of 300 images cannot be decoded, "), "\(text)")
            #expect(message { _ = try feeder.next() } == text)
        }
        let store = ImageStore(corpus: sampler.corpus, preprocessing: ImagePreprocessing(side: 8), badFiles: .skip)
        let feeder = BatchFeeder(images: store, sampler: sampler, batchSize: 16)
        for _ in 0..<40 { _ = try feeder.next() }
        #expect(store.skipped.total == 4)
        #expect(store.skipped.description == "4 skipped: 4 unreadable-image")
    }

    @Test func failsIfNoImageIsUsable() throws {
        let (_, sampler, folder) = try batchParts()
        defer { withExtendedLifetime(folder) {} }
        for example in sampler.corpus.examples { try folder.write([], to: example.path) }
        let store = ImageStore(corpus: sampler.corpus, preprocessing: ImagePreprocessing(side: 8), badFiles: .skip)
        let feeder = BatchFeeder(images: store, sampler: sampler, batchSize: 16)
        #expect(message { _ = try feeder.next() }.contains("(31 of 31 images cannot be decoded)"))
    }
}

func batchParts(shapes: Int = 31, flips: Bool = true) throws -> (ImageStore, PairSampler, TemporaryFolder) {
    let folder = try TemporaryFolder(shapes: shapes)
    let corpus = try Corpus(folder: folder.path, split: nil)
    let store = ImageStore(corpus: corpus, preprocessing: ImagePreprocessing(side: 8))
    return (store, try PairSampler(corpus: corpus, seed: 11, flips: flips), folder)
}
