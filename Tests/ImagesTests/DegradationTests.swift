import Glibc
import Images
import RandomStreams
import Testing

private func stream(_ seed: UInt64 = 1) -> RandomStream { RandomStream(seed: seed, purpose: "degradations") }

extension Image {
    fileprivate func degraded(_ texts: String..., seed: UInt64 = 1) throws -> Image {
        var stream = stream(seed)
        return try texts.map { try Degradation($0) }.applied(to: self, &stream)
    }

    fileprivate static func grey(_ level: UInt8, width: Int = 64, height: Int = 64) -> Image {
        Image(width: width, height: height, color: RGB(level, level, level))
    }

    /// Mean and variance of the samples of one channel.
    fileprivate func moments(channel: Int) -> (mean: Double, variance: Double) {
        let samples = stride(from: channel, to: pixels.count, by: 3).map { Double(pixels[$0]) }
        let mean = samples.reduce(0, +) / Double(samples.count)
        return (mean, samples.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(samples.count))
    }
}

/// The kinds that this machine can apply, with a usual and the extreme strengths.
private var strengths: [String] {
    let pure = [
        "noise 0", "noise 25", "noise 255", "poisson 1", "poisson 30", "poisson 10000", "blur 0", "blur 0.7", "blur 50",
        "downsampling 1", "downsampling 2.5", "downsampling 64", "haze 0", "haze 1", "haze 10", "underwater 0",
        "underwater 6", "underwater 100",
    ]
    return pure + (canDecode(.jpeg) ? ["jpeg 1", "jpeg 50", "jpeg 100"] : [])
}

@Suite("The text of a degradation")
struct DegradationTextTests {
    @Test(arguments: [
        "noise 0-55", "noise 25", "noise 12.5-25.5", "haze 0.3-0.8 or underwater 2-10", "blur 0-3 p 0.5",
        "noise 25 or poisson 30 or blur 1 p 0.25",
    ])
    func isKept(text: String) throws {
        #expect(try Degradation(text).description == text)
        #expect(try Degradation("  " + text.replacing(" ", with: "  ")) == Degradation(text))
    }

    @Test(arguments: [
        ("", "a kind and its strength are missing, such as \"noise 0-55\""),
        ("or noise 5", "a kind and its strength are missing, such as \"noise 0-55\""),
        ("noise 5 or", "a kind and its strength are missing, such as \"noise 0-55\""),
        (
            "nose 5",
            "\"nose\" is not a kind of degradation; the kinds are noise, poisson, blur, jpeg, downsampling, haze, underwater"
        ),
        ("noise", "noise needs a standard deviation in 8-bit levels from 0 to 255, such as \"noise 0-55\""),
        ("noise p 0.5", "noise needs a standard deviation in 8-bit levels from 0 to 255, such as \"noise 0-55\""),
        ("haze 55-0", "\"55-0\" is neither a number nor a range from low to high, such as \"haze 0.5-2\""),
        ("haze -1", "\"-1\" is neither a number nor a range from low to high, such as \"haze 0.5-2\""),
        ("haze 1-", "\"1-\" is neither a number nor a range from low to high, such as \"haze 0.5-2\""),
        ("haze nan", "\"nan\" is neither a number nor a range from low to high, such as \"haze 0.5-2\""),
        ("haze 1-2-3", "\"1-2-3\" is neither a number nor a range from low to high, such as \"haze 0.5-2\""),
        ("noise 0-256", "0-256 is not a standard deviation in 8-bit levels from 0 to 255"),
        ("poisson 0", "0 is not a number of photons from 1 to 10000"),
        ("downsampling 0.5", "0.5 is not a factor from 1 to 64"),
        (
            "noise 5 blur 3",
            "\"blur 3\" is unexpected after \"noise 5\"; alternatives are joined by \"or\", and \"p\" with a probability comes last"
        ),
        (
            "noise 5 p 0.5 or blur 3",
            "\"p 0.5\" is unexpected after \"noise 5\"; alternatives are joined by \"or\", and \"p\" with a probability comes last"
        ),
        ("noise 5 p 1.5", "the probability after \"p\" is a number from 0 to 1, not \"1.5\""),
        ("noise 5 p half", "the probability after \"p\" is a number from 0 to 1, not \"half\""),
    ])
    func mistakesAreExplained(text: String, reason: String) {
        let error = #expect(throws: DegradationError.self) { try Degradation(text) }
        #expect(error?.description == "degradation \"\(text)\": \(reason)")
        #expect(error?.kind == .usage)
    }

