import CPUBackend
import Execution
import Foundation
import Images
import Inference
import Models
import Testing
import TestSupport

/// The pixels of the model in the repository must not change.
///
/// The golden images are from `limn generate` on a processor with AVX-512, with OpenBLAS in float32. The order of sums depends on
/// the vector length of the processor, so a value between two levels may be rounded to either. `scripts/pixel-digests`
/// compares bit for bit on one machine.
@Suite struct ShippedModelTests {
    private static let requests = [
        GenerationRequest(prompt: "a flower with purple petals and a yellow center", seed: 0),
        GenerationRequest(prompt: "this flower is white with long thin petals", seed: 2),
        GenerationRequest(prompt: "a red rose", seed: 3),
        GenerationRequest(prompt: "the petals are bright orange with dark spots", seed: 4),
    ]

    /// Differences of the pixels from the golden ones: the largest, in levels of 255, and the share of samples that differ.
    private func difference(_ device: CPUDevice) throws -> (levels: Int, share: Double) {
        let model = try Model(contentsOf: repositoryRoot + "/models/flowers-64.safetensors")
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

    /// With OpenBLAS's kernels for other processors, 3 in 100,000 samples differ by one level.
    @Test(arguments: [1, 2]) func openBLASMakesTheGoldenPixels(threads: Int) throws {
        let found = try difference(CPUDevice(library: .openBLAS, threads: threads, precision: .float32))
        #expect(found.levels <= 1 && found.share < 1e-3, "\(found)")
    }

    /// The default device: with oneDNN and bfloat16, which has 8 significant bits, a quarter of all samples differ by at most 6
    /// levels.
    @Test func theDefaultDeviceComesClose() throws {
        let found = try difference(CPUDevice())
        #expect(found.levels <= 16 && found.share < 0.5, "\(found)")
    }
}
