extension Image {
    /// Arranges images in rows on white, with `spacing` pixels between neighbours and no margin.
    ///
    /// - Precondition: there is at least one image, all have the same size, `columns > 0`, `spacing >= 0`.
    public static func grid(_ images: [Image], columns: Int, spacing: Int = 2) -> Image {
        precondition(!images.isEmpty && columns > 0 && spacing >= 0, "a grid has an image and a column")
        let (width, height) = (images[0].width, images[0].height)
        precondition(images.allSatisfy { $0.width == width && $0.height == height }, "a grid has images of one size")
        let columns = min(columns, images.count)
        let rows = (images.count + columns - 1) / columns
        let gridWidth = columns * (width + spacing) - spacing
        let gridHeight = rows * (height + spacing) - spacing

        var samples = [UInt8](repeating: 255, count: gridWidth * gridHeight * 3)
        for (index, image) in images.enumerated() {
            let left = index % columns * (width + spacing)
            let top = index / columns * (height + spacing)
            for y in 0..<height {
                let to = ((top + y) * gridWidth + left) * 3
                let from = y * width * 3
                samples.replaceSubrange(to..<to + width * 3, with: image.pixels[from..<from + width * 3])
            }
        }
        return Image(width: gridWidth, height: gridHeight, pixels: samples)
    }
}
