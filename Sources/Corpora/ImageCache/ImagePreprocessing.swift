import Images

/// Where images are cropped.
public enum CropMode: String, Sendable, CaseIterable, Codable {
    /// At the centre, the same every time.
    case center
    /// At a random position, drawn again for every use of the image.
    case random
}

/// How images of any size are converted to the squares that training uses.
public struct ImagePreprocessing: Sendable, Equatable {
    /// Width and height of the squares, in pixels.
    public let side: Int
    /// How images that are not square are made square.
    public let aspect: AspectMode
    /// Where images are cropped.
    public let crop: CropMode
    /// For random crops: images are resized so that their shorter side is `side · (1 + margin)`, rounded up; 0 for
    /// centre crops.
    public let margin: Float

    /// - Parameters:
    ///   - side: at least 1.
    ///   - margin: 0...1.
    public init(side: Int, aspect: AspectMode = .crop, crop: CropMode = .center, margin: Float = 0.125) {
        precondition(side > 0, "images need a positive side")
        precondition((0...1).contains(margin), "the margin is a fraction")
        self.side = side
        self.aspect = aspect
        self.crop = crop
        self.margin = crop == .random ? margin : 0
    }

    /// The shorter side of a preprocessed image, in pixels.
    var shortSide: Int { side + Int((Float(side) * margin).rounded(.up)) }
    /// Maximum length of its longer side: images more elongated than 2:1 are cropped.
    var longSide: Int { crop == .random && aspect == .crop ? 2 * shortSide : shortSide }
    /// Whether all preprocessed images are `side × side`.
    var hasOneSize: Bool { shortSide == side && longSide == side }
    /// Whether this is a possible size of a preprocessed image.
    func allows(_ size: PreparedImage.Size) -> Bool {
        min(size.width, size.height) == shortSide && max(size.width, size.height) <= longSide
    }
    /// Size of the largest preprocessed image in bytes.
    var capacity: Int { shortSide * longSide * 3 }

    /// Converts an image to its cached form: `side × side`, or larger by the margin for random crops.
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
