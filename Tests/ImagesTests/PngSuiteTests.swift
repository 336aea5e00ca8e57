import Foundation
import Images
import Testing

/// Willem van Schaik's suite; see PngSuite/README.md. Expected values are from scripts/golden/pngsuite.py.
@Suite struct PngSuite {
    static let folder = Bundle.module.bundlePath + "/PngSuite"

    static func files(broken: Bool) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            .filter { $0.hasSuffix(".png") && $0.hasPrefix("x") == broken }
    }

    @Test(arguments: [("white", RGB.white), ("blue", RGB(20, 60, 200))])
    func everyGoodFileShowsWhatItShould(name: String, background: RGB) throws {
        let files = try Self.files(broken: false)
        #expect(files.count == 160)
        let sheet = try Image(contentsOf: "\(Self.folder)/expected/over-\(name).png")
        for (index, file) in files.enumerated() {
            let image = try Image(contentsOf: "\(Self.folder)/\(file)", background: background)
            let expected = sheet.cropped(
                x: index % 13 * 40, y: index / 13 * 40, width: image.width, height: image.height)
            // libpng applies gamma through 8-bit tables, which round; without gamma, results are exact.
            let hasGamma = !file.hasPrefix("f") && !file.hasPrefix("z") && !file.hasPrefix("tm")
            #expect(try #require(distance(image, expected)) <= (hasGamma ? 2 : 0), "\(file)")
        }
    }

    @Test func everyBrokenFileIsRefused() throws {
        let files = try Self.files(broken: true)
        #expect(files.count == 14)
        for file in files {
            let path = "\(Self.folder)/\(file)"
            let error = #expect(throws: ImageError.self, "\(file)") { try Image(contentsOf: path) }
            #expect(error?.description.hasPrefix("\(path): ") == true)
        }
    }

    @Test func sizesAreReadFromHeaders() throws {
        for file in try Self.files(broken: false) {
            let path = "\(Self.folder)/\(file)"
            let (image, bytes) = (try Image(contentsOf: path), [UInt8](try Data(contentsOf: URL(filePath: path))))
            #expect(try Image.size(of: bytes, named: file) == (image.width, image.height), "\(file)")
        }
    }
}
