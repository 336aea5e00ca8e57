import Graphs
import Networks

/// The adversarial losses. Each scores up to three kinds of pairs, each kind in a term of its own.
public enum AdversarialLoss: String, Codable, Sendable, CaseIterable {
    /// Hinge (Lim and Ye 2017) as in DF-GAN.
    case hinge
    /// Cross-entropy as in GAN-CLS (Reed et al. 2016, algorithm 1), the generator's in its non-saturating form.
    case crossEntropy = "cross-entropy"
    /// Least squares (Mao et al. 2017) as in CycleGAN: real images have the target 1, others 0.
    case leastSquares = "least-squares"
    /// Relativistic pairs (Jolicoeur-Martineau 2018; Huang et al. 2024, "R3GAN").
    case relativistic
}

/// A discriminator's terms for one head, each of shape [1].
private struct DiscriminatorTerms {
    /// Nil for relativistic pairs: the other two terms compare with the logits of real images.
    let real: Tensor?
    /// Nil without mismatched captions.
    let mismatch: Tensor?
    let fake: Tensor

    /// - Parameters:
    ///   - real, mismatch, fake: logits of real images with their captions, real images with other captions, and generated
    ///     images with the captions they were generated from. Without captions there is no mismatch.
    ///   - mismatchWeight: w; the mismatched term weighs w, the fake one 1 − w (1 for `relativistic`), the real one 1. Without a mismatch, w is 0.
    init(_ loss: AdversarialLoss, real: Logits, mismatch: Logits?, fake: Logits, mismatchWeight: Float) {
        let (r, f) = (real.tensor, fake.tensor)
        let w = mismatch == nil ? 0 : mismatchWeight
        // How much a logit is above what its kind of pairs should have.
        let term: (Tensor) -> Tensor
        switch loss {
        case .hinge:
            self.real = (1 - r).relu().mean()
            term = { (1 + $0).relu() }
        case .crossEntropy:
            self.real = (-r).softplus().mean()
            term = { $0.softplus() }
        case .leastSquares:
            self.real = (1 - r).pow(2).mean()
            term = { $0.pow(2) }
        case .relativistic:
            self.real = nil
            term = { ($0 - r).softplus() }
        }
        self.mismatch = mismatch.map { term($0.tensor).mean() * w }
        self.fake = term(f).mean() * (loss == .relativistic ? 1 : 1 - w)
    }

    var sum: Tensor { [real, mismatch, fake].compactMap(\.self).sum() }
}

/// The discriminator's loss summed over heads, of shape [1], and for each kind of pairs the term and the mean logit, over all heads
/// and of each.
/// - Parameters:
///   - real, mismatch, fake: the logits of each head; see `DiscriminatorTerms`.
func pairLoss(
    _ loss: AdversarialLoss, real: [Logits], mismatch: [Logits]?, fake: [Logits], mismatchWeight: Float
) -> (loss: Tensor, results: [String: Tensor]) {
    let heads = real.indices.map {
        DiscriminatorTerms(
            loss, real: real[$0], mismatch: mismatch?[$0], fake: fake[$0], mismatchWeight: mismatchWeight)
    }
    var results: [String: Tensor] = [:]
    func report(_ kind: String, _ terms: [Tensor], _ logits: [Logits]) {
        let means = logits.map { $0.tensor.mean() }
        results["logits.\(kind)"] = means.sum() * (1 / Float(means.count))
        if !terms.isEmpty { results["loss.\(kind)"] = terms.sum() }
        guard means.count > 1 else { return }
        for (head, term) in terms.enumerated() { results["heads.\(head).loss.\(kind)"] = term }
        for (head, mean) in means.enumerated() { results["heads.\(head).logits.\(kind)"] = mean }
    }
    report("real", heads.compactMap(\.real), real)
    if let mismatch { report("mismatch", heads.compactMap(\.mismatch), mismatch) }
    report("fake", heads.map(\.fake), fake)
    return (heads.map(\.sum).sum(), results)
}

/// The generator's loss summed over heads, of shape [1]. Only relativistic pairs need logits of `real` images.
func generatorLoss(_ loss: AdversarialLoss, fake: [Logits], real: [Logits]?) -> Tensor {
    let terms = fake.enumerated().map { head, fake in
        switch loss {
        case .hinge: return -fake.tensor.mean()
        case .crossEntropy: return (-fake.tensor).softplus().mean()
        case .leastSquares: return (1 - fake.tensor).pow(2).mean()
        case .relativistic:
            guard let real else { preconditionFailure("relativistic pairs need logits of real images") }
            return (real[head].tensor - fake.tensor).softplus().mean()
        }
    }
    return terms.sum()
}

