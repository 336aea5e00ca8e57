/// An image to draw on.
package struct Canvas {
    /// Width in pixels.
    package let width: Int
    /// Height in pixels.
    package let height: Int
    private var pixels: [UInt8]

    /// A canvas filled with one colour; width and height must be positive.
    package init(width: Int, height: Int, color: RGB) {
        (self.width, self.height) = (width, height)
        pixels = Image(width: width, height: height, color: color).pixels
    }

    /// The drawn image.
    package var image: Image { Image(width: width, height: height, pixels: pixels) }

    /// Fills a rectangle, clipped to the canvas.
    mutating func fill(x: Int, y: Int, width: Int, height: Int, color: RGB) {
        let columns = max(x, 0)..<max(min(x + width, self.width), max(x, 0))
        for row in max(y, 0)..<max(min(y + height, self.height), max(y, 0)) {
            for column in columns {
                let offset = (row * self.width + column) * 3
                pixels[offset] = color.red
                pixels[offset + 1] = color.green
                pixels[offset + 2] = color.blue
            }
        }
    }

    /// Draws an image with its top left corner at (x, y); it must fit.
    mutating func put(_ image: Image, x: Int, y: Int) {
        for row in 0..<image.height {
            let to = ((y + row) * width + x) * 3
            let from = row * image.width * 3
            pixels.replaceSubrange(to..<to + image.width * 3, with: image.pixels[from..<from + image.width * 3])
        }
    }
}
