extension Image {
    /// Maximum width and height of an image file in pixels.
    package static let maximumSide = 32768
    /// Maximum number of pixels of an image that is decoded at full size: 192 MB as RGB.
    package static let maximumPixels = 64_000_000
    /// Maximum number of pixels of an image that is decoded reduced, row by row.
    static let maximumReducedPixels = 200_000_000
}

/// Checks the size in an image's header against the limits.
///
/// - Parameters:
///   - kind: the kind of images that the limit is for, in the plural.
///   - limit: maximum number of pixels.
/// - Throws: ``ImageError/tooLarge(name:width:height:kind:limit:)``, or
///   ``ImageError/damaged(name:format:reason:)`` if a side is 0.
func checkSize(
    width: Int, height: Int, format: ImageFormat, name: String, kind: String? = nil, limit: Int = Image.maximumPixels
) throws {
    guard width > 0, height > 0 else {
        throw ImageError.damaged(name: name, format: format, reason: "it claims \(width)×\(height) pixels")
    }
    guard width <= Image.maximumSide, height <= Image.maximumSide, width * height <= limit else {
        throw ImageError.tooLarge(
            name: name, width: width, height: height, kind: kind ?? "\(format.rawValue) images", limit: limit)
    }
}

/// The factor, 1, 2, 4 or 8, by which a decoder that can do so reduces an image: the largest that keeps the shorter
/// side at least twice as long as `side`. An image of more than ``Image/maximumPixels`` is reduced at least by two.
///
/// - Throws: ``ImageError/tooLarge(name:width:height:kind:limit:)`` if such an image is wanted at full size.
func reduction(of width: Int, _ height: Int, toAtLeast side: Int?, format: ImageFormat, name: String) throws -> Int {
    guard let side else {
        try checkSize(width: width, height: height, format: format, name: name, kind: "images at full size")
        return 1
    }
    let factor = [8, 4, 2].first { min(width, height) / $0 / 2 >= side } ?? 1
    return width * height > Image.maximumPixels ? max(factor, 2) : factor
}
