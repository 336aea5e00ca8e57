import Glibc
import Images
import RandomStreams
import Testing

/// What a scattering medium does, found from the images of black and of white at one seed: I = J t + B (1 − t), so that their
/// difference is 255 t, and black is 255 B (1 − t).
private struct Medium {
    let width: Int
    /// Per sample, as in an image.
    let transmission: [Double]
    let veil: [Double]

    init(_ text: String, seed: UInt64, width: Int = 32, height: Int = 24) throws {
        func seen(_ color: RGB) throws -> Image {
            var stream = RandomStream(seed: seed, purpose: "scattering")
            return try [Degradation(text)].applied(to: Image(width: width, height: height, color: color), &stream)
        }
        let (black, white) = try (seen(RGB(0, 0, 0)), seen(RGB(255, 255, 255)))
        self.width = width
        transmission = zip(white.pixels, black.pixels).map { (Double($0) - Double($1)) / 255 }
        veil = zip(black.pixels, transmission).map { Double($0) / 255 / (1 - $1) }
    }

    func channel(_ c: Int, of values: KeyPath<Medium, [Double]>) -> [Double] {
        stride(from: c, to: transmission.count, by: 3).map { self[keyPath: values][$0] }
    }
}

/// The rounding of two samples.
private let rounding = 1.01 / 255

@Suite("Haze and water")
struct ScatteringTests {
    @Test(arguments: 0..<12)
    func hazeIsGreyAndAsDenseAsStated(seed: UInt64) throws {
        let haze = try Medium("haze 1.5", seed: seed)
        let red = haze.channel(0, of: \.transmission)
        for c in 1..<3 {
            #expect(zip(red, haze.channel(c, of: \.transmission)).allSatisfy { abs($0 - $1) <= rounding })
        }
        // The farthest point has the stated depth; the nearest is haze too, but less than half of it.
        #expect(abs(red.min()! - exp(-1.5)) <= rounding)
        #expect(red.max()! < exp(-0.1 * 1.5) + rounding && red.max()! > exp(-0.5 * 1.5) - rounding)
        // One bright, nearly white light, wherever enough of it is seen to measure it.
        let lights = (0..<3).map { c in
            zip(haze.channel(c, of: \.veil), red).filter { $0.1 < 0.5 }.map(\.0)
        }
        for light in lights {
            let (darkest, brightest) = try (#require(light.min()), #require(light.max()))
            #expect(brightest - darkest < 0.02)
            #expect(darkest > 0.7 && brightest <= 1.01)
        }
        #expect(abs(lights[0][0] - lights[2][0]) < 0.08)
    }

    @Test(arguments: 0..<12)
    func waterAbsorbsRedFastest(seed: UInt64) throws {
        let water = try Medium("underwater 6", seed: seed)
        let farthest = (0..<3).map { water.channel($0, of: \.transmission).min()! }
        #expect(farthest[0] < farthest[1] - rounding && farthest[0] < farthest[2] + rounding)
        // Between what six metres of oceanic and of coastal water transmit.
        for (c, range) in [(0, 0.67...0.85), (1, 0.73...0.961), (2, 0.67...0.982)] {
            #expect(farthest[c] > pow(range.lowerBound, 6) - rounding)
            #expect(farthest[c] < pow(range.upperBound, 6) + rounding)
        }
        // Distances agree: what is attenuated in red is attenuated in green, with one ratio of their exponents.
        let ratios = zip(water.channel(0, of: \.transmission), water.channel(1, of: \.transmission)).map {
            log($1) / log($0)
        }
        #expect(ratios.max()! - ratios.min()! < 0.06)
    }

    /// The light of the water has lost its red, and is blue for some seeds and green for others.
    @Test func waterIsBlueOrGreen() throws {
        let lights = try (UInt64(0)..<60).map { seed in
            let water = try Medium("underwater 100", seed: seed, width: 4, height: 4)
            return (0..<3).map { c in
                zip(water.channel(c, of: \.veil), water.channel(c, of: \.transmission)).min { $0.1 < $1.1 }!.0
            }
        }
        #expect(lights.allSatisfy { $0[0] < 0.85 * max($0[1], $0[2]) && max($0[1], $0[2]) > 0.4 })
        #expect(lights.contains { $0[2] > 1.15 * $0[1] })
        #expect(lights.contains { $0[1] > 1.25 * $0[2] })
    }

    @Test func depthIsSmoothAndTheSameAtAnySize() throws {
        let small = try Medium("haze 2", seed: 5, width: 24, height: 24).channel(0, of: \.transmission)
        let large = try Medium("haze 2", seed: 5, width: 72, height: 72).channel(0, of: \.transmission)
        for y in 0..<24 {
            for x in 0..<24 {
                // The centre of pixel (x, y) is that of (3x + 1, 3y + 1).
                #expect(abs(small[y * 24 + x] - large[(3 * y + 1) * 72 + 3 * x + 1]) < 0.04)
            }
        }
        let steps = zip(large, large.dropFirst()).enumerated().filter { $0.offset % 72 < 71 }.map {
            abs($0.element.0 - $0.element.1)
        }
        #expect(steps.max()! < 0.08)
    }

    /// As ground does, scenes recede towards the top, in most cases.
    @Test func theTopIsFartherAsARule() throws {
        let farther = try (UInt64(0)..<60).count { seed in
            let t = try Medium("haze 1", seed: seed, width: 16, height: 16).channel(0, of: \.transmission)
            return t[..<128].reduce(0, +) < t[128...].reduce(0, +)
        }
        #expect(farther > 45)
    }
}
