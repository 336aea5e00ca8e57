/// How an image that is not square becomes one.
public enum AspectMode: String, Sendable, CaseIterable, Codable {
    /// Its largest centred square; what lies outside is lost.
    case crop
    /// The whole image, centred on a background.
    case pad
    /// The whole image, its proportions not kept.
    case stretch
}

extension Image {
    /// The image as a square of `side` pixels.
    ///
    /// What cannot be centred exactly is half a pixel nearer to the top left.
    ///
    /// - Parameter background: what lies beside a padded image.
    /// - Precondition: `side` is positive.
    public func fitted(
        side: Int, aspect: AspectMode, filter: ResizeFilter = .bicubic, background: RGB = .white
    ) -> Image {
        precondition(side > 0, "an image has at least one pixel")
        switch aspect {
        case .crop:
            let length = min(width, height)
            return resized(
                x: (width - length) / 2, y: (height - length) / 2, width: length, height: length, to: (side, side),
                filter)
        case .pad:
            let longer = max(width, height)
            func scaled(_ length: Int) -> Int { max((length * side + longer / 2) / longer, 1) }
            let part = resized(width: scaled(width), height: scaled(height), filter: filter)
            return part.width == side && part.height == side ? part : part.centered(side: side, on: background)
        case .stretch:
            return resized(width: side, height: side, filter: filter)
        }
    }

    /// The image in the middle of a square that is not smaller.
    private func centered(side: Int, on background: RGB) -> Image {
        var square = Image(width: side, height: side, color: background)
        let (left, top) = ((side - width) / 2, (side - height) / 2)
        for row in 0..<height {
            let to = ((top + row) * side + left) * 3
            square.pixels.replaceSubrange(
                to..<to + width * 3, with: pixels[row * width * 3..<(row + 1) * width * 3])
        }
        return square
    }
}
