import Graphs
import Layers
import Networks

/// The contrastive loss of CUT (Park et al. 2020, section 3, "PatchNCE"): each patch of a result must find the patch of the source at
/// its position among those of the same image.
struct PatchContrast {
    private static let temperature: Float = 0.07
    private static let hidden = 128
    private static let embedding = 64
    /// Positions that are compared per map and step.
    private static let positions = 256

    private let heads: [ProjectionHead]
    /// For each map the positions, int32.
    private let positions: [Tensor]

    /// - Parameters:
    ///   - scope: for the heads, one per map.
    ///   - maps: those that are compared, [batch, height, width, channels] each.
    init(_ scope: ParameterScope, maps: [Tensor]) {
        heads = maps.enumerated().map {
            ProjectionHead(
                scope / $0,
                ProjectionHeadConfiguration(
                    inputs: $1.shape[-1], hidden: PatchContrast.hidden, embedding: PatchContrast.embedding))
        }
        positions = maps.enumerated().map {
            scope.graph.input("positions.\($0)", [PatchContrast.count($1.shape[1] * $1.shape[2])], .int32)
        }
    }

    /// The number of positions compared in a map of `area` positions.
    static func count(_ area: Int) -> Int { min(positions, area) }

    /// The mean over maps and positions.
    func callAsFunction(results: [Tensor], sources: [Tensor]) -> Tensor {
        let terms = heads.indices.map { map in
            let query = vectors(results[map], map)
            let key = vectors(sources[map], map).stoppingGradient()
            let scores = query.matmul(key, otherTransposed: true) * (1 / PatchContrast.temperature)
            let own = (query * key).sum(along: [-1]) * (1 / PatchContrast.temperature)
            return (scores.logSumExp() - own).mean()
        }
        return terms.sum() * (1 / Float(terms.count))
    }

    /// Unit vectors of the drawn positions of a map, [batch×positions×embedding]. All images of a batch share the positions.
    private func vectors(_ map: Tensor, _ index: Int) -> Tensor {
        let (batch, area, channels) = (map.shape[0], map.shape[1] * map.shape[2], map.shape[3])
        let count = positions[index].shape[0]
        let drawn = map.reshaped([batch, area, channels]).transposed([1, 0, 2]).reshaped([area, batch * channels])
            .gathered(by: positions[index]).reshaped([count, batch, channels]).transposed([1, 0, 2])
        return heads[index](drawn.reshaped([batch * count, channels])).reshaped([
            batch, count, PatchContrast.embedding,
        ])
    }
}
