import Dispatch
import Images
import Synchronization
import Threads

/// The properties of an image that `CorpusStatistics` summarizes.
struct ImageFacts: Sendable {
    let format: ImageFormat
    /// Width and height in pixels, with the orientation applied.
    let width: Int
    let height: Int
    /// Size and hash of the encoded image.
    let bytes: EncodedDigest
    let fingerprint: Fingerprint
}

/// A digest of an encoded image. Images of equal digests are compared byte by byte before they count as duplicates.
struct EncodedDigest: Sendable, Hashable {
    let count: Int
    private let hash: Int

    init(_ bytes: [UInt8]) {
        count = bytes.count
        var hasher = Hasher()
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        hash = hasher.finalize()
    }
}

extension Corpus {
    /// Reads every image on all processors and passes its encoded bytes to `body`.
    /// - Parameters:
    ///   - progress: called from time to time, one call at a time, with the number of images read.
    ///   - body: called concurrently.
    /// - Returns: the result of `body` for each example, nil if it or reading the image failed; the failures, in the
    ///   order of the examples.
    func survey<Facts: Sendable>(
        progress: (@Sendable (Int) -> Void)?, _ body: @Sendable (_ bytes: [UInt8], _ name: String) throws -> Facts
    ) -> (facts: [Facts?], problems: [CorpusProblem]) {
        let facts = Mutex([Facts?](repeating: nil, count: examples.count))
        let problems = Mutex<[(example: Int, problem: CorpusProblem)]>([])
        let done = ProgressCount(total: examples.count, report: progress)
        DispatchQueue.concurrentPerform(iterations: examples.count) { example in
            let name = imageName(example)
            do {
                let fact = try body(encodedImage(example), name)
                facts.withLock { $0[example] = fact }
            } catch {
                let problem = problem(.unreadableImage, with: example, because: error)
                problems.withLock { $0.append((example, problem)) }
            }
            done.advance()
        }
        return (
            facts.withLock { $0 }, problems.withLock { $0.sorted { $0.example < $1.example }.map(\.problem) }
        )
    }

    /// Groups of two or more examples whose images have equal bytes. Each group ascends; groups are ordered by their
    /// first members.
    func duplicateImages(_ digests: [EncodedDigest?]) -> [[Int]] {
        var sameDigest: [EncodedDigest: [Int]] = [:]
        for (example, digest) in digests.enumerated() {
            if let digest { sameDigest[digest, default: []].append(example) }
        }
        var groups: [[Int]] = []
        for var rest in sameDigest.values where rest.count > 1 {
            // Nearly always one group: unequal bytes have equal digests with a probability of 2⁻⁶⁴.
            while let first = rest.first, rest.count > 1, let bytes = try? encodedImage(first) {
                let isEqual = rest.map { $0 == first || (try? encodedImage($0)) == bytes }
                let group = zip(rest, isEqual).filter(\.1).map(\.0)
                if group.count > 1 { groups.append(group) }
                rest = zip(rest, isEqual).filter { !$0.1 }.map(\.0)
            }
        }
        return groups.sorted { $0[0] < $1[0] }
    }
}
