import Images

/// Where the window lies that is cut out of a picture.
public enum PictureCrop: String, Sendable, CaseIterable, Codable {
    /// At the centre, the same each time.
    case center
    /// Anywhere, each time the picture is seen.
    case random
}

/// How pictures of any size become squares to train on.
public struct PictureForm: Sendable, Equatable {
    /// Width and height of the squares, in pixels.
    public let side: Int
    /// What becomes of pictures that are no squares.
    public let aspect: PictureAspect
    /// Where the window lies.
    public let crop: PictureCrop
    /// How much longer than `side` the shorter side of a picture is that windows are cut from, as a share of `side`;
    /// without effect on windows at the centre.
    public let margin: Float

    /// - Parameters:
    ///   - side: at least 1.
    ///   - margin: 0 to 1.
    public init(side: Int, aspect: PictureAspect = .crop, crop: PictureCrop = .center, margin: Float = 0.125) {
        precondition(side > 0, "pictures need a positive side")
        precondition((0...1).contains(margin), "the margin is a share")
        self.side = side
        self.aspect = aspect
        self.crop = crop
        self.margin = crop == .random ? margin : 0
    }

    /// The shorter side of a prepared picture.
    var shortSide: Int { side + Int((Float(side) * margin).rounded(.up)) }
    /// The longest that its longer side may be: that of pictures twice as long as high, of which longer ones are cut.
    var longSide: Int { crop == .random && aspect == .crop ? 2 * shortSide : shortSide }
    /// Whether all prepared pictures are squares of `side`.
    var hasOneSize: Bool { shortSide == side && longSide == side }
    /// Whether a prepared picture may have this size.
    func canBe(_ size: PreparedPicture.Size) -> Bool {
        min(size.width, size.height) == shortSide && max(size.width, size.height) <= longSide
    }
    /// Bytes of the largest prepared picture.
    var capacity: Int { shortSide * longSide * 3 }

    /// The picture as it is kept: of size `side` × `side`, or with a margin to cut random windows from.
    func prepare(_ image: Image) -> Image {
        let short = shortSide
        guard longSide > short, image.width != image.height else { return image.fitted(side: short, aspect: aspect) }
        let limit = 2 * min(image.width, image.height)
        let (width, height) = (min(image.width, limit), min(image.height, limit))
        let kept = image.cropped(
            x: (image.width - width) / 2, y: (image.height - height) / 2, width: width, height: height)
        func scaled(_ length: Int) -> Int {
            Int((Double(length) * Double(short) / Double(min(width, height))).rounded())
        }
        return kept.resized(width: scaled(width), height: scaled(height), filter: .bicubic)
    }
}
