import CPUBackend
import FoundationEssentials
import Images
import Inference
import Models
import Networks
import TestSupport
import Testing
import TinyModels

private let device = CPUDevice(library: .openBLAS, threads: 1, precision: .float32)

/// Damaged model files are refused in one line, or they make an image.
@Suite struct ModelFuzzTests {
    @Test func damagedModelsAreRefusedOrUsable() throws {
        try readDamaged(write: tinyModel().write) { path in
            let generator = try ImageGenerator(Model(contentsOf: path), device: device)
            let images = try generator.generate([GenerationRequest(prompt: "a red circle", seed: 1)])
            #expect(images.count == 1 && images[0].width == images[0].height)
        }
    }

    @Test func damagedTranslatorsAreRefusedOrUsable() throws {
        let network = TranslatorConfiguration(kind: .uNet, width: 4, maximumWidth: 8, blocks: 1, halvings: 2)
        let source = Image(width: 16, height: 16, color: .white)
        try readDamaged(write: tinyTranslationModel(network).write) { path in
            let translator = try ImageTranslator(TranslationModel(contentsOf: path), device: device)
            let images = try translator.translate([source])
            #expect(images.count == 1 && images[0].width == 16 && images[0].height == 16)
        }
    }

    /// Reads damaged copies of a file: damaged anywhere, or in the header, whose length then fits.
    private func readDamaged(write: (String) throws -> Void, read: (String) throws -> Void) throws {
        var (usable, refused) = (0, 0)
        try withTemporaryFolder { (folder: String) throws in
            let path = folder + "/model.safetensors"
            try write(path)
            let file = [UInt8](try Data(contentsOf: URL(filePath: path)))
            let length = (0..<8).reduce(0) { $0 | Int(file[$1]) << (8 * $1) }
            let header = Array(file[8..<8 + length])
            for number in 0..<fuzzCount {
                var mutator = Mutator(seed: 15, number: number)
                if mutator.coin() {
                    try put(mutator.damaged([file]), path)
                } else {
                    let damaged = mutator.damaged([header])
                    try put(
                        (0..<8).map { UInt8(damaged.count >> (8 * $0) & 0xFF) } + damaged + file[(8 + length)...], path)
                }
                if let message = complaint({ try read(path) }) {
                    refused += 1
                    #expect(message.contains(path) && !message.contains("\n"), "\(message)")
                } else {
                    usable += 1
                }
            }
        }
        #expect(usable > fuzzCount / 20 && refused > fuzzCount / 4, "\(usable) usable, \(refused) refused")
    }
}

/// Images with damaged texts are an error, a request or neither, but never a trap.
@Suite struct MetadataFuzzTests {
    @Test func damagedTextsAreRefusedOrRead() throws {
        let request = GenerationRequest(
            prompt: "a 花", seed: 1, truncation: 0.5, promptBlend: Blend(toward: "b", fraction: 0.5),
            seedBlend: Blend(toward: 2, fraction: 0.5))
        let png = try Image(width: 2, height: 2, color: .white).pngData(
            text: ImageMetadata(request: request, model: "m").pngText)
        for number in 0..<fuzzCount {
            var mutator = Mutator(seed: 14, number: number)
            guard let texts = try? Image.pngText(in: mutator.damaged([png])) else { continue }
            let found = ImageMetadata(pngText: texts)
            #expect(found.map { $0.request.truncation > GenerationRequest.leastTruncation } ?? true)
        }
    }
}
