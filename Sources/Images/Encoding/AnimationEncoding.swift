/// Writes an animation of frames of one size, which is repeated without end.
///
/// The file is the bytes of all calls of `add`, then those of `finish`.
package protocol AnimationEncoder {
    /// The bytes that follow the earlier ones for the next frame.
    /// - Throws: ``ImageError`` if the codec fails or its library is missing.
    mutating func add(_ frame: Image) throws -> [UInt8]

    /// The bytes that end the file; there was at least one frame.
    /// - Throws: what the codec reports.
    mutating func finish() throws -> [UInt8]
}

/// Durations of frames in whole units, whose rounding errors do not add up.
struct FrameDurations {
    private let framesPerSecond: Int
    private let unitsPerSecond: Int
    private var frame = 0

    init(framesPerSecond: Int, unitsPerSecond: Int) {
        precondition(framesPerSecond > 0, "an animation has a frame in a second")
        (self.framesPerSecond, self.unitsPerSecond) = (framesPerSecond, unitsPerSecond)
    }

    /// The duration of the next frame.
    mutating func next() -> Int {
        func end(of frame: Int) -> Int { (2 * frame * unitsPerSecond + framesPerSecond) / (2 * framesPerSecond) }
        defer { frame += 1 }
        return end(of: frame + 1) - end(of: frame)
    }
}
