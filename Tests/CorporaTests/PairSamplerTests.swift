import Corpora
import TestSupport
import Testing

@Suite struct PairSamplerTests {
    /// Corpora without pixels: (class, captions) of each image.
    private func corpus(_ rows: [(String?, [String])]) throws -> (TemporaryFolder, Corpus) {
        let folder = try TemporaryFolder(
            metadata: rows.enumerated().map { index, row in
                let texts = row.1.map { "\"\($0)\"" }.joined(separator: ", ")
                let name = row.0.map { #", "class": "\#($0)""# } ?? ""
                return #"{"file_name": "\#(index).png", "text": [\#(texts)]\#(name)}"#
            }, images: rows.indices.map { "\($0).png" })
        return (folder, try Corpus(folder: folder.path, split: nil))
    }

    private func birds() throws -> (TemporaryFolder, Corpus) {
        try corpus((0..<23).map { ("class \($0 % 3)", ["bird \($0)", "the bird number \($0)"]) })
    }

    @Test func passesEveryImageOnceAnEpochInAnOrderOfItsOwn() throws {
        let (_, corpus) = try corpus((0..<23).map { (nil, ["bird \($0)"]) })
        let sampler = try PairSampler(corpus: corpus, seed: 1, flips: false)
        let epochs = (0..<3).map { epoch in
            sampler.pairs(epoch * 23..<(epoch + 1) * 23).map(\.caption.example)
        }
        for epoch in epochs { #expect(epoch.sorted() == Array(0..<23)) }
        #expect(Set(epochs).count == 3)
        #expect(epochs[0] != Array(0..<23))
        let other = try PairSampler(corpus: corpus, seed: 2, flips: false)
        #expect(other.pairs(0..<23).map(\.caption.example) != epochs[0])
    }

    @Test func neverDrawsWhatIsExcluded() throws {
        let (_, corpus) = try birds()
        let excluded: Set = [0, 5, 22]
        let sampler = try PairSampler(corpus: corpus, seed: 1, flips: false, excluding: excluded)
        let epoch = sampler.pairs(0..<20).map(\.caption.example)
        #expect(epoch.sorted() == (0..<23).filter { !excluded.contains($0) })
        for pair in sampler.pairs(0..<400) {
            #expect(!excluded.contains(pair.caption.example) && !excluded.contains(pair.mismatch.example))
        }
    }

    @Test func drawsTheSameWhereverItStarts() throws {
        let (_, corpus) = try birds()
        let sampler = try PairSampler(corpus: corpus, seed: 7, flips: true)
        let whole = sampler.pairs(0..<100)
        let again = try PairSampler(corpus: corpus, seed: 7, flips: true)
        #expect((0..<100).flatMap { again.pairs($0..<$0 + 1) } == whole)
        #expect(again.pairs(37..<81) == Array(whole[37..<81]))
        #expect(Set(whole.map(\.flipped)) == [true, false])
        #expect(Set(whole.map(\.caption)).count > 23, "more than one caption of an image is drawn")
        let still = try PairSampler(corpus: corpus, seed: 7, flips: false).pairs(0..<100)
        #expect(still.allSatisfy { !$0.flipped })
        #expect(still.map(\.caption) == whole.map(\.caption))
    }

    @Test func takesMismatchesFromOtherClasses() throws {
        let (_, corpus) = try birds()
        let pairs = try PairSampler(corpus: corpus, seed: 3, flips: false).pairs(0..<2000)
        for pair in pairs {
            #expect(corpus.examples[pair.caption.example].label != corpus.examples[pair.mismatch.example].label)
        }
        // All others occur.
        #expect(Set(pairs.map(\.mismatch)).count == corpus.captionCount)
    }

    @Test func takesMismatchesThatShareNoText() throws {
        // Three images of different classes whose captions differ only in case.
        let rows: [(String?, [String])] = (0..<12).map {
            ("style \($0 % 3)", ["thing \($0 / 3)", "THING \($0 / 3) \($0)"])
        }
        for withClasses in [true, false] {
            let (_, corpus) = try corpus(rows.map { (withClasses ? $0.0 : nil, $0.1) })
            for pair in try PairSampler(corpus: corpus, seed: 3, flips: false).pairs(0..<500) {
                let own = Set(corpus.examples[pair.caption.example].captions.map { $0.lowercased() })
                let other = corpus.examples[pair.mismatch.example].captions.map { $0.lowercased() }
                #expect(own.isDisjoint(with: other))
            }
        }
    }

    @Test func ignoresTheClassWhereThereIsOnlyOne() throws {
        let (_, corpus) = try corpus([("rose", ["a"]), ("rose", ["b"])])
        let pairs = try PairSampler(corpus: corpus, seed: 0, flips: false).pairs(0..<4)
        #expect(pairs.allSatisfy { $0.caption.example != $0.mismatch.example })
    }

    @Test func findsTheOnlyMismatchAmongMany() throws {
        let (_, corpus) = try corpus((0..<20_000).map { (nil, [$0 == 1234 ? "a swan" : "a duck"]) })
        let pairs = try PairSampler(corpus: corpus, seed: 0, flips: false).pairs(0..<200)
        #expect(pairs.allSatisfy { $0.caption.example == 1234 || $0.mismatch.example == 1234 })
    }

    @Test func refusesACorpusWithoutMismatches() throws {
        let (_, corpus) = try corpus([(nil, ["a duck"]), (nil, ["A duck"])])
        let text = message { _ = try PairSampler(corpus: corpus, seed: 0, flips: false) }
        #expect(text.contains("0.png: no other image"), "\(text)")
    }
}
