import Corpora
import Images
import RandomStreams
import Synthesis

/// Eight captions, the same from start to end of a training: a row each, of real pictures of the caption's class or of
/// what the generator paints from fixed noise.
struct SampleGrid {
    private let pictures: PictureStore
    private let rows: [Int]
    private static let columns = 8

    init(pictures: PictureStore, seed: UInt64) throws {
        self.pictures = pictures
        let corpus = pictures.corpus
        var stream = RandomStream(seed: seed, purpose: "grid")
        var rows: [Int] = []
        var labels = Set<Int>()
        // Different classes where there are enough of them.
        for _ in 0..<200 where rows.count < 8 {
            let index = stream.index(below: corpus.examples.count)
            if rows.contains(index) || corpus.label(of: index).map(labels.contains) ?? false { continue }
            guard try pictures.isUsable(index) else { continue }
            rows.append(index)
            if let label = corpus.label(of: index) { labels.insert(label) }
        }
        self.rows = rows
    }

    func reals() throws -> Image {
        let corpus = pictures.corpus
        let images = try rows.flatMap { row in
            let label = corpus.label(of: row)
            let alike = corpus.examples.indices.lazy.filter {
                $0 != row && label != nil && corpus.label(of: $0) == label
            }
            var shown = try [pictures.image(row)].compactMap { $0 }
            for other in alike where shown.count < SampleGrid.columns {
                if let image = try pictures.image(other) { shown.append(image) }
            }
            return (0..<SampleGrid.columns).map { column in shown[column % shown.count] }
        }
        return Image.grid(images, columns: SampleGrid.columns)
    }

    func fakes(_ painter: Painter) throws -> Image {
        let commissions = rows.flatMap { row in
            (0..<SampleGrid.columns).map {
                Commission(prompt: pictures.corpus.examples[row].captions[0], seed: UInt64($0))
            }
        }
        return Image.grid(try painter.paint(commissions), columns: SampleGrid.columns)
    }
}
