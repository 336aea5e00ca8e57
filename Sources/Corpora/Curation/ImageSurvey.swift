import Dispatch
import Images
import Synchronization
import Threads

/// What one image is, as far as statistics ask.
struct ImageFacts: Sendable {
    let format: ImageFormat
    /// Columns and rows, its orientation applied.
    let width: Int
    let height: Int
    /// Of the encoded image.
    let bytes: EncodedDigest
    let fingerprint: Fingerprint
}

/// Tells encoded images apart; equal digests are a reason to compare the bytes themselves.
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
    /// Reads every image on all processors.
    /// - Parameter progress: called now and then, one call at a time, with the number of images read.
    /// - Returns: for each example what `body` makes of the encoded image, and why not where it fails.
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

    /// A problem with an example's image; where it lies is named by the problem, and not by the error again.
    func problem(_ kind: CorpusProblem.Kind, with example: Int, because error: any Error) -> CorpusProblem {
        let (name, message) = (imageName(example), "\(error)")
        let reason = message.hasPrefix("\(name): ") ? String(message.dropFirst(name.count + 2)) : message
        return problem(kind, with: example, reason)
    }

    /// The examples whose images have equal bytes: groups of two or more, each in order, in the order of their firsts.
    func duplicateImages(_ digests: [EncodedDigest?]) -> [[Int]] {
        var alike: [EncodedDigest: [Int]] = [:]
        for (example, digest) in digests.enumerated() {
            if let digest { alike[digest, default: []].append(example) }
        }
        var groups: [[Int]] = []
        for var rest in alike.values where rest.count > 1 {
            // One group almost always: a digest of unequal bytes is a chance of 2⁻⁶⁴.
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
