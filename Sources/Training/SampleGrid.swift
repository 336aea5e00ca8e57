import Corpora
import Images
import RandomStreams
import Synthesis

/// Eight captions, the same from start to end of a training: a row each, of real images of the caption's class or of
/// what the generator generates from fixed noise.
struct SampleGrid {
    private let imageStore: ImageStore
    private let rows: [Int]
    private static let columns = 8

    init(imageStore: ImageStore, seed: UInt64) throws {
        self.imageStore = imageStore
        let corpus = imageStore.corpus
        var stream = RandomStream(seed: seed, purpose: "grid")
        var rows: [Int] = []
        var labels = Set<Int>()
        // Different classes where there are enough of them.
        for _ in 0..<200 where rows.count < 8 {
            let index = stream.index(below: corpus.examples.count)
            if rows.contains(index) || corpus.label(of: index).map(labels.contains) ?? false { continue }
            guard try imageStore.isUsable(index) else { continue }
            rows.append(index)
            if let label = corpus.label(of: index) { labels.insert(label) }
        }
        self.rows = rows
    }

    func reals() throws -> Image {
        let corpus = imageStore.corpus
        let images = try rows.flatMap { row in
            let label = corpus.label(of: row)
            let alike = corpus.examples.indices.lazy.filter {
                $0 != row && label != nil && corpus.label(of: $0) == label
            }
            var shown = try [imageStore.image(row)].compactMap { $0 }
            for other in alike where shown.count < SampleGrid.columns {
                if let image = try imageStore.image(other) { shown.append(image) }
            }
            return (0..<SampleGrid.columns).map { column in shown[column % shown.count] }
        }
        return Image.grid(images, columns: SampleGrid.columns)
    }

    func fakes(_ generator: ImageGenerator) throws -> Image {
        let requests = rows.flatMap { row in
            (0..<SampleGrid.columns).map {
                GenerationRequest(prompt: imageStore.corpus.examples[row].captions[0], seed: UInt64($0))
            }
        }
        return Image.grid(try generator.generate(requests), columns: SampleGrid.columns)
    }
}
