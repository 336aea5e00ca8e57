import Foundation
import Images

// The files in Reference/ were written by scripts/golden/images.py with Pillow.

private let folder = Bundle.module.bundlePath + "/Reference"

private func contents(_ name: String) -> [UInt8] {
    [UInt8](FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data())
}

/// The image in a binary PPM file: three header lines, then 8-bit RGB.
private func image(_ name: String) -> Image {
    let parts = contents(name).split(separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
    let size = parts[1].split(separator: UInt8(ascii: " ")).compactMap { Int(String(decoding: $0, as: UTF8.self)) }
    return Image(width: size[0], height: size[1], pixels: Array(parts[3]))
}

/// An encoded file and the expected image.
struct ReferenceFile: Sendable {
    let bytes: [UInt8]
    let image: Image

    private init(_ name: String, _ fileExtension: String) {
        bytes = contents("\(name).\(fileExtension)")
        image = ImagesTests.image("\(name).ppm")
    }

    static let rgbPNG = ReferenceFile("rgbPNG", "png")
    static let interlacedPNG = ReferenceFile("interlacedPNG", "png")
    static let lateTextPNG = ReferenceFile("lateTextPNG", "png")
    static let palettePNG = ReferenceFile("palettePNG", "png")
    static let transparentPalettePNG = ReferenceFile("transparentPalettePNG", "png")
    static let alphaPNG = ReferenceFile("alphaPNG", "png")
    static let alphaPNGOverBlue = ReferenceFile("alphaPNGOverBlue", "png")
    static let bombPNG = ReferenceFile("bombPNG", "png")
    static let oneBitPNG = ReferenceFile("oneBitPNG", "png")
    static let greyAlphaPNG = ReferenceFile("greyAlphaPNG", "png")
    static let deepPNG = ReferenceFile("deepPNG", "png")
    static let deepTransparentPNG = ReferenceFile("deepTransparentPNG", "png")
    static let linearPNG = ReferenceFile("linearPNG", "png")
    static let jpeg = ReferenceFile("jpeg", "jpg")
    static let progressiveJPEG = ReferenceFile("progressiveJPEG", "jpg")
    static let greyJPEG = ReferenceFile("greyJPEG", "jpg")
    static let orientation1JPEG = ReferenceFile("orientation1JPEG", "jpg")
    static let orientation2JPEG = ReferenceFile("orientation2JPEG", "jpg")
    static let orientation3JPEG = ReferenceFile("orientation3JPEG", "jpg")
    static let orientation4JPEG = ReferenceFile("orientation4JPEG", "jpg")
    static let orientation5JPEG = ReferenceFile("orientation5JPEG", "jpg")
    static let orientation6JPEG = ReferenceFile("orientation6JPEG", "jpg")
    static let orientation7JPEG = ReferenceFile("orientation7JPEG", "jpg")
    static let orientation8JPEG = ReferenceFile("orientation8JPEG", "jpg")
    static let cmykJPEG = ReferenceFile("cmykJPEG", "jpg")
    static let plainCMYKJPEG = ReferenceFile("plainCMYKJPEG", "jpg")
    static let ycckJPEG = ReferenceFile("ycckJPEG", "jpg")
    static let quarterJPEG = ReferenceFile("quarterJPEG", "jpg")
    static let turnedQuarterJPEG = ReferenceFile("turnedQuarterJPEG", "jpg")
    static let losslessWebP = ReferenceFile("losslessWebP", "webp")
    static let alphaWebP = ReferenceFile("alphaWebP", "webp")
    static let lossyWebP = ReferenceFile("lossyWebP", "webp")
    static let alphaWebPOverBlue = ReferenceFile("alphaWebPOverBlue", "webp")
    static let lossyAlphaWebP = ReferenceFile("lossyAlphaWebP", "webp")
    static let animatedWebP = ReferenceFile("animatedWebP", "webp")
    static let animatedLossyAlphaWebP = ReferenceFile("animatedLossyAlphaWebP", "webp")
    static let animatedLosslessAlphaWebP = ReferenceFile("animatedLosslessAlphaWebP", "webp")
    static let paletteGIF = ReferenceFile("paletteGIF", "gif")
    static let interlacedGIF = ReferenceFile("interlacedGIF", "gif")
    static let transparentGIF = ReferenceFile("transparentGIF", "gif")
    static let transparentGIFOverBlue = ReferenceFile("transparentGIFOverBlue", "gif")
    static let animatedGIF = ReferenceFile("animatedGIF", "gif")
    static let rgbBMP = ReferenceFile("rgbBMP", "bmp")
    static let paletteBMP = ReferenceFile("paletteBMP", "bmp")
    static let oneBitBMP = ReferenceFile("oneBitBMP", "bmp")
    static let greyBMP = ReferenceFile("greyBMP", "bmp")
    static let rgbTIFF = ReferenceFile("rgbTIFF", "tif")
    static let lzwTIFF = ReferenceFile("lzwTIFF", "tif")
    static let deflateTIFF = ReferenceFile("deflateTIFF", "tif")
    static let paletteTIFF = ReferenceFile("paletteTIFF", "tif")
    static let faxTIFF = ReferenceFile("faxTIFF", "tif")
    static let cmykTIFF = ReferenceFile("cmykTIFF", "tif")
    static let alphaTIFF = ReferenceFile("alphaTIFF", "tif")
    static let alphaTIFFOverBlue = ReferenceFile("alphaTIFFOverBlue", "tif")
    static let bigTIFF = ReferenceFile("bigTIFF", "tif")
    static let jpegTIFF = ReferenceFile("jpegTIFF", "tif")
}

/// `referenceImage` resized.
struct ReferenceResize: Sendable {
    let from: (width: Int, height: Int)
    let filter: String
    let image: Image

    private static let sizes = [
        ((23, 17), (7, 5)), ((9, 7), (13, 12)), ((23, 17), (23, 4)), ((9, 7), (3, 10)), ((40, 3), (1, 1)),
        ((130, 97), (33, 25)), ((57, 41), (20, 33)), ((20, 15), (47, 39)), ((512, 384), (16, 12)), ((1, 1), (3, 2)),
    ]

    static let all = sizes.flatMap { from, to in
        ["box", "bilinear", "bicubic", "lanczos"].map { filter in
            ReferenceResize(
                from: from, filter: filter,
                image: ImagesTests.image("resize-\(from.0)x\(from.1)-\(to.0)x\(to.1)-\(filter).ppm"))
        }
    }
}
