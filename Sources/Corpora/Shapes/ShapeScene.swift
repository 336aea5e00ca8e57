import RandomStreams

/// The contents of one image of the shapes corpus: a background and one or two coloured shapes.
///
/// A scene is a pure function of a seed and an index.
struct ShapeScene: Sendable {
    /// The colours of shapes and backgrounds, chosen to be distinguishable by eye and by distance in RGB.
    enum Color: String, CaseIterable, Sendable {
        case red, orange, yellow, green, blue, purple, pink, brown
        case white, gray, black

        /// The colours of shapes; the others are used for backgrounds only.
        static let ofShapes = Array(allCases.prefix(8))

        var rgb: SIMD3<UInt8> {
            switch self {
            case .red: [220, 30, 35]
            case .orange: [250, 140, 20]
            case .yellow: [250, 225, 40]
            case .green: [35, 150, 60]
            case .blue: [35, 85, 210]
            case .purple: [125, 50, 170]
            case .pink: [250, 150, 190]
            case .brown: [115, 70, 35]
            case .white: [255, 255, 255]
            case .gray: [150, 150, 150]
            case .black: [15, 15, 15]
            }
        }
    }

    enum Size: CaseIterable, Sendable { case small, medium, big }

    enum Position: CaseIterable, Sendable { case left, right, top, bottom, center }

    struct Figure: Sendable {
        let outline: ShapeOutline
        let color: Color
        let size: Size
        let position: Position
        /// Centre and radius as fractions of the image's side, y downward.
        let center: SIMD2<Float>
        let radius: Float

        /// The name of its class, such as `red circle`.
        var name: String { "\(color.rawValue) \(outline.rawValue)" }

        /// Whether its combination of colour and outline is held out from training. One in eight is: each colour and
        /// each outline once, so that training sees all words of a held-out caption in other combinations.
        var isHeldOut: Bool {
            let color = Color.ofShapes.firstIndex(of: color) ?? 0
            let outline = ShapeOutline.allCases.firstIndex(of: outline) ?? 0
            return (3 * color + outline) % 8 == 0
        }
    }

    let background: Color
    /// One figure, or two: side by side, the left one first, or one above the other, the upper one first.
    let figures: [Figure]

    /// Draws the scene from a stream.
    init(_ stream: inout RandomStream) {
        let colors = ShapeScene.draw(Color.ofShapes, 2, &stream)
        let outlines = ShapeScene.draw(ShapeOutline.allCases, 2, &stream)
        let places: [Position]
        if stream.index(below: 4) == 0 {
            places = stream.index(below: 2) == 0 ? [.left, .right] : [.top, .bottom]
        } else {
            places = [Position.allCases[stream.index(below: 5)]]
        }
        // Two figures must be small enough not to touch.
        let sizes = places.count == 1 ? Size.allCases : [.small, .medium]
        figures = places.indices.map { index in
            let size = sizes[stream.index(below: sizes.count)]
            let radius: Float = size == .small ? 0.13 : size == .medium ? (places.count == 1 ? 0.2 : 0.19) : 0.29
            let jitter = SIMD2(stream.uniform(), stream.uniform()) * 0.04 - 0.02
            // As close to the border as the margin allows.
            let offset = places.count == 1 ? 0.47 - radius : 0.25
            let direction: SIMD2<Float> =
                switch places[index] {
                case .left: [-1, 0]
                case .right: [1, 0]
                case .top: [0, -1]
                case .bottom: [0, 1]
                case .center: [0, 0]
                }
            return Figure(
                outline: outlines[index], color: colors[index], size: size, position: places[index],
                center: 0.5 + direction * offset + jitter, radius: radius)
        }
        let used = figures.map(\.color)
        let free = Color.allCases.filter { !used.contains($0) }
        background = free[stream.index(below: free.count)]
    }

    /// `test` if any figure is held out, else `train`.
    var split: String { figures.contains(where: \.isHeldOut) ? "test" : "train" }

    /// `red circle`, or `red circle and blue square`.
    var className: String { figures.map(\.name).joined(separator: " and ") }

    /// Draws `count` different elements of `choices`.
    static func draw<Element>(_ choices: [Element], _ count: Int, _ stream: inout RandomStream) -> [Element] {
        var rest = choices
        return (0..<count).map { _ in rest.remove(at: stream.index(below: rest.count)) }
    }
}
