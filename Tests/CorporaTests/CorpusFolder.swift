import Corpora
import TestSupport

extension TemporaryFolder {
    /// A folder with these lines of metadata; `images` are created as empty files, which suffices for listing.
    convenience init(metadata lines: [String], images: [String] = []) throws {
        try self.init()
        for image in images { try write([], to: image) }
        try write(lines.joined(separator: "\n").utf8, to: "metadata.jsonl")
    }

    /// A small corpus of shapes, 8 × 8 pixels.
    convenience init(shapes count: Int) throws {
        try self.init()
        try ShapesCorpus(seed: 5, side: 8).write(to: path, count: count)
    }
}

extension ShapesCorpus {
    /// The first `count` drawings of a seed.
    static func draw(count: Int, seed: UInt64, side: Int = 64) -> [Drawing] {
        (0..<count).map(ShapesCorpus(seed: seed, side: side).drawing)
    }
}

/// A folder of files; those whose content is nil are empty, which suffices for listing.
func folder(_ files: [(String, String?)]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, text) in files { try folder.write((text ?? "").utf8, to: name) }
    return folder
}

func described(_ corpus: Corpus) -> [String] {
    corpus.examples.indices.map { index in
        let example = corpus.examples[index]
        let label = example.label.map { " [\(corpus.classes[$0])]" } ?? ""
        let split = corpus.splitNumber(of: index).map { " <\(corpus.splits[$0])>" } ?? ""
        return "\(example.path): \(example.captions.joined(separator: " | "))\(label)\(split)"
    }
}
