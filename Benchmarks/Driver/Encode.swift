import ArgumentParser
import Checkpoints
import CPUBackend
import Execution
import Networks
import Inference
import Models

/// A pretrained sentence encoder on sequences of token ids, for `encoders.py`.
struct Encode: ParsableCommand {
    @Option(help: "The folder of the encoder.") var encoder: String
    @Option(help: "A safetensors file with int32 ids and mask, [sentences×length].") var tokens: String
    @Option(help: "Sentences per round, from the start of the file.") var batch: Int
    @Option(help: "Precision of the operands of products with weights: float32 or bfloat16.") var precision = "float32"
    @Option(help: "oneDNN or openBLAS.") var library = "oneDNN"
    @Option(help: "Threads.") var threads = 2
    @Option(help: "Write the vectors to this file first.") var out: String?

    func validate() throws {
        guard Precision(rawValue: precision) != nil else { throw ValidationError("--precision \(precision)?") }
        guard CPUDevice.Library(rawValue: library) != nil else { throw ValidationError("--library \(library)?") }
    }

    func run() throws {
        let device = CPUDevice(library: .init(rawValue: library), threads: threads, precision: .float32)
        let encoder = try PretrainedEncoder(contentsOf: self.encoder)
        let embedder = try encoder.embedder(on: device, precision: Precision(rawValue: precision) ?? .float32)
        let sequences = Array(try read().prefix(batch))
        if let out {
            let array = NamedArray(
                name: "embeddings", shape: [sequences.count, encoder.width], floats: try embedder.embed(sequences))
            try Safetensors.write([array], metadata: ["device": device.summary], to: out)
        }
        try Driver.serve([:]) { _ = try embedder.embed(sequences) }
    }

    private func read() throws -> [[Int32]] {
        let file = try Safetensors(contentsOf: tokens)
        func integers(_ name: String) -> [Int32] {
            file[name]?.withBytes { bytes in
                (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) }
            } ?? []
        }
        let (ids, mask, length) = (integers("ids"), integers("mask"), file["ids"]?.shape.last ?? 1)
        guard ids.count == mask.count, ids.count % length == 0 else { throw ValidationError("ids and mask differ") }
        return stride(from: 0, to: ids.count, by: length).map { start in
            (start..<start + length).filter { mask[$0] == 1 }.map { ids[$0] }
        }
    }
}
