/// Writes an animated PNG (PNG specification, third edition, section 11.3.6). Viewers that do not know the animation show its
/// first frame.
package struct APNGEncoder: AnimationEncoder {
    private let frames: Int
    private let framesPerSecond: Int
    private let text: [(keyword: String, text: String)]
    private var isFirst = true
    /// Number of chunks so far of the kinds that are numbered.
    private var sequence = 0

    /// - Parameters:
    ///   - frames: the number of frames that will be added.
    ///   - framesPerSecond: 1...65535.
    ///   - text: as in ``Image/pngData(text:)``.
    package init(frames: Int, framesPerSecond: Int, text: [(keyword: String, text: String)] = []) {
        precondition((1...65535).contains(framesPerSecond), "a rate is stored in 16 bits")
        (self.frames, self.framesPerSecond, self.text) = (frames, framesPerSecond, text)
    }

    package mutating func add(_ frame: Image) throws -> [UInt8] {
        defer { isFirst = false }
        let chunks = PNGChunks(try frame.pngData(text: isFirst ? text : []))
        var bytes: [UInt8] = []
        var pixels: [UInt8] = []
        if isFirst { bytes = PNGChunks.signature }
        for chunk in chunks {
            if chunk.hasKind("IDAT") {
                pixels += chunk.content
            } else if isFirst, !chunk.hasKind("IEND") {
                bytes += chunk.data
                if chunk.hasKind("IHDR") {
                    // The animation is repeated without end.
                    bytes += PNGChunks.chunk("acTL", bigEndian(frames, 4) + bigEndian(0, 4))
                }
            }
        }
        bytes += PNGChunks.chunk("fcTL", control(of: frame))
        bytes += isFirst ? PNGChunks.chunk("IDAT", pixels) : PNGChunks.chunk("fdAT", number() + pixels)
        return bytes
    }

    package func finish() -> [UInt8] { PNGChunks.chunk("IEND", []) }

    /// A frame that covers the image and replaces the one before.
    private mutating func control(of frame: Image) -> [UInt8] {
        let rectangle = [frame.width, frame.height, 0, 0].flatMap { bigEndian($0, 4) }
        let (leaveIt, replace): (UInt8, UInt8) = (0, 0)
        return number() + rectangle + bigEndian(1, 2) + bigEndian(framesPerSecond, 2) + [leaveIt, replace]
    }

    private mutating func number() -> [UInt8] {
        defer { sequence += 1 }
        return bigEndian(sequence, 4)
    }
}