/// Adds a discriminator's gradient penalty to its loss, and to its results as `loss.penalty`: for relativistic pairs R1 and R2, for
/// others the matching-aware penalty, or R1 without captions.
/// - Parameters:
///   - real, fake: the logits of each head, and the features that they are computed from.
///   - text: the captions of the real images, if the penalty is to be matching-aware.
///   - weight: 0 is no penalty.
func addPenalty(
    to found: inout (loss: Tensor, results: [String: Tensor]), _ loss: AdversarialLoss,
    real: (logits: [Logits], features: ImageFeatures), fake: (logits: [Logits], features: ImageFeatures),
    text: TextEmbedding? = nil, weight: Float
) {
    guard weight > 0 else { return }
    var term: Tensor
    if loss != .relativistic, let text {
        term = matchingAwarePenalty(real.logits, features: real.features, text: text, weight: weight)
    } else {
        term = zeroCenteredPenalty(real.logits, features: real.features, weight: weight)
    }
    if loss == .relativistic {
        term = term + zeroCenteredPenalty(fake.logits, features: fake.features, weight: weight)
    }
    found.results["loss.penalty"] = term
    found.loss = found.loss + term
}

/// The matching-aware gradient penalty on the discriminator's features of real images, x, with their captions, s:
/// weight · mean ‖(∇ₓD, ∇ₛD)‖⁶, D summed over heads (Tao et al. 2022, equation 2 with p = 6).
func matchingAwarePenalty(_ logits: [Logits], features: ImageFeatures, text: TextEmbedding, weight: Float) -> Tensor {
    let squares = gradients(of: logits.map(\.tensor).sum(), withRespectTo: features.maps + [text.tensor])
        .map { $0.squaredNorms() }.sum()
    return (squares * squares * squares).mean() * weight
}

/// R1 or R2 on the discriminator's features of images, x: ½ · weight · mean ‖∇ₓD‖² (Mescheder et al. 2018, equation 9).
func zeroCenteredPenalty(_ logits: [Logits], features: ImageFeatures, weight: Float) -> Tensor {
    gradients(of: logits.map(\.tensor).sum(), withRespectTo: features.maps)
        .map { $0.squaredNorms() }.sum().mean() * (0.5 * weight)
}

/// √(x² + ε²): the absolute value with a derivative at 0 (Charbonnier et al. 1994).
private func absolute(_ x: Tensor) -> Tensor { (x.pow(2) + 1e-6).sqrt() }

/// The mean absolute difference.
func meanDifference(_ a: Tensor, _ b: Tensor) -> Tensor { absolute(a - b).mean() }

/// The mean difference of two images' features, each map weighing the same.
func featureDifference(_ a: ImageFeatures, _ b: ImageFeatures) -> Tensor {
    zip(a.maps, b.maps).map(meanDifference).sum() * (1 / Float(a.maps.count))
}

/// The mode-seeking loss: the mean reciprocal of the difference between images 2k and 2k + 1, which are generated from one sentence
/// and different noise (Mao et al. 2019, equation 3, without the distance of the noise, which hardly varies). Images differ by
/// what they show, not by where they show it: by the mean over positions of each channel of the feature maps. Images of a pair are
/// augmented independently, which adds to their difference.
func modeSeekingLoss(_ features: ImageFeatures) -> Tensor {
    let differences = features.maps.map { map in
        // [2n, h, w, c] → [2n, c] → [n, 2, c]
        let (pairs, size) = (map.shape[0] / 2, map.shape[-1])
        let grouped = map.mean(along: [1, 2]).reshaped([pairs, 2, size])
        let difference = grouped.slice(axis: 1, start: 0, count: 1) - grouped.slice(axis: 1, start: 1, count: 1)
        // → [n×1]
        return absolute(difference).sum(along: [1, 2]).reshaped([pairs, 1]) * (1 / Float(size))
    }
    let difference = differences.sum() * (1 / Float(differences.count))
    return (difference + 1e-5).pow(-1).mean()
}

extension Tensor {
    /// Σ x² of each element of the batch, [batch×1].
    fileprivate func squaredNorms() -> Tensor {
        (self * self).sum(along: Array(1..<shape.rank)).reshaped([shape[0], 1])
    }
}

/// InfoNCE from images to sentences: each image must find the sentence it was generated from among those of the whole batch.
/// - Parameters:
///   - images: unit vectors of a part of the batch, [n×d]; `own` are the unit vectors of their sentences.
///   - sentences: unit vectors of the whole batch, [N×d].
///   - mask: added to the scores, [n×N]: very negative for sentences that may describe the image as well, which are no
///     negatives; 0 elsewhere and at the image's own.
///   - scale: the inverse temperature.
func imageToTextLoss(images: Tensor, own: Tensor, sentences: Tensor, mask: Tensor, scale: Float) -> Tensor {
    let scores = images.matmul(sentences, otherTransposed: true) * scale + mask
    return (scores.logSumExp() - (images * own).sum(along: [1]) * scale).mean()
}
