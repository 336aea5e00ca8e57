import Images
import Testing

/// The image of `image` in scripts/golden/images.py: ramps, an edge and a texture.
func referenceImage(width: Int, height: Int) -> Image {
    var pixels: [UInt8] = []
    for y in 0..<height {
        for x in 0..<width {
            pixels += [UInt8((x * 37 + y * 11) % 256), UInt8((x * y * 7 + 40) % 256), x * 2 > width + y ? 255 : 0]
        }
    }
    return Image(width: width, height: height, pixels: pixels)
}

extension Image {
    /// An image whose samples are 0, 1, 2, …
    static func counting(width: Int, height: Int) -> Image {
        Image(width: width, height: height, pixels: (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0) })
    }

    /// The red sample of a pixel.
    func red(_ x: Int, _ y: Int) -> UInt8 { pixels[(y * width + x) * 3] }
}

@Suite struct Resizing {
    static let filters = ["box": ResizeFilter.box, "bilinear": .bilinear, "bicubic": .bicubic, "lanczos": .lanczos]

    @Test(arguments: ReferenceResize.all)
    func equalsPillow(reference: ReferenceResize) throws {
        let resized = referenceImage(width: reference.from.width, height: reference.from.height).resized(
            width: reference.image.width, height: reference.image.height,
            filter: try #require(Self.filters[reference.filter])
        )
        #expect(resized == reference.image)
    }

    @Test(arguments: ResizeFilter.allCases)
    func oneColourStaysItself(filter: ResizeFilter) {
        let image = Image(width: 300, height: 41, color: RGB(255, 0, 77))
        #expect(
            image.resized(width: 64, height: 64, filter: filter) == Image(width: 64, height: 64, color: RGB(255, 0, 77))
        )
    }

    @Test func theSameSizeChangesNothing() {
        let image = noise(width: 8, height: 9)
        #expect(image.resized(width: 8, height: 9, filter: .lanczos) == image)
    }
}

@Suite struct Cutting {
    @Test func croppingReturnsTheRectangle() {
        let image = Image.counting(width: 5, height: 4)
        let part = image.cropped(x: 2, y: 1, width: 3, height: 2)
        #expect(part.width == 3 && part.height == 2)
        #expect(part.pixels == Array(21..<30) + Array(36..<45))
        #expect(image.cropped(x: 0, y: 0, width: 5, height: 4) == image)
    }

    @Test func anOddMarginPutsTheCentreCloserToTheTopLeft() {
        let wide = Image.counting(width: 7, height: 4)
        #expect(wide.fitted(side: 4, aspect: .crop) == wide.cropped(x: 1, y: 0, width: 4, height: 4))
        let tall = Image.counting(width: 2, height: 6)
        #expect(tall.fitted(side: 2, aspect: .crop) == tall.cropped(x: 0, y: 2, width: 2, height: 2))
    }

    @Test func mirroringExchangesLeftAndRight() {
        let image = Image(width: 3, height: 1, pixels: [1, 2, 3, 4, 5, 6, 7, 8, 9])
        #expect(image.mirrored().pixels == [7, 8, 9, 4, 5, 6, 1, 2, 3])
        let large = noise(width: 6, height: 5)
        #expect(large.mirrored().mirrored() == large)
    }
}

@Suite struct Fitting {
    @Test(arguments: [(9, 6), (6, 9), (5, 5)])
    func croppingResizesTheCentre(width: Int, height: Int) {
        let image = noise(width: width, height: height)
        let length = min(width, height)
        let center = image.cropped(x: (width - length) / 2, y: (height - length) / 2, width: length, height: length)
        for side in [3, 5, 6, 11] {
            #expect(image.fitted(side: side, aspect: .crop) == center.resized(width: side, height: side))
        }
    }

    @Test func paddingKeepsAndCentresTheWholeImage() {
        let image = noise(width: 20, height: 9)
        let red = RGB(200, 10, 20)
        let padded = image.fitted(side: 10, aspect: .pad, filter: .lanczos, background: red)
        // 4.5 rows are rounded up to 5, which leaves an odd remainder.
        #expect(
            padded.cropped(x: 0, y: 2, width: 10, height: 5)
                == image.resized(width: 10, height: 5, filter: .lanczos))
        #expect(padded.cropped(x: 0, y: 0, width: 10, height: 2) == Image(width: 10, height: 2, color: red))
        #expect(padded.cropped(x: 0, y: 7, width: 10, height: 3) == Image(width: 10, height: 3, color: red))
        #expect(padded.width == 10 && padded.height == 10)

        let line = noise(width: 1, height: 500).fitted(side: 7, aspect: .pad)
        #expect(line.width == 7 && line.height == 7)
        let square = noise(width: 8, height: 8)
        #expect(square.fitted(side: 8, aspect: .pad) == square)
    }

    @Test func stretchingIgnoresTheAspectRatio() {
        let image = noise(width: 20, height: 9)
        #expect(image.fitted(side: 6, aspect: .stretch) == image.resized(width: 6, height: 6))
    }
}

@Suite struct Colours {
    @Test(arguments: [("#14a0ff", RGB(20, 160, 255)), ("000000", .black), ("#FFFFFF", .white)])
    func areReadAndWritten(text: String, color: RGB) throws {
        #expect(RGB(text) == color)
        #expect(RGB(color.description) == color)
    }

    @Test(arguments: ["", "#", "#fff", "white", "#12345g", "+12345", "#1234567"])
    func otherTextsAreNone(text: String) {
        #expect(RGB(text) == nil)
    }
}

@Suite struct Grids {
    @Test func imagesStandRowByRowOnWhite() {
        let images = (1...5).map { Image(width: 2, height: 3, color: RGB(UInt8($0), 0, 0)) }
        let grid = Image.grid(images, columns: 3)
        #expect(grid.width == 2 * 3 + 2 * 2 && grid.height == 3 * 2 + 2)
        for y in 0..<grid.height {
            for x in 0..<grid.width {
                let (column, row) = (x / 4, y / 5)
                let isGap = x % 4 >= 2 || y % 5 >= 3 || (row == 1 && column == 2)
                #expect(grid.red(x, y) == (isGap ? 255 : UInt8(row * 3 + column + 1)))
            }
        }
    }

    @Test func fewImagesMakeANarrowGrid() {
        let image = Image.counting(width: 2, height: 2)
        #expect(Image.grid([image], columns: 8) == image)
        #expect(Image.grid([image, image], columns: 8, spacing: 0).width == 4)
    }
}
