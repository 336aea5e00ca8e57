import Evaluation
import Images
import Testing

/// The image of `image` in scripts/golden/image_quality.py.
private func picture(_ width: Int, _ height: Int) -> Image {
    var pixels: [UInt8] = []
    for y in 0..<height {
        for x in 0..<width {
            pixels += [UInt8((x * 5 + y * 3) % 256), UInt8((x * y + 40) % 256), x * 2 > width + y ? 200 : 30]
        }
    }
    return Image(width: width, height: height, pixels: pixels)
}

/// The image of `disturbed` in the same script.
private func disturbed(_ image: Image) -> Image {
    let pixels = image.pixels.enumerated().map { i, sample in
        let (x, y, c) = (i / 3 % image.width, i / 3 / image.width, i % 3)
        return UInt8(Int(sample) * 3 / 4 + (x * 7 + y * 13 + c * 29) % 41)
    }
    return Image(width: image.width, height: image.height, pixels: pixels)
}

/// Measures by scikit-image and SciPy, from that script.
private struct Reference {
    let width: Int, height: Int
    let ratio: Double, similarity: Double, correlation: Double

    static let all = [
        Reference(width: 48, height: 32, ratio: 20.540325, similarity: 0.644508, correlation: 0.963650),
        Reference(width: 11, height: 11, ratio: 23.444442, similarity: 0.659361, correlation: 0.247087),
        Reference(width: 64, height: 17, ratio: 20.679883, similarity: 0.631977, correlation: 0.957499),
    ]
}

@Suite("Measures of one image against another")
struct ImageQualityTests {
    @Test(arguments: Reference.all)
    fileprivate func equalReferences(_ reference: Reference) throws {
        let image = picture(reference.width, reference.height)
        let other = disturbed(image)
        #expect(abs(image.peakSignalToNoiseRatio(to: other) - reference.ratio) < 1e-5)
        #expect(abs(try #require(image.structuralSimilarity(to: other)) - reference.similarity) < 1e-5)
        #expect(abs(try #require(image.edgeCorrelation(with: other)) - reference.correlation) < 1e-5)
    }

    @Test func areSymmetric() throws {
        let (image, other) = (picture(20, 20), disturbed(picture(20, 20)))
        #expect(image.peakSignalToNoiseRatio(to: other) == other.peakSignalToNoiseRatio(to: image))
        #expect(abs(image.structuralSimilarity(to: other)! - other.structuralSimilarity(to: image)!) < 1e-12)
        #expect(abs(image.edgeCorrelation(with: other)! - other.edgeCorrelation(with: image)!) < 1e-12)
    }

    @Test func ofEqualImagesAreAtTheirBest() throws {
        let image = picture(20, 12)
        #expect(image.peakSignalToNoiseRatio(to: image) == .infinity)
        #expect(abs(try #require(image.structuralSimilarity(to: image)) - 1) < 1e-12)
        #expect(abs(try #require(image.edgeCorrelation(with: image)) - 1) < 1e-12)
    }

    /// One level everywhere is 20 log 255 dB; black and white are 0 dB.
    @Test func theRatioIsInDecibels() {
        let (black, white) = (Image(width: 3, height: 2, color: .black), Image(width: 3, height: 2, color: .white))
        #expect(black.peakSignalToNoiseRatio(to: white) == 0)
        let grey = Image(width: 3, height: 2, color: RGB(1, 1, 1))
        #expect(abs(black.peakSignalToNoiseRatio(to: grey) - 48.130804) < 1e-6)
    }

    /// Structure is kept by a change of brightness and contrast, and lost with other content.
    @Test func edgesIgnoreBrightness() throws {
        let image = picture(32, 32)
        let darker = Image(width: 32, height: 32, pixels: image.pixels.map { $0 / 2 + 20 })
        #expect(try #require(image.edgeCorrelation(with: darker)) > 0.99)
        #expect(try #require(image.edgeCorrelation(with: image.mirrored())) < 0.9)
    }

    @Test func areUndefinedWithoutWindowsOrEdges() {
        let flat = Image(width: 20, height: 20, color: .white)
        #expect(flat.edgeCorrelation(with: picture(20, 20)) == nil)
        #expect(picture(20, 20).edgeCorrelation(with: flat) == nil)
        #expect(picture(2, 20).edgeCorrelation(with: picture(2, 20)) == nil)
        #expect(picture(10, 20).structuralSimilarity(to: picture(10, 20)) == nil)
        #expect(flat.structuralSimilarity(to: flat) == 1)
    }
}
