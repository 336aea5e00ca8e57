import Graphs

/// Symmetric InfoNCE: each image against all sentences and each sentence against all images of the batch.
/// - Parameters:
///   - images, sentences: unit vectors [n×d] in the same order.
///   - scale: the inverse temperature, [1].
///   - mask: added to the scores, [n×n]: very negative for pairs of one class or of near-equal captions, which are no
///     negatives; 0 elsewhere and on the diagonal.
func contrastiveLoss(images: Tensor, sentences: Tensor, scale: Tensor, mask: Tensor) -> Tensor {
    let scores = images.matmul(sentences, otherTransposed: true) * scale
    let matching = (images * sentences).sum(along: [1]) * scale
    let masked = scores + mask
    let byImage = masked.logSumExp() - matching
    let bySentence = masked.transposed([1, 0]).logSumExp() - matching
    return (byImage + bySentence).mean() * 0.5
}

/// Cross-entropy of a linear classifier, averaged over vectors.
/// - Parameters:
///   - vectors: [n×d].
///   - weights: of the classifier, [classes×d].
///   - classes: [n×classes], 1 at the class of each vector and 0 elsewhere; a vector whose row is 0 has no class and no loss.
func classLoss(_ vectors: Tensor, weights: Tensor, classes: Tensor) -> Tensor {
    let scores = vectors.matmul(weights, otherTransposed: true)
    return (scores.logSumExp() * classes.sum(along: [1]) - (scores * classes).sum(along: [1])).mean()
}
