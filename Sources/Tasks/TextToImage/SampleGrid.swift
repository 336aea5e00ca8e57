import Corpora
import Images
import RandomStreams
import Inference
import Models

/// Eight captions, the same throughout a training, one row each: real images of the caption's class, or images generated from
/// fixed noise.
struct SampleGrid {
    private let images: ImageStore
    private let rows: [Int]
    private static let columns = 8

    init(images: ImageStore, seed: UInt64) throws {
        self.images = images
        let corpus = images.corpus
        var stream = RandomStream(seed: seed, purpose: "grid")
        var rows: [Int] = []
        var labels = Set<Int>()
        // Different classes where there are enough of them.
        for needsNewClass in [true, false] {
            for _ in 0..<200 where rows.count < 8 {
                let index = stream.index(below: corpus.examples.count)
                let label = corpus.label(of: index)
                if rows.contains(index) || needsNewClass && label.map(labels.contains) ?? false { continue }
                guard try images.isUsable(index) else { continue }
                rows.append(index)
                if let label { labels.insert(label) }
            }
        }
        self.rows = rows
    }

    func reals() throws -> Image {
        let corpus = images.corpus
        let shown = try rows.flatMap { row in
            let label = corpus.label(of: row)
            let alike = corpus.examples.indices.lazy.filter {
                $0 != row && label != nil && corpus.label(of: $0) == label
            }
            var found = try [images.image(row)].compactMap { $0 }
            for other in alike where found.count < SampleGrid.columns {
                if let image = try images.image(other) { found.append(image) }
            }
            // None if the files were removed since the training began; the grid then has a row less.
            return found.isEmpty ? [] : (0..<SampleGrid.columns).map { column in found[column % found.count] }
        }
        guard !shown.isEmpty else { throw images.nothingUsable }
        return Image.grid(shown, columns: SampleGrid.columns)
    }

    func fakes(_ generator: ImageGenerator) throws -> Image {
        let requests = rows.flatMap { row in
            (0..<SampleGrid.columns).map {
                GenerationRequest(prompt: images.corpus.examples[row].captions[0], seed: UInt64($0))
            }
        }
        return Image.grid(try generator.generate(requests), columns: SampleGrid.columns)
    }
}
