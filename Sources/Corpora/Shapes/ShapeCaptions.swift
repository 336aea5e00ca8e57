import RandomStreams

/// The grammar of the captions of the shapes corpus.
///
/// Every caption is true and names the colour and the outline of every figure. Some also name size, position or
/// background, in varying words.
enum ShapeCaptions {
    /// Two or three different captions of a scene.
    static func draw(_ scene: ShapeScene, _ stream: inout RandomStream) -> [String] {
        let count = 2 + stream.index(below: 2)
        let forms: [(inout RandomStream) -> String] =
            scene.figures.count == 1
            ? single(scene.figures[0], scene.background) : double(scene.figures, scene.background)
        return ShapeScene.draw(forms, count, &stream).map { $0(&stream) }
    }

    private static func single(
        _ figure: ShapeScene.Figure, _ background: ShapeScene.Color
    ) -> [(inout RandomStream) -> String] {
        let plain = "\(article(figure.name))"
        return [
            { "\(sized(figure, &$0)) \(on(background, &$0))" },
            { "\(sized(figure, &$0)) \(place(figure.position, &$0))" },
            { "\(plain) \(place(figure.position, &$0)) of \(article(background.rawValue)) picture" },
            { "\(choose(["a picture of", "there is", "an image of"], &$0)) \(plain) \(on(background, &$0))" },
            { "\(article(background.rawValue)) background with \(sized(figure, &$0)) \(place(figure.position, &$0))" },
        ]
    }

    private static func double(
        _ figures: [ShapeScene.Figure], _ background: ShapeScene.Color
    ) -> [(inout RandomStream) -> String] {
        let beside = figures[0].position == .left
        let (first, second) = (article(figures[0].name), article(figures[1].name))
        return [
            { "\(first) and \(second) \(on(background, &$0))" },
            { "\(first) \(choose(beside ? ["left of", "to the left of"] : ["above", "over"], &$0)) \(second)" },
            { "\(second) \(choose(beside ? ["right of", "to the right of"] : ["below", "under"], &$0)) \(first)" },
            { "\(sized(figures[0], &$0)) and \(sized(figures[1], &$0))" },
            { "\(article(background.rawValue)) background with \(sized(figures[0], &$0)) and \(second)" },
        ]
    }

    private static func sized(_ figure: ShapeScene.Figure, _ stream: inout RandomStream) -> String {
        let words: [String] =
            switch figure.size {
            case .small: ["small", "little", "tiny"]
            case .medium: ["medium", "medium-sized"]
            case .big: ["big", "large"]
            }
        return article("\(choose(words, &stream)) \(figure.name)")
    }

    private static func place(_ position: ShapeScene.Position, _ stream: inout RandomStream) -> String {
        switch position {
        case .left: choose(["at the left", "on the left side"], &stream)
        case .right: choose(["at the right", "on the right side"], &stream)
        case .top: choose(["at the top", "in the upper half"], &stream)
        case .bottom: choose(["at the bottom", "in the lower half"], &stream)
        case .center: choose(["in the center", "in the middle"], &stream)
        }
    }

    private static func on(_ background: ShapeScene.Color, _ stream: inout RandomStream) -> String {
        let words = background.rawValue
        return choose(["on \(article(words)) background", "on \(words)", "in front of \(words)"], &stream)
    }

    private static func article(_ words: String) -> String { (words.hasPrefix("orange") ? "an " : "a ") + words }

    private static func choose(_ words: [String], _ stream: inout RandomStream) -> String {
        words[stream.index(below: words.count)]
    }
}