    @Test func aMissingCodecIsAnError() {
        var libraries = CodecLibraries()
        libraries.jpeg = "libabsent.so.9"
        let error = #expect(throws: DegradationError.self) { try Degradation("jpeg 30-95", libraries: libraries) }
        #expect(error?.description.contains("libabsent.so.9, which is not installed") == true)
    }
}

@Suite("Degradations as a list")
struct DegradationListTests {
    @Test(arguments: strengths, [(1, 1), (1, 7), (9, 1), (21, 13)])
    func keepTheSizeAndDependOnTheSeedOnly(text: String, size: (width: Int, height: Int)) throws {
        let image = noise(width: size.width, height: size.height)
        let degraded = try image.degraded(text)
        #expect((degraded.width, degraded.height) == size)
        #expect(try image.degraded(text) == degraded)
    }

    @Test(arguments: ["noise 25", "poisson 30", "haze 1", "underwater 6"])
    func differWithTheSeed(text: String) throws {
        let image = noise(width: 21, height: 13)
        #expect(try image.degraded(text, seed: 1) != image.degraded(text, seed: 2))
    }

    @Test(arguments: ["noise 0", "blur 0", "downsampling 1", "haze 0", "underwater 0", "noise 25 p 0"])
    func ofNoStrengthChangeNothing(text: String) throws {
        let image = noise(width: 21, height: 13)
        #expect(try image.degraded(text) == image)
    }

    /// A training that shows another image, or drops a step, must not change the degradations of the images after it.
    @Test(arguments: strengths.map { $0 + " p 0.5" })
    func drawTheSameFromTheStreamForAnyImage(text: String) throws {
        var (used, reference) = (stream(), stream())
        _ = try [Degradation(text)].applied(to: noise(width: 21, height: 13), &used)
        _ = try [Degradation("noise 1")].applied(to: .grey(0, width: 2, height: 2), &reference)
        #expect(used.next() == reference.next())
    }

    @Test func areAppliedInOrder() throws {
        // Noise before the reduction is averaged away.
        let image = Image.grey(128)
        let averaged = try image.degraded("noise 40", "downsampling 64").moments(channel: 0).variance
        let noisy = try image.degraded("downsampling 64", "noise 40").moments(channel: 0).variance
        #expect(averaged < 1 && noisy > 1000)
    }

    @Test func aChanceAndAlternativesAreDrawn() throws {
        let image = Image.grey(0, width: 2, height: 2)
        // Haze brightens black, and a dark sea makes it less red than blue; neither leaves it as it is.
        var (unchanged, hazy) = (0, 0)
        for seed in 0..<400 {
            let degraded = try image.degraded("haze 3 or underwater 40 p 0.6", seed: UInt64(seed))
            if degraded == image { unchanged += 1 } else if degraded.pixels[0] > 150 { hazy += 1 }
        }
        // Expected 160 and 120, with standard deviations below 10.
        #expect(abs(unchanged - 160) < 40 && abs(hazy - 120) < 40)
    }

    @Test func strengthsFillTheirRange() throws {
        let deviations = try (0..<200).map { seed in
            try Image.grey(128, width: 32, height: 32).degraded("noise 10-30", seed: seed).moments(channel: 0).variance
                .squareRoot()
        }
        let (least, most) = try (#require(deviations.min()), #require(deviations.max()))
        #expect(least > 9 && least < 12)
        #expect(most > 28 && most < 32)
        #expect(abs(deviations.reduce(0, +) / 200 - 20) < 1.5)
    }
}

@Suite("Noise")
struct SensorNoiseTests {
    @Test func gaussianNoiseHasItsDeviationInEachChannel() throws {
        let noisy = try Image.grey(128, width: 200, height: 200).degraded("noise 25")
        for channel in 0..<3 {
            let (mean, variance) = noisy.moments(channel: channel)
            #expect(abs(mean - 128) < 0.5)
            #expect(abs(variance.squareRoot() - 25) < 0.4)
        }
        // Neighbouring samples are independent.
        let products = zip(noisy.pixels, noisy.pixels.dropFirst()).map { (Double($0) - 128) * (Double($1) - 128) }
        let covariance = products.reduce(0, +) / Double(products.count)
        #expect(abs(covariance) < 0.02 * 625)
    }

