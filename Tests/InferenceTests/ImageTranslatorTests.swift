import CPUBackend
import Images
import Inference
import Models
import Networks
import RandomStreams
import Testing
import TinyModels

@Suite struct ImageTranslatorTests {
    private static let uNet = TranslatorConfiguration(
        kind: .uNet, width: 4, maximumWidth: 8, blocks: 1, halvings: 1, normalization: .none, isResidual: true)
    private static let resNet = TranslatorConfiguration(
        kind: .resNet, width: 4, maximumWidth: 8, blocks: 1, halvings: 2, normalization: .instance)
    private let device = CPUDevice(library: .openBLAS, precision: .float32)

    /// Smooth waves with some noise.
    private func picture(_ width: Int, _ height: Int, seed: UInt64 = 1) -> Image {
        var stream = RandomStream(seed: seed, purpose: "picture")
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                for channel in 0..<3 {
                    let wave = (x * (channel + 1) + 2 * y + Int(seed) * 40) % 120
                    pixels.append(UInt8(abs(wave - 60) * 3 + Int(stream.uniform() * 40)))
                }
            }
        }
        return Image(width: width, height: height, pixels: pixels)
    }

    private func largestDifference(_ a: Image, _ b: Image) -> Int {
        #expect(a.width == b.width && a.height == b.height)
        return zip(a.pixels, b.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
    }

    /// Without normalization, tiles join without a seam, in networks of either kind.
    @Test(arguments: [TranslatorKind.uNet, .resNet])
    func tilesGiveThePixelsOfTheWholeImage(kind: TranslatorKind) throws {
        var network = Self.uNet
        network.kind = kind
        let model = try tinyTranslationModel(network)
        let image = picture(237, 151)
        let whole = try ImageTranslator(model, device: device).translate([image])[0]
        let tiled = try ImageTranslator(model, device: device, largestArea: 110 * 110)
        var calls: [[Int]] = []
        let result = try tiled.translate([image]) { calls.append([$0, $1]) }[0]
        let total = try #require(calls.last?[1])
        #expect(total >= 4 && calls.last?[0] == total, "\(calls)")
        #expect(largestDifference(result, whole) <= 1)
        #expect(largestDifference(whole, image) > 10)
    }

    /// With instance normalization, each tile is as if it were an image of its own, and one changes gradually into the next.
    @Test func tilesOfANormalizedNetworkAreBlended() throws {
        let (image, model) = (picture(480, 32), try tinyTranslationModel(Self.resNet))
        let result = try ImageTranslator(model, device: device, largestArea: 320 * 32).translate([image])[0]
        let plan = TilePlan(
            width: 480, height: 32, multiple: 4, margin: Self.resNet.reach, ramp: 64, area: 320 * 32
        ).columns
        #expect(plan.starts.count == 2)
        let whole = try ImageTranslator(model, device: device)
        let parts = try plan.starts.map {
            try whole.translate([image.cropped(x: $0, y: 0, width: plan.tile, height: 32)])[0]
        }
        var differences = (mixed: 0, tiles: 0)
        for index in result.pixels.indices {
            let x = index / 3 % 480
            let values = plan.starts.indices.filter { (0..<plan.tile).contains(x - plan.starts[$0]) }.map { tile in
                let position = x - plan.starts[tile]
                let pixel = parts[tile].pixels[(index / 1440 * plan.tile + position) * 3 + index % 3]
                return (value: Float(pixel), weight: plan.weights(ofTile: tile)[position])
            }
            let mixed = values.reduce(0) { $0 + $1.value * $1.weight }
            differences.mixed = max(differences.mixed, Int(abs(mixed - Float(result.pixels[index])).rounded()))
            differences.tiles = max(differences.tiles, Int(abs(values[0].value - values[values.count - 1].value)))
        }
        #expect(differences.mixed <= 1 && differences.tiles > 4, "\(differences)")
    }

    @Test func anyOrderAndBatchGivesTheSameImages() throws {
        let translator = try ImageTranslator(try tinyTranslationModel(Self.uNet), device: device)
        let sizes = [(16, 16), (17, 9), (16, 16), (1, 1), (17, 10), (3, 40), (16, 16)]
        let images = sizes.enumerated().map { picture($1.0, $1.1, seed: UInt64($0)) }
        let together = try translator.translate(images)
        #expect(together.map { [$0.width, $0.height] } == sizes.map { [$0.0, $0.1] })
        for (image, result) in zip(images, together) {
            #expect(largestDifference(try translator.translate([image])[0], result) <= 1)
        }
        #expect(try translator.translate([]).isEmpty)
        let many = (0..<37).map { picture(16, 16, seed: UInt64($0)) }
        let results = try translator.translate(many)
        #expect(largestDifference(try translator.translate([many[36]])[0], results[36]) <= 1)
        #expect(largestDifference(results[35], results[36]) > 10)
    }

    /// The smallest images have a mirror image at the lowest resolution.
    @Test(arguments: [(1, 1), (2, 1), (5, 3), (1, 30)])
    func smallImages(width: Int, height: Int) throws {
        let translator = try ImageTranslator(try tinyTranslationModel(Self.resNet), device: device)
        let result = try translator.translate([picture(width, height)])[0]
        #expect(result.width == width && result.height == height)
    }

    @Test func theOtherDirectionHasItsOwnWeights() throws {
        let model = try tinyTranslationModel(Self.uNet, hasReverse: true)
        let image = picture(16, 16)
        let forward = try ImageTranslator(model, device: device).translate([image])[0]
        let back = try ImageTranslator(model, isReverse: true, device: device).translate([image])[0]
        #expect(largestDifference(forward, back) > 10)
        let oneWay = try tinyTranslationModel(Self.uNet)
        #expect(throws: ModelError.self) { try ImageTranslator(oneWay, isReverse: true, device: device) }
    }

    @Test func damagedWeightsAreRefused() throws {
        let model = try tinyTranslationModel(Self.uNet)
        var arrays = model.arrays
        let path = "translator.output.bias"
        let bias = try #require(arrays[path])
        arrays[path] = (bias.shape, bias.values.map { _ in Float.nan })
        let damaged = TranslationModel(configuration: model.configuration, arrays: arrays)
        let translator = try ImageTranslator(damaged, device: device)
        #expect(throws: ModelError.self) { try translator.translate([picture(16, 16)]) }
        arrays[path] = nil
        let partial = TranslationModel(configuration: model.configuration, arrays: arrays)
        #expect(throws: (any Error).self) { try ImageTranslator(partial, device: device) }
        var sentences = Self.uNet
        sentences.condition = 8
        #expect(throws: ModelError.self) { try ImageTranslator(try tinyTranslationModel(sentences), device: device) }
    }
}
