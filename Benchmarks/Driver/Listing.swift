import ArgumentParser
import Corpora
import FoundationEssentials
import Glibc

/// Lists a corpus and prints the time and memory that this takes, for Benchmarks/million-rows.
struct Listing: ParsableCommand {
    @Argument var folder: String

    private struct Findings: Encodable {
        let format: String
        let rows: Int
        let captions: Int
        let skipped: Int
        let seconds: Double
        /// Increase of resident memory, without the text of the captions.
        let bytesPerRow: Double
        let captionBytesPerRow: Double
        /// Peak resident memory in MiB.
        let peak: Int
        /// Seconds to create a `PairSampler`, and its bytes per row.
        let samplerSeconds: Double
        let samplerBytesPerRow: Double
    }

    func run() throws {
        let clock = ContinuousClock()
        let before = try Listing.resident()
        var corpus: Corpus?
        let time = try clock.measure { corpus = try Corpus(folder: folder, split: nil, badFiles: .skip) }
        guard let corpus else { return }
        let after = try Listing.resident()
        let rows = Double(corpus.examples.count)
        let text = corpus.captions.reduce(0) { $0 + $1.utf8.count }
        var sampler: PairSampler?
        let sampling = try clock.measure { sampler = try PairSampler(corpus: corpus, seed: 1, flips: false) }
        let last = try Listing.resident()
        let findings = Findings(
            format: "\(corpus.format)", rows: corpus.examples.count, captions: corpus.captionCount,
            skipped: corpus.skipped.total, seconds: time / .seconds(1),
            bytesPerRow: Double(after - before - text) / rows, captionBytesPerRow: Double(text) / rows,
            peak: try Listing.status("VmHWM:") >> 10, samplerSeconds: sampling / .seconds(1),
            samplerBytesPerRow: Double(last - after) / rows)
        withExtendedLifetime(sampler) {}
        print(String(decoding: try JSONEncoder().encode(findings), as: UTF8.self))
    }

    /// Resident memory in bytes.
    private static func resident() throws -> Int { try status("VmRSS:") << 10 }

    /// A line of /proc/self/status in KiB.
    private static func status(_ name: String) throws -> Int {
        let text = try String(contentsOf: URL(filePath: "/proc/self/status"), encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
    }
}
