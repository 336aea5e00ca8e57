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
    /// Moves the sentence vector toward that of another prompt, along the line between them; it is then scaled to the length that it
    /// would have without.
    public var promptBlend: Blend<String>?
    /// Turns the noise toward that of another seed, by spherical interpolation. Small fractions give variations of an image.
    public var seedBlend: Blend<UInt64>?

    /// A request; `truncation` must be positive.
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

    /// Steps of a walk from one prompt and seed to others. Prompts or seeds that are equal stay as they are.
    /// - Parameter frames: number of steps, at least 2, the first and the last included.
    public static func walk(
        from first: (prompt: String, seed: UInt64), to last: (prompt: String, seed: UInt64), frames: Int,
        truncation: Float = .infinity
    ) -> [GenerationRequest] {
        (0..<frames).map { frame in
            let fraction = Float(frame) / Float(frames - 1)
            return GenerationRequest(
                prompt: first.prompt, seed: first.seed, truncation: truncation,
                promptBlend: first.prompt == last.prompt ? nil : Blend(toward: last.prompt, fraction: fraction),
                seedBlend: first.seed == last.seed ? nil : Blend(toward: last.seed, fraction: fraction))
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
    /// The position on the line from `start`, scaled to the length of `start`.
    func onLine(from start: [Float]) -> [Float] {
        let mixed = zip(start, target).map { $0 + ($1 - $0) * fraction }
        let length = norm(mixed)
        // Opposite vectors meet in the origin, which has no direction.
        guard length > 1e-6 * norm(start) else { return start }
        return mixed.map { $0 * (norm(start) / length) }
    }

    /// The position on the arc from `start` (spherical linear interpolation, Shoemake 1985), which keeps the typical length of
    /// Gaussian noise.
    func onArc(from start: [Float]) -> [Float] {
        let lengths = norm(start) * norm(target)
        guard lengths > 0 else { return start }
        let cosine = zip(start, target).reduce(0) { $0 + $1.0 * $1.1 } / lengths
        let angle = acos(max(-1, min(1, cosine)))
        // Of vectors in one line the arc is the line.
        guard sin(angle) > 1e-4 else { return zip(start, target).map { $0 + ($1 - $0) * fraction } }
        let (a, b) = (sin((1 - fraction) * angle) / sin(angle), sin(fraction * angle) / sin(angle))
        return zip(start, target).map { a * $0 + b * $1 }
    }
}

private func norm(_ values: [Float]) -> Float { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
