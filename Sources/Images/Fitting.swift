/// How an image that is not square is made square.
public enum AspectMode: String, Sendable, CaseIterable, Codable {
    /// Crop to the largest centred square.
    case crop
    /// Scale the whole image, and centre it on a background.
    case pad
    /// Scale both sides independently; the aspect ratio changes.
    case stretch
}

extension Image {
    /// The image as a square of `side` pixels.
    ///
    /// An odd difference puts the centre half a pixel closer to the top left.
    ///
    /// - Parameters:
    ///   - side: width and height in pixels.
    ///   - aspect: how an image that is not square is made square.
    ///   - filter: the resampling filter.
    ///   - background: the colour around a padded image.
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

    /// The image centred on a square, which must not be smaller.
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
