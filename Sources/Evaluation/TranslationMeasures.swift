import Basics
import Execution
import Images
import Models

/// How near translated images are to what they should be, each measure beside that of the untranslated sources.
public struct TranslationMeasures: Codable, Sendable {
    /// A measure of the results, and of the sources in their place.
    public struct Compared: Codable, Sendable {
        /// Of the results.
        public let result: Double
        /// Of the sources.
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
    /// Mean peak signal-to-noise ratio in dB of sources after translation there and back; nil without a translator back.
    public var cycle: Double?

    /// - Parameters:
    ///   - sources, results: one result per source, of its size.
    ///   - targets: what the results should be, one per result, if `arePairs`; otherwise any images of the target's kind.
    ///   - returned: the results translated back; nil without a translator back.
    ///   - network: the frozen network in whose features distances are measured; nil measures none.
    ///   - seed: of the subsets of the kernel distance.
    /// - Throws: `ExecutionError`; `EvaluationError` if features are not finite.
    public init(
        sources: [Image], results: [Image], targets: [Image], arePairs: Bool, returned: [Image]? = nil,
        network: TranslationFeatures?, seed: UInt64
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
        // Equal images have an infinite ratio; 100 dB is an error of one level in one of 150,000 samples of 8 bits.
        func ratio(_ images: [Image], _ others: [Image]) -> Double? {
            mean(zip(images, others).map { min($0.peakSignalToNoiseRatio(to: $1), 100) })
        }
        cycle = returned.flatMap { ratio($0, sources) }
        edges = mean(zip(results, sources).map { $0.edgeCorrelation(with: $1) })
        if arePairs {
            psnr = compared { ratio($0, targets) }
            ssim = compared { mean(zip($0, targets).map { $0.structuralSimilarity(to: $1) }) }
            perceptual = try network.flatMap { network in
                try compared { mean(try network.perceptual.distances($0, targets).map { $0 }) }
            }
        }
        guard let network, min(count, targets.count) >= 2 else { return }
        let real = try network.pooled.features(of: targets)
        let found = (try network.pooled.features(of: results), try network.pooled.features(of: sources))
        frechet = Compared(result: try frechetDistance(found.0, real), source: try frechetDistance(found.1, real))
        func kernel(_ features: FeatureMatrix) throws -> Double {
            1000 * (try kernelDistance(features, real, seed: seed))
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
        values["cycle"] = cycle
        return values
    }

    /// One line.
    public var summary: String {
        rows.map { "\($0.name) \($0.result)" + ($0.source.map { " (source \($0))" } ?? "") }.joined(separator: ", ")
    }

    /// The measures as a table.
    public var table: String {
        let rows = [("", "result", "source")] + rows.map { ($0.name, $0.result, $0.source ?? "") }
        func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: width - text.count) }
        let names = rows.map(\.0.count).max() ?? 0
        let values = rows.map(\.1.count).max() ?? 0
        let lines = rows.map { "  \(padded($0, names))  \(padded($1, values))  \($2)".trimmingTrailingSpaces }
        return "\(count) results, \(targets) targets\n" + lines.joined(separator: "\n")
    }

    private var rows: [(name: String, result: String, source: String?)] {
        func row(_ name: String, _ value: Compared?, _ digits: Int) -> (String, String, String?)? {
            value.map { (name, formatted($0.result, digits: digits), formatted($0.source, digits: digits)) }
        }
        let rows = [
            row("PSNR", psnr, 2), row("SSIM", ssim, 4), row("perceptual distance", perceptual, 3),
            row("Fréchet distance", frechet, 1), row("kernel distance · 1000", kernel, 2),
            edges.map { ("edges kept", formatted($0, digits: 3), nil) },
            cycle.map { ("PSNR of the cycle", formatted($0, digits: 2), nil) },
        ]
        return rows.compactMap(\.self)
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String { String(reversed().drop { $0 == " " }.reversed()) }
}

/// A frozen network with the two measures that use it.
public final class TranslationFeatures {
    let pooled: FeatureExtractor
    let perceptual: PerceptualDistance

    /// Loads the network onto a device.
    /// - Throws: `ParameterMismatch` if parameters are missing, unused or misshapen; `ExecutionError`.
    public init(_ features: PretrainedFeatures, device: any Device) throws {
        pooled = try FeatureExtractor(features, device: device)
        perceptual = try PerceptualDistance(features, device: device)
    }
}
