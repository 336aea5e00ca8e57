import Basics
import Corpora
import Execution
import Networks
import Training

/// What must be the same in all ranks of a training for them to train one model.
struct RankAgreement {
    private let values: [(name: String, value: String)]

    init(_ recipe: Recipe, corpora: [Corpus], device: any Device) throws {
        let listings = corpora.map { corpus in
            let digests = CorpusDigests(corpus)
            return "\(corpus.examples.count) images, digests \(digests.paths) \(digests.captions) \(digests.classes)"
        }
        values = [
            ("recipe", try recipe.yaml()), ("corpus", listings.joined(separator: "; ")),
            ("precision", device.precision.rawValue),
        ]
    }

    /// - Throws: `CommunicationError` in every rank, naming the first that differs from rank 0, and in what.
    func require(_ ranks: any Communicator) throws {
        guard ranks.size > 1 else { return }
        for (name, value) in values {
            guard let (other, found, first) = try ranks.firstDifference(in: value) else { continue }
            throw CommunicationError(
                .usage,
                "rank \(other) on \(ranks.hosts[other]) has another \(name) than rank 0 on \(ranks.hosts[0])"
                    + (name == "recipe"
                        ? "" : ": \(quoted(found)), not \(quoted(first))"))
        }
    }
}

extension Recipe {
    /// Throws if the ranks cannot share a batch equally.
    func requireBatches(for ranks: any Communicator) throws(ConfigurationError) {
        var batches: [(key: String, size: Int, together: Int)] = []
        if task != .contrastive { batches.append(("gan.batch", gan.batch, gan.imagesTogether)) }
        if trainsEncoder, encoder.images > 0 { batches.append(("encoder.batch", encoder.batch, 1)) }
        for (key, size, together) in batches where size % (together * ranks.size) != 0 {
            throw ConfigurationError(
                key: key,
                problem: "is \(size), which \(ranks.size) ranks cannot share equally; "
                    + "make it a multiple of \(together * ranks.size)")
        }
    }
}
