/// The outlines of the shapes corpus, as point tests about the origin with y downward; each has a radius of about 1.
enum ShapeOutline: String, CaseIterable, Sendable {
    case circle, square, triangle, star, diamond, ring, cross, heart

    /// Whether the point is inside.
    func contains(_ x: Float, _ y: Float) -> Bool {
        switch self {
        case .circle:
            x * x + y * y <= 1
        case .square:
            max(abs(x), abs(y)) <= 0.82
        case .triangle:
            y <= 0.75 && abs(x) <= 0.57 * (y + 1)
        case .star:
            ShapeOutline.starContains(x, y)
        case .diamond:
            1.4 * abs(x) + abs(y) <= 1
        case .ring:
            (0.3...1).contains(x * x + y * y)
        case .cross:
            min(abs(x), abs(y)) <= 0.3 && max(abs(x), abs(y)) <= 0.95
        case .heart:
            ShapeOutline.heartContains(1.2 * x, 0.15 - 1.2 * y)
        }
    }

    /// The inside of the sextic (x² + y² − 1)³ = x² y³, y upward.
    private static func heartContains(_ x: Float, _ y: Float) -> Bool {
        let body = x * x + y * y - 1
        return body * body * body <= x * x * y * y * y
    }

    /// A pentagram: a point is inside if it is on the outer side of at most one of the five lines through the edges.
    private static func starContains(_ x: Float, _ y: Float) -> Bool {
        starNormals.count { $0.x * x + $0.y * y > starInner } <= 1
    }

    /// cos 72°: the distance of the pentagram's lines from its centre, if the tips have distance 1.
    private static let starInner: Float = 0.309_017
    /// Outward unit normals of the lines, 72° apart; the first line joins the two upper side tips.
    private static let starNormals: [SIMD2<Float>] = [
        [0, -1], [0.951_056_5, -0.309_017], [0.587_785_25, 0.809_017],
        [-0.587_785_25, 0.809_017], [-0.951_056_5, -0.309_017],
    ]
}
