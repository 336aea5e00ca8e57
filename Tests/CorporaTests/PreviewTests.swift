import Corpora
import TestSupport
import Testing

@Suite struct PreviewTests {
    @Test func aPreviewIsAFunctionOfItsSeed() throws {
        let folder = try TemporaryFolder(shapes: 60)
        let corpus = try Corpus(folder: folder.path, split: nil)
        func preview(_ seed: UInt64, count: Int = 10) throws -> CorpusPreview {
            try CorpusPreview(corpus, count: count, seed: seed, side: 32)
        }
        let first = try preview(1)
        #expect(first.images.count == 10 && Set(first.images.map(\.file)).count == 10)
        #expect(try preview(1).sheet == first.sheet)
        #expect(try preview(2).images.map(\.file) != first.images.map(\.file))
        #expect(try Set(preview(1, count: 100).images.map(\.file)).count == 60)
        try folder.write("none".utf8, to: first.images[0].file)
        let other = try preview(1)
        #expect(other.images.count == 10 && other.unreadable.map(\.file).count == 1)
    }
}
