import Dispatch
import Images
import Synchronization

/// Every picture of a corpus, decoded once, cut to its centre square and scaled to `side` × `side`.
///
/// Kept in memory as bytes: 6,201 pictures of 64 × 64 are 76 MB.
public struct PictureStore: Sendable {
    /// The corpus without the pictures that were left out: row `i` of `pixels` belongs to its example `i`.
    public let corpus: Corpus
    /// Width and height of every picture, in pixels.
    public let side: Int
    /// Bytes of all pictures, `[examples, side, side, 3]`, RGB.
    public let pixels: [UInt8]
    /// The pictures that were left out.
    public let skipped: [CorpusProblem]

    /// Decodes all pictures on all processors; the result does not depend on their number.
    /// - Parameters:
    ///   - corpus: whose pictures.
    ///   - side: width and height to scale to, at least 1.
    ///   - badFiles: what to do about pictures that do not decode.
    ///   - progress: called now and then, one call at a time, with the number of pictures done.
    /// - Throws: `CorpusError.unreadablePictures`.
    public init(
        corpus: Corpus, side: Int, badFiles: BadFiles = .fail, progress: (@Sendable (Int) -> Void)? = nil
    ) throws {
        precondition(side > 0, "pictures need a positive side")
        let size = side * side * 3
        let block = Mutex([UInt8](repeating: 0, count: corpus.examples.count * size))
        let problems = decodeEach(corpus, progress: progress) { index, image in
            let square = image.centerSquare()
            let scaled = square.width == side ? square : square.resized(width: side, height: side, filter: .bicubic)
            block.withLock { $0.replaceSubrange(index * size..<(index + 1) * size, with: scaled.pixels) }
        }
        if let first = problems.first?.value,
            badFiles.refuses(problems.count, of: corpus.examples.count)
        {
            throw CorpusError.unreadablePictures(
                first: first, count: problems.count, total: corpus.examples.count, folder: corpus.folder)
        }
        self.side = side
        self.corpus = corpus.removing(Set(problems.map(\.index)))
        skipped = problems.map(\.value)
        var kept: [UInt8] = []
        block.withLock { swap(&kept, &$0) }
        // From the back, so that earlier rows stay where they are.
        for problem in problems.reversed() { kept.removeSubrange(problem.index * size..<(problem.index + 1) * size) }
        pixels = kept
    }

    /// Picture `example` of the corpus.
    public func image(_ example: Int) -> Image {
        let size = side * side * 3
        return Image(width: side, height: side, pixels: Array(pixels[example * size..<(example + 1) * size]))
    }

    /// Pictures in order, without sampling, as numbers in −1…1: `[examples.count, side, side, 3]`.
    public func floats(of examples: Range<Int>) -> [Float] {
        let size = side * side * 3
        return pixels[examples.lowerBound * size..<examples.upperBound * size].map { Float($0) / 127.5 - 1 }
    }

    /// Writes picture `example` as numbers in −1…1 to `output`, `side * side * 3` of them, mirrored left to right
    /// where `flipped`.
    func write(_ example: Int, flipped: Bool, to output: UnsafeMutablePointer<Float>) {
        let size = side * side * 3
        pixels.withUnsafeBufferPointer { bytes in
            let source = bytes[example * size..<(example + 1) * size]
            for pixel in 0..<side * side {
                let column = pixel % side
                let from = flipped ? pixel - column + (side - 1 - column) : pixel
                for channel in 0..<3 {
                    output[pixel * 3 + channel] = Float(source[source.startIndex + from * 3 + channel]) / 127.5 - 1
                }
            }
        }
    }
}

/// Decodes the pictures of a corpus on all processors, hands each to `body` with its index, and returns the problems in
/// the order of the examples.
func decodeEach(
    _ corpus: Corpus, progress: (@Sendable (Int) -> Void)?, body: @Sendable (Int, Image) -> Void = { _, _ in }
) -> [(index: Int, value: CorpusProblem)] {
    let problems = Mutex<[(index: Int, value: CorpusProblem)]>([])
    let count = ProgressCount(total: corpus.examples.count, report: progress)
    DispatchQueue.concurrentPerform(iterations: corpus.examples.count) { index in
        let name = corpus.pictureName(index)
        do {
            body(index, try Image(decoding: corpus.encodedPicture(index), named: name))
        } catch {
            // The problem names the file already.
            let message = "\(error)"
            let reason = message.hasPrefix("\(name): ") ? String(message.dropFirst(name.count + 2)) : message
            let problem = CorpusProblem(kind: .unreadablePicture, file: name, line: nil, detail: reason)
            problems.withLock { $0.append((index, problem)) }
        }
        count.advance()
    }
    return problems.withLock { $0.sorted { $0.index < $1.index } }
}
