import FoundationEssentials
import Images
import RandomStreams
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
    ///   - progress: called from time to time with the number of images written.
    ///   - isInterrupted: polled from time to time.
    /// - Returns: false if it was interrupted; nothing was written then.
    /// - Throws: `CorpusError.folderNotEmpty` and `.cannotWrite`; `FileError`.
    @discardableResult
    public func write(
        to folder: String, count: Int, progress: ((Int) -> Void)? = nil, isInterrupted: () -> Bool = { false }
    ) throws -> Bool {
        precondition(count > 0, "a corpus needs an image")
        let staged = try StagedFolder(for: folder)
        do {
            var writer = try FolderWriter(staged.path)
            // Images are drawn on all processors, a batch at a time, and written in order.
            let step = 16 * ProcessInfo.processInfo.activeProcessorCount
            for start in stride(from: 0, to: count, by: step) {
                guard !isInterrupted() else {
                    staged.discard()
                    return false
                }
                let range = start..<min(start + step, count)
                let images = range.concurrentMap { index in Result { try EncodedImage(drawing(index)) } }
                for image in images { try writer.add(image.get()) }
                progress?(range.upperBound)
            }
            try writer.finish()
            try staged.publish()
            return true
        } catch {
            staged.discard()
            throw error
        }
    }
}

extension EncodedImage {
    fileprivate init(_ drawing: ShapesCorpus.Drawing) throws {
        bytes = try drawing.image.pngData()
        fileExtension = "png"
        (captions, className, split, source) = (drawing.captions, drawing.className, drawing.split, nil)
    }
}
