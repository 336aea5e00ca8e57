import Basics
import Tasks

/// Signs in a run's figures that its training goes wrong.
struct RunWarning: Encodable, Sendable {
    enum Kind: String, Encodable {
        case divergence, overfitting, collapse, stalled
    }
    let kind: Kind
    /// One sentence: what is seen, and what it may mean.
    let message: String
    /// Images seen at the time.
    let images: Int

    /// Warnings of a run.
    /// - Parameters:
    ///   - statistics: rows of `stats.jsonl`.
    ///   - evaluation: rows of `evaluation.jsonl`.
    ///   - idleSeconds: time since the last row, for a training that runs; nil for others.
    static func all(statistics: [RunRows.Row], evaluation: [RunRows.Row], idleSeconds: Int?) -> [RunWarning] {
        [
            divergence(statistics), overfitting(evaluation), worsening(evaluation), collapse(evaluation),
            stalled(statistics, idleSeconds),
        ].compactMap { $0 }
    }

    /// Values that are not finite, or updates that were skipped for them, within the last ten rows.
    private static func divergence(_ rows: [RunRows.Row]) -> RunWarning? {
        guard let last = rows.last else { return nil }
        let recent = rows.suffix(10)
        if let name = last.values.filter({ $0.value == nil }).keys.min() {
            return RunWarning(
                kind: .divergence, message: "\(name) is not finite; a lower learning rate may help.",
                images: last.images)
        }
        let skipped = (last.values["skipped"] ?? 0).map { $0 - ((recent.first?.values["skipped"] ?? 0) ?? 0) } ?? 0
        guard skipped > 0 else { return nil }
        return RunWarning(
            kind: .divergence,
            message: "\(formatted(skipped, digits: 0)) updates were skipped lately because their gradients were not "
                + "finite.",
            images: last.images)
    }

    /// The discriminator knows the training images from others: its mean logit of training images exceeds that of validation images by
    /// more than 1 in each of the last three evaluations (ADA, Karras et al. 2020, watch the same gap).
    private static func overfitting(_ rows: [RunRows.Row]) -> RunWarning? {
        let gaps = rows.suffix(3).compactMap { row -> Double? in
            guard let training = row.values["logits.training"] ?? nil,
                let validation = row.values["logits.validation"] ?? nil
            else { return nil }
            return training - validation
        }
        guard gaps.count == 3, let smallest = gaps.min(), smallest > 1, let row = rows.last else { return nil }
        return RunWarning(
            kind: .overfitting,
            message:
                "The discriminator scores training images \(formatted(gaps[2], digits: 2)) above validation images: it "
                + "memorizes them. More augmentation, more images or a smaller discriminator help.",
            images: row.images)
    }

    /// The last three Fréchet distances on the validation split exceed the best one by more than 10 %.
    private static func worsening(_ rows: [RunRows.Row]) -> RunWarning? {
        let distances = rows.compactMap { row in (row.values["frechet"] ?? nil).map { (row.images, $0) } }
        guard distances.count > 3, let best = distances.min(by: { $0.1 < $1.1 }), let last = distances.last,
            distances.suffix(3).allSatisfy({ $0.1 > 1.1 * best.1 })
        else { return nil }
        return RunWarning(
            kind: .overfitting,
            message: "The Fréchet distance was best (\(formatted(best.1, digits: 3))) after \(best.0) images and is "
                + "\(formatted(last.1, digits: 3)) now; the snapshot of that time may be the better model.",
            images: last.0)
    }

    /// Images of different captions and noise are less than half as diverse as photographs.
    private static func collapse(_ rows: [RunRows.Row]) -> RunWarning? {
        guard let row = rows.last(where: { ($0.values["diversity"] ?? nil) != nil }),
            let diversity = row.values["diversity"] ?? nil, diversity < 0.5
        else { return nil }
        return RunWarning(
            kind: .collapse,
            message:
                "Generated images are \(formatted(100 * diversity, digits: 2)) % as diverse as real ones: the generator "
                + "may have collapsed. Look at the samples; an earlier snapshot or a smaller contrastive weight may help.",
            images: row.images)
    }

    /// A training that runs has not written a row for five times as long as its rows took, and 60 s at least.
    private static func stalled(_ rows: [RunRows.Row], _ idleSeconds: Int?) -> RunWarning? {
        guard let idleSeconds, rows.count > 1, let rate = rows.last?.values["images_per_second"] ?? nil, rate > 0 else {
            return nil
        }
        let interval = Double(rows[rows.count - 1].images - rows[rows.count - 2].images) / rate
        guard Double(idleSeconds) > max(60, 5 * interval) else { return nil }
        return RunWarning(
            kind: .stalled, message: "The training runs, but has written nothing for \(idleSeconds) s.",
            images: rows[rows.count - 1].images)
    }
}