    /// Far from clipping, mean and variance of the counts are the mean number of photons.
    @Test(arguments: [(UInt8(100), 20.0), (100, 255), (130, 3000), (5, 1000), (200, 10_000)])
    func photonsHaveTheVarianceOfTheirMean(level: UInt8, peak: Double) throws {
        let (mean, variance) = try Image.grey(level, width: 200, height: 200).degraded("poisson \(Int(peak))")
            .moments(channel: 1)
        // Rounding to 8 bits adds 1/12.
        let expected = Double(level) * 255 / peak + (peak > 255 ? 1.0 / 12 : 0)
        #expect(abs(mean - Double(level)) < 0.02 * Double(level) + 0.1)
        #expect(abs(variance / expected - 1) < 0.05)
    }

    /// With 51 photons for white, one photon is 5 levels, so that samples are counts: here of a mean of 3.
    @Test func photonsHaveAPoissonDistribution() throws {
        let noisy = try Image.grey(15, width: 200, height: 200).degraded("poisson 51")
        var probability = 0.049787
        for count in 0..<10 {
            let found = noisy.pixels.count { Int($0) == count * 5 }
            let share = Double(found) / Double(noisy.pixels.count)
            #expect(abs(share - probability) < 0.005, "\(count) photons")
            probability *= 3 / Double(count + 1)
        }
    }

    @Test func blackHasNoPhotons() throws {
        #expect(try Image.grey(0).degraded("poisson 1") == .grey(0))
    }
}

@Suite("Blur and compression")
struct BlurringTests {
    @Test(arguments: [0.6, 1.5, 2])
    func anImpulseBecomesTheKernel(deviation: Double) throws {
        let side = 31
        let center = side / 2
        var pixels = [UInt8](repeating: 0, count: side * side * 3)
        pixels[(center * side + center) * 3 + 1] = 255
        let blurred = try Image(width: side, height: side, pixels: pixels).degraded("blur \(deviation)")
        for y in 0..<side {
            for x in 0..<side {
                let squared = Double((x - center) * (x - center) + (y - center) * (y - center))
                let density = exp(-squared / (2 * deviation * deviation)) / (2 * .pi * deviation * deviation)
                let at = (y * side + x) * 3
                // The sampled kernel is normalized, and ends at three deviations; the density is neither.
                let error = Double(blurred.pixels[at + 1]) - 255 * density
                #expect(abs(error) < 1.1 + 5 * density)
                #expect(blurred.pixels[at] == 0 && blurred.pixels[at + 2] == 0)
            }
        }
    }

    @Test(arguments: ["blur 0.8", "blur 20", "downsampling 3", "downsampling 64"])
    func oneColourStaysItself(text: String) throws {
        let image = Image(width: 17, height: 9, color: RGB(250, 3, 77))
        #expect(try image.degraded(text) == image)
    }

    /// The weights of a very narrow kernel underflow.
    @Test(arguments: ["0.0000000000000000000000001", "0.00000000000000000000000000000000000000000001", "0.1", "0.249"])
    func aBlurOfNearlyNothingChangesNothing(deviation: String) throws {
        var random = stream(3)
        let pixels = (0..<32 * 32 * 3).map { _ in UInt8(random.index(below: 2)) * 255 }
        let image = Image(width: 32, height: 32, pixels: pixels)
        #expect(try image.degraded("blur \(deviation)") == image)
    }

    /// At the edge the outermost samples go on, so that a step far away from it is blurred and the edge is not.
    @Test func edgesContinue() throws {
        let step = Image(
            width: 40, height: 1, pixels: (0..<40).flatMap { [UInt8](repeating: $0 < 20 ? 10 : 210, count: 3) })
        let blurred = try step.degraded("blur 2")
        #expect(blurred.pixels[0] == 10 && blurred.pixels[39 * 3] == 210)
        let middle = (Int(blurred.pixels[19 * 3]) + Int(blurred.pixels[20 * 3])) / 2
        #expect(abs(middle - 110) <= 1 && blurred.pixels[19 * 3] > 60)
    }

    @Test func aReductionRemovesDetail() throws {
        let checkerboard = Image(
            width: 32, height: 32,
            pixels: (0..<32 * 32).flatMap { [UInt8](repeating: ($0 + $0 / 32) % 2 == 0 ? 0 : 255, count: 3) })
        let flat = try checkerboard.degraded("downsampling 2")
        #expect(flat.pixels.allSatisfy { (127...128).contains($0) })
    }

    @Test(.enabled(if: canDecode(.jpeg))) func compressionIsThatOfAFile() throws {
        let image = referenceImage(width: 40, height: 30)
        let file = try Image(decoding: image.jpegData(quality: 35), named: "file")
        #expect(try image.degraded("jpeg 35") == file)
        #expect(file != image)
    }
}
