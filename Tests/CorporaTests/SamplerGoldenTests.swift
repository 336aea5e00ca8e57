import Corpora
import TestSupport
import Testing

/// The order and the random choices of training against recorded values: a run started with another version of Limn
/// continues as it would have.
@Suite struct SamplerGoldenTests {
    /// Two captions per image; three classes, sometimes none; shared captions that differ in case and composition.
    private func corpus() throws -> (TemporaryFolder, Corpus) {
        let odd = ["caf\u{e9} noir", "CAFE\u{301} NOIR", "\u{130}stanbul", "\u{df}traße"]
        let rows = (0..<40).map { index in
            let name = index % 5 == 4 ? "" : #", "class": "class \#(index % 3)""#
            let shared = index < 8 ? odd[index % 4] : index % 7 == 0 ? "A Bird" : "bird \(index)"
            return #"{"file_name": "\#(index).png", "text": ["\#(shared)", "the bird number \#(index / 2)"]\#(name)}"#
        }
        let folder = try TemporaryFolder(metadata: rows, images: (0..<40).map { "\($0).png" })
        return (folder, try Corpus(folder: folder.path, split: nil))
    }

    /// FNV-1a of all properties of the items at `positions`.
    private func digest(_ sampler: PairSampler, _ positions: Range<Int>) -> UInt64 {
        sampler.pairs(positions).reduce(0xcbf2_9ce4_8422_2325) { sum, pair in
            [
                pair.caption.example, pair.caption.caption, pair.caption.number, pair.mismatch.example,
                pair.mismatch.caption, pair.mismatch.number, pair.flipped ? 1 : 0,
            ].reduce(sum) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        }
    }

    @Test func drawsWhatItAlwaysDrew() throws {
        let (_, corpus) = try corpus()
        let sampler = try PairSampler(corpus: corpus, seed: 7, flips: true)
        #expect(
            sampler.pairs(38..<44).map { [$0.caption.number, $0.mismatch.number, $0.flipped ? 1 : 0] }
                == [[1, 69, 0], [48, 60, 1], [59, 54, 1], [5, 2, 1], [56, 10, 0], [11, 19, 0]])
        #expect(digest(sampler, 0..<5000) == 10_833_347_633_295_445_955)
        #expect(digest(sampler, 1_000_000_007..<1_000_000_100) == 17_222_889_166_062_725_081)
        let still = try PairSampler(corpus: corpus, seed: 1, flips: false, excluding: [0, 5, 22, 39])
        #expect(digest(still, 0..<5000) == 18_159_332_882_045_700_321)
    }
}
