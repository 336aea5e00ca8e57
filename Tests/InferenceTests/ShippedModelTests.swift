import CPUBackend
import Execution
import Foundation
import Images
import Inference
import Models
import Testing

/// The pixels of the model that ships: what a change of the code beneath must leave as it is.
///
/// The golden images were made by `limn generate` on a processor with AVX-512, with OpenBLAS in float32. Sums are taken
/// in another order where vectors have another length, so that a value that lies between two levels may be rounded to
/// either. `scripts/pixel-digests` compares bit for bit, on one machine.
@Suite struct ShippedModelTests {
    private static let requests = [
        GenerationRequest(prompt: "a flower with purple petals and a yellow center", seed: 0),
        GenerationRequest(prompt: "this flower is white with long thin petals", seed: 2),
        GenerationRequest(prompt: "a red rose", seed: 3),
        GenerationRequest(prompt: "the petals are bright orange with dark spots", seed: 4),
    ]

    /// How the pixels that a device makes differ from the golden ones: largest difference in levels of 255, and which
    /// share of all samples differs.
    private func difference(_ device: CPUDevice) throws -> (levels: Int, share: Double) {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let model = try Model(contentsOf: root + "/models/flowers-64.safetensors")
        let images = try ImageGenerator(model, device: device).generate(Self.requests)
        var differences: [Int] = []
        for (index, image) in images.enumerated() {
            let golden = try Image(contentsOf: Bundle.module.bundlePath + "/Golden/flower-\(index).png")
            try #require(image.width == golden.width && image.height == golden.height)
            differences += zip(image.pixels, golden.pixels).map { abs(Int($0) - Int($1)) }
        }
        let share = Double(differences.count { $0 > 0 }) / Double(differences.count)
        return (differences.max() ?? 0, share)
    }

    /// OpenBLAS's kernels for other processors were measured to change 3 in 100,000 samples by one level.
    @Test(arguments: [1, 2]) func openBLASMakesTheGoldenPixels(threads: Int) throws {
        let found = try difference(CPUDevice(library: .openBLAS, threads: threads, precision: .float32))
        #expect(found.levels <= 1 && found.share < 1e-3, "\(found)")
    }

    /// Whatever is the default here: oneDNN, and bfloat16 where the processor multiplies it, which rounds to 8 bits.
    /// Measured: a quarter of all samples, by 6 levels at most.
    @Test func theDefaultDeviceComesClose() throws {
        let found = try difference(CPUDevice())
        #expect(found.levels <= 16 && found.share < 0.5, "\(found)")
    }
}
