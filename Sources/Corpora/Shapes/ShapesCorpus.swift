import Basics
import Dispatch
import Files
import FoundationEssentials
import Images
import RandomStreams
import Synchronization
import Threads

/// A synthetic corpus: coloured shapes on coloured backgrounds, with captions from a grammar.
///
/// Captions are true and mention only what is visible, so minutes of training show whether a model learns. One in eight
/// combinations of colour and outline (such as `red circle`) never occurs in split `train`; all images with such a
/// combination are in split `test`, which measures compositional generalization. Do not mirror the images in training,
/// since captions mention left and right.
public struct ShapesCorpus: Sendable {
    /// One image with its captions.
    public struct Drawing: Sendable {
        /// The square image.
        public let image: Image
        /// Two or three different captions.
        public let captions: [String]
        /// `red circle`, or `red circle and blue square`.
        public let className: String
        /// `train` or `test`.
        public let split: String
    }

    /// The seed of the whole corpus.
    public let seed: UInt64
    /// Width and height of the images, in pixels.
    public let side: Int

    /// - Parameters:
    ///   - seed: the seed of the whole corpus.
    ///   - side: width and height of the images in pixels, at least 1.
    public init(seed: UInt64, side: Int = 64) {
        precondition(side > 0, "images need a positive side")
        self.seed = seed
        self.side = side
    }

    /// Drawing `index`, a pure function of seed, side and index. The side affects only the resolution.
    public func drawing(_ index: Int) -> Drawing {
        let (scene, captions) = scene(index)
        return Drawing(
            image: render(scene), captions: captions, className: scene.className, split: scene.split)
    }

    /// The scene of drawing `index`, and its captions.
    private func scene(_ index: Int) -> (ShapeScene, [String]) {
        var stream = RandomStream(seed: seed, purpose: "shapes", index: UInt64(index))
        let scene = ShapeScene(&stream)
        return (scene, ShapeCaptions.draw(scene, &stream))
    }

    /// Renders a scene with 16 samples per pixel.
    private func render(_ scene: ShapeScene) -> Image {
        let samples = 4
        let step = 1 / Float(side * samples)
        var pixels: [UInt8] = []
        pixels.reserveCapacity(side * side * 3)
        for y in 0..<side {
            for x in 0..<side {
                var sum = SIMD3<UInt32>(repeating: 0)
                for sample in 0..<samples * samples {
                    let point =
                        SIMD2(
                            Float(x * samples + sample % samples) + 0.5, Float(y * samples + sample / samples) + 0.5)
                        * step
                    let figure = scene.figures.first { figure in
                        let at = (point - figure.center) / figure.radius
                        return figure.outline.contains(at.x, at.y)
                    }
                    sum &+= SIMD3<UInt32>(truncatingIfNeeded: (figure?.color ?? scene.background).rgb)
                }
                for channel in 0..<3 { pixels.append(UInt8((sum[channel] + 8) / 16)) }
            }
        }
        return Image(width: side, height: side, pixels: pixels)
    }

    /// Writes the first `count` drawings as an image folder: `images/00000.png` and so on, and `metadata.jsonl`.
    ///
    /// The folder is written as `FOLDER.partial` and renamed at the end, so that it is complete or absent.
    /// - Parameters:
    ///   - folder: a new or empty folder.
    ///   - count: number of drawings, at least 1.
    ///   - progress: called from time to time, one call at a time, with the number of images written.
    /// - Throws: `CorpusError.folderNotEmpty` and `.cannotWrite`.
    public func write(to folder: String, count: Int, progress: (@Sendable (Int) -> Void)? = nil) throws {
        precondition(count > 0, "a corpus needs an image")
        let staged = try StagedFolder(for: folder)
        do {
            try write(count, to: staged.path, progress: progress)
            try staged.publish()
        } catch {
            staged.discard()
            throw error
        }
    }

    private func write(_ count: Int, to folder: String, progress: (@Sendable (Int) -> Void)?) throws {
        try createFolder("\(folder)/images")
        let failure = Mutex<CorpusError?>(nil)
        let rows = Mutex([MetadataRow?](repeating: nil, count: count))
        let written = ProgressCount(total: count, report: progress)
        DispatchQueue.concurrentPerform(iterations: count) { index in
            guard failure.withLock({ $0 == nil }) else { return }
            let drawing = drawing(index)
            let name = "images/\(zeroPadded(index, width: 5)).png"
            do {
                try Data(drawing.image.pngData()).write(to: URL(filePath: "\(folder)/\(name)"))
            } catch {
                failure.withLock { $0 = .cannotWrite(path: "\(folder)/\(name)", reason: CorpusError.reason(error)) }
            }
            rows.withLock {
                $0[index] = MetadataRow(
                    fileName: name, text: drawing.captions, className: drawing.className, split: drawing.split)
            }
            written.advance()
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
        let lines = try rows.withLock { try $0.compactMap { try $0?.line() } }
        try AtomicFile.write(Array(lines.joined()), to: "\(folder)/\(MetadataFile.name)")
    }
}
