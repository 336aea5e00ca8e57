import Corpora
import FoundationEssentials
import Testing
import TestSupport

/// The sample in corpora/sample: its images can be read, and are what their captions say.
@Suite struct SampleCorpusTests {
    private static let folder = repositoryRoot + "/corpora/sample"

    @Test func everyImageCanBeRead() throws {
        let corpus = try Corpus(folder: Self.folder, split: nil)
        #expect(corpus.examples.count == 189 && corpus.skipped.total == 0)
        #expect(corpus.splits == ["test", "train"] && corpus.classes.count == 9)
        let store = ImageStore(corpus: corpus, preprocessing: ImagePreprocessing(side: 64))
        #expect(try store.readAll().isEmpty)
    }

    @Test func figuresOfOneColorAreAlike() throws {
        let corpus = try Corpus(folder: Self.folder, split: nil)
        let store = ImageStore(corpus: corpus, preprocessing: ImagePreprocessing(side: 64))
        let colors = ["red", "orange", "yellow", "green", "blue", "purple", "brown", "black", "white"]
        var centers: [String: Set<[UInt8]>] = [:]
        var count = 0
        for (example, captions) in corpus.examples.map(\.captions).enumerated() {
            let words = captions[0].split(separator: " ").map(String.init).filter { $0 != "large" }
            guard words.count == 2, colors.contains(words[0]), ["heart", "circle", "square"].contains(words[1]) else {
                continue
            }
            let pixels = try #require(try store.image(example)).pixels
            let center = (32 * 64 + 32) * 3
            centers[words[0], default: []].insert(Array(pixels[center..<center + 3]))
            count += 1
        }
        #expect(count == 3 * colors.count)
        #expect(centers.count == colors.count && centers.values.allSatisfy { $0.count == 1 }, "\(centers)")
        #expect(Set(centers.values).count == colors.count, "\(centers)")
        for (channel, color) in [(0, "red"), (1, "green"), (2, "blue")] {
            let center = try #require(centers[color]?.first)
            #expect(center[channel] == center.max(), "\(color): \(center)")
        }
    }
}
