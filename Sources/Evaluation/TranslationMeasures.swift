import Basics
import Execution
import Images
import Models

/// How near translated images are to what they should be, each measure beside that of the untranslated sources.
public struct TranslationMeasures: Codable, Sendable {
    /// A measure of the results, and of the sources in their place.
    public struct Compared: Codable, Sendable {
        public let result: Double
        public let source: Double
    }

    /// Results that were measured.
    public let count: Int
    /// Targets that the distances compare with.
    public let targets: Int
    /// Mean peak signal-to-noise ratio to the targets in dB; nil without pairs.
    public var psnr: Compared?
    /// Mean structural similarity to the targets; nil without pairs, and for images smaller than its window.
    public var ssim: Compared?
    /// Mean perceptual distance to the targets in the features of a frozen network; nil without pairs or network.
    public var perceptual: Compared?
    /// Fréchet distance to the targets in the pooled features of the network; nil without a network.
    public var frechet: Compared?
    /// Kernel distance to the targets in these features, times 1,000.
    public var kernel: Compared?
    /// Mean correlation of the edges of results with those of their sources: how much of the structure is kept. Nil if no image has edges.
    public var edges: Double?

    /// - Parameters:
    ///   - sources, results: one result per source, of its size.
    ///   - targets: what the results should be, one per result, if `arePairs`; otherwise any images of the target's kind.
    ///   - network: the frozen network in whose features distances are measured; nil measures none.
    ///   - seed: of the subsets of the kernel distance.
    public init(
        sources: [Image], results: [Image], targets: [Image], arePairs: Bool, network: TranslationFeatures?,
        seed: UInt64
    ) throws {
        count = results.count
        self.targets = targets.count
        func mean(_ values: [Double?]) -> Double? {
            let found = values.compactMap(\.self)
            return found.isEmpty ? nil : found.reduce(0, +) / Double(found.count)
        }
        func compared(_ measure: ([Image]) throws -> Double?) rethrows -> Compared? {
            guard let result = try measure(results), let source = try measure(sources) else { return nil }
            return Compared(result: result, source: source)
        }
        edges = mean(zip(results, sources).map { $0.edgeCorrelation(with: $1) })
        if arePairs {
            // Equal images have an infinite ratio; 100 dB is less than an error of one level in 40 samples of 8 bits.
            psnr = compared { mean(zip($0, targets).map { min($0.peakSignalToNoiseRatio(to: $1), 100) }) }
            ssim = compared { mean(zip($0, targets).map { $0.structuralSimilarity(to: $1) }) }
            perceptual = try network.flatMap { network in
                try compared { mean(try network.perceptual.distances($0, targets).map { $0 }) }
            }
        }
        guard let network, min(count, targets.count) >= 2 else { return }
        let real = try network.pooled.features(of: targets)
        let found = (try network.pooled.features(of: results), try network.pooled.features(of: sources))
        frechet = Compared(
            result: try frechetDistance(found.0, real).value, source: try frechetDistance(found.1, real).value)
        let size = min(1000, max(2, min(count, targets.count) / 2))
        func kernel(_ features: FeatureMatrix) throws -> Double {
            1000 * (try kernelDistance(features, real, subsetSize: size, seed: seed).mean)
        }
        self.kernel = Compared(result: try kernel(found.0), source: try kernel(found.1))
    }

    /// All measures by name, those of the sources with the suffix `_source`: what a run records.
    public var values: [String: Double] {
        var values: [String: Double] = [:]
        let compared = [
            ("psnr", psnr), ("ssim", ssim), ("perceptual", perceptual), ("frechet", frechet), ("kernel", kernel),
        ]
        for case (let name, let measure?) in compared {
            values[name] = measure.result
            values["\(name)_source"] = measure.source
        }
        values["edges"] = edges
        return values
    }

    /// One line.
    public var summary: String {
        func text(_ name: String, _ value: Compared?, _ digits: Int) -> String? {
            value.map {
                "\(name) \(formatted($0.result, digits: digits)) (source \(formatted($0.source, digits: digits)))"
            }
        }
        let parts = [
            text("PSNR", psnr, 2), text("SSIM", ssim, 3), text("perceptual distance", perceptual, 3),
            text("Fréchet", frechet, 1), text("kernel", kernel, 2),
            edges.map { "edges kept \(formatted($0, digits: 2))" },
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}

/// A frozen network with the two measures that use it.
public final class TranslationFeatures {
    let pooled: FeatureExtractor
    let perceptual: PerceptualDistance

    /// - Parameter side: of the images, in pixels.
    public init(_ features: PretrainedFeatures, device: any Device) throws {
        pooled = try FeatureExtractor(features, device: device)
        perceptual = try PerceptualDistance(features, device: device)
    }
}
