import Glibc

/// A request for one image.
public struct GenerationRequest: Hashable, Sendable {
    /// The prompt.
    public var prompt: String
    /// Seed of the noise: equal seeds and prompts give equal images.
    public var seed: UInt64
    /// Bound of the noise: values beyond ±`truncation` are drawn again (Brock et al. 2019). Smaller bounds give more typical and
    /// less varied images; infinity disables truncation.
    public var truncation: Float
    /// Moves the sentence vector toward that of another prompt, along the line between them, at the length of sentence vectors.
    public var promptBlend: Blend<String>?
    /// Turns the noise toward that of another seed, by spherical interpolation. Small fractions give variations of an image.
    public var seedBlend: Blend<UInt64>?

    /// A request; `truncation` must be more than `leastTruncation`.
    public init(
        prompt: String, seed: UInt64, truncation: Float = .infinity, promptBlend: Blend<String>? = nil,
        seedBlend: Blend<UInt64>? = nil
    ) {
        self.prompt = prompt
        self.seed = seed
        self.truncation = truncation
        self.promptBlend = promptBlend
        self.seedBlend = seedBlend
    }

    /// A smaller bound than this would leave almost no values of the noise.
    public static let leastTruncation: Float = 0.01

    /// A seed drawn at random, short enough to be typed again.
    package static func randomSeed() -> UInt64 { UInt64(UInt32.random(in: 0...UInt32.max)) }

    /// The prompt, and that toward which the sentence vector moves, if any.
    package var prompts: [String] { [prompt, promptBlend?.target].compactMap(\.self) }

    /// Steps of a walk through prompts and seeds, at even intervals; a prompt or seed that two points in a row share stays as it is.
    /// - Parameters:
    ///   - points: two or more.
    ///   - frames: number of steps, the first and the last point included; at least 2.
    public static func walk(
        through points: [(prompt: String, seed: UInt64)], frames: Int, truncation: Float = .infinity
    ) -> [GenerationRequest] {
        precondition(points.count > 1 && frames > 1, "a walk has two points and two frames")
        return (0..<frames).map { frame in
            // In whole numbers, so that no rounding moves a frame away from a point.
            let (segment, rest) = (frame * (points.count - 1)).quotientAndRemainder(dividingBy: frames - 1)
            let isLast = segment == points.count - 1
            let (from, to) = isLast ? (points[segment - 1], points[segment]) : (points[segment], points[segment + 1])
            let fraction = isLast ? 1 : Float(rest) / Float(frames - 1)
            return GenerationRequest(
                prompt: from.prompt, seed: from.seed, truncation: truncation,
                promptBlend: from.prompt == to.prompt ? nil : Blend(toward: to.prompt, fraction: fraction),
                seedBlend: from.seed == to.seed ? nil : Blend(toward: to.seed, fraction: fraction))
        }
    }
}

/// A position on the way from one value to another.
public struct Blend<Value: Hashable & Sendable>: Hashable, Sendable {
    /// Where the way leads.
    public var target: Value
    /// The share of the way, 0…1: 0 is the start, 1 the target.
    public var fraction: Float

    /// The position at `fraction` of the way to `target`.
    public init(toward target: Value, fraction: Float) {
        self.target = target
        self.fraction = fraction
    }
}

extension Blend<[Float]> {
    /// The position on the line from `start`, scaled to a length between those of the ends.
    package func onLine(from start: [Float]) -> [Float] {
        if let end = end(from: start) { return end }
        let mixed = line(from: start)
        let (length, wanted) = (norm(mixed), norm(start) + (norm(target) - norm(start)) * fraction)
        // Opposite vectors meet in the origin, which has no direction.
        guard length > 1e-6 * wanted else { return start }
        return mixed.map { $0 * (wanted / length) }
    }

    /// The position on the arc from `start` (spherical linear interpolation, Shoemake 1985), which keeps the typical length of
    /// Gaussian noise. Between vectors in one line, the arc is the line.
    package func onArc(from start: [Float]) -> [Float] {
        if let end = end(from: start) { return end }
        let lengths = norm(start) * norm(target)
        guard lengths > 0 else { return line(from: start) }
        let cosine = zip(start, target).reduce(0) { $0 + $1.0 * $1.1 } / lengths
        let angle = acos(max(-1, min(1, cosine)))
        guard sin(angle) > 1e-4 else { return line(from: start) }
        let (a, b) = (sin((1 - fraction) * angle) / sin(angle), sin(fraction * angle) / sin(angle))
        return zip(start, target).map { a * $0 + b * $1 }
    }

    /// One of the ends, without rounding; nil between them.
    private func end(from start: [Float]) -> [Float]? { fraction <= 0 ? start : fraction >= 1 ? target : nil }

    private func line(from start: [Float]) -> [Float] { zip(start, target).map { $0 + ($1 - $0) * fraction } }
}

private func norm(_ values: [Float]) -> Float { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
