import Graphs
import Networks

/// What generator and discriminator play for. Each judges three kinds of pairs, and each kind is a term of its own.
public enum AdversarialLoss: String, Codable, Sendable, CaseIterable {
    /// Hinge (Lim and Ye 2017) as in DF-GAN.
    case hinge
    /// Cross-entropy as in GAN-CLS (Reed et al. 2016, algorithm 1), the generator's in its non-saturating form.
    case crossEntropy = "cross-entropy"
    /// Relativistic pairs (Jolicoeur-Martineau 2018; Huang et al. 2024, "R3GAN").
    case relativistic
}

/// A discriminator's terms, each of shape [1].
struct DiscriminatorTerms {
    let real: Tensor
    let mismatch: Tensor
    let fake: Tensor

    /// - Parameters:
    ///   - real, mismatch, fake: verdicts on real pictures with their captions, real pictures with other captions,
    ///     and painted pictures with the captions they were painted from.
    ///   - mismatchWeight: w; mismatch weighs w and fake 1 − w against real's 1.
    init(_ loss: AdversarialLoss, real: Logits, mismatch: Logits, fake: Logits, mismatchWeight w: Float) {
        let (r, m, f) = (real.tensor, mismatch.tensor, fake.tensor)
        switch loss {
        case .hinge:
            self.real = (1 - r).relu().mean()
            self.mismatch = (1 + m).relu().mean() * w
            self.fake = (1 + f).relu().mean() * (1 - w)
        case .crossEntropy:
            self.real = (-r).softplus().mean()
            self.mismatch = m.softplus().mean() * w
            self.fake = f.softplus().mean() * (1 - w)
        case .relativistic:
            // Real is judged only against others: its own term is the mean verdict's distance from both.
            self.real = r.graph.fill(0, [1])
            self.mismatch = (m - r).softplus().mean() * w
            self.fake = (f - r).softplus().mean()
        }
    }
}

/// The generator's loss, of shape [1]. `real` verdicts serve relativistic pairs alone.
func generatorLoss(_ loss: AdversarialLoss, fake: Logits, real: Logits?) -> Tensor {
    switch loss {
    case .hinge: return -fake.tensor.mean()
    case .crossEntropy: return (-fake.tensor).softplus().mean()
    case .relativistic:
        guard let real else { preconditionFailure("relativistic pairs need verdicts on real pictures") }
        return (real.tensor - fake.tensor).softplus().mean()
    }
}

/// The matching-aware gradient penalty: weight · mean ‖(∇ₓD, ∇ₛD)‖⁶ on real pictures with their captions
/// (Tao et al. 2022, equation 2 with p = 6).
func matchingAwarePenalty(_ verdicts: Logits, images: ImageBatch, text: TextEmbedding, weight: Float) -> Tensor {
    let slopes = gradients(of: verdicts.tensor, withRespectTo: [images.tensor, text.tensor])
    let squares = slopes[0].squaredNorms() + slopes[1].squaredNorms()
    return (squares * squares * squares).mean() * weight
}

/// R1 or R2: ½ · weight · mean ‖∇ₓD‖² (Mescheder et al. 2018, equation 9).
func zeroCenteredPenalty(_ verdicts: Logits, images: ImageBatch, weight: Float) -> Tensor {
    gradients(of: verdicts.tensor, withRespectTo: [images.tensor])[0].squaredNorms().mean() * (0.5 * weight)
}

extension Tensor {
    /// Σ x² of each element of the batch, [batch×1].
    fileprivate func squaredNorms() -> Tensor {
        (self * self).sum(along: Array(1..<shape.rank)).reshaped([shape[0], 1])
    }
}

/// Symmetric InfoNCE: each picture against all sentences and each sentence against all pictures of the batch.
/// - Parameters:
///   - images, sentences: unit vectors [n×d] in the same order.
///   - scale: the inverse temperature, [1].
///   - mask: added to the scores, [n×n]: very negative where a pair is of one class or of near-equal captions and so
///     is no mismatch; 0 elsewhere and on the diagonal.
func contrastiveLoss(images: Tensor, sentences: Tensor, scale: Tensor, mask: Tensor) -> Tensor {
    let scores = images.matmul(sentences, otherTransposed: true) * scale
    let matching = (images * sentences).sum(along: [1]) * scale
    let masked = scores + mask
    let byImage = masked.logSumExp() - matching
    let bySentence = masked.transposed([1, 0]).logSumExp() - matching
    return (byImage + bySentence).mean() * 0.5
}
