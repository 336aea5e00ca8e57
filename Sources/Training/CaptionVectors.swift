import Checkpoints
import Execution
import FoundationEssentials
import Synthesis

/// The sentence vectors of a corpus's captions, computed once a run: `embeddings.safetensors` in its folder, for the
/// captions and the encoder whose checksums it has.
struct CaptionVectors {
    /// [captions×width], in the corpus's order; those of a pretrained encoder are centred.
    let values: [Float]
    /// The mean that was taken off; of an encoder of Limn's own, which learns to tell its captions apart, nothing is.
    let center: [Float]

    private static let format = "limn-embeddings"

    /// Reads the vectors that are there, or computes and keeps them.
    init(
        _ captions: [String], _ encoder: SentenceEncoder, in run: RunDirectory, journal: Journal, device: CPUDevice
    ) throws {
        let path = "\(run.path)/embeddings.safetensors"
        let width = encoder.width
        let key = "\(CaptionVectors.checksum(captions)) \(encoder.checksum)"
        if let known = CaptionVectors.read(path, key: key, shape: [captions.count, width]) {
            self.init(known, of: encoder)
            return
        }
        try journal.note("reading \(captions.count) captions")
        let embedder = try encoder.embedder(on: device)
        journal.beginStage(imagesSeen: 0, pending: nil)
        let vectors = try embedder.embed(captions) {
            journal.show(stage: "reading", imagesSeen: $0, of: captions.count, detail: embedder.name)
        }
        journal.closeLine()
        let array = NamedArray(name: "embeddings", shape: [captions.count, width], floats: vectors)
        do {
            try Safetensors.write([array], metadata: ["format": CaptionVectors.format, "key": key], to: path)
        } catch {
            // What cannot be kept is computed anew the next time.
            try journal.note("the captions' vectors are not kept: \(error)")
        }
        self.init(vectors, of: encoder)
    }

    private init(_ vectors: [Float], of encoder: SentenceEncoder) {
        let width = encoder.width
        guard case .pretrained = encoder else {
            (values, center) = (vectors, [Float](repeating: 0, count: width))
            return
        }
        var sums = [Double](repeating: 0, count: width)
        for (index, value) in vectors.enumerated() { sums[index % width] += Double(value) }
        let rows = Double(max(vectors.count / width, 1))
        // As the model's file keeps it, so that painting reads as training did.
        let mean = NamedArray(
            name: Model.centerName, shape: [width], floats: sums.map { Float($0 / rows) }, element: .bfloat16)
        center = (try? mean.floats()) ?? sums.map { Float($0 / rows) }
        values = SentenceEmbedder.centered(vectors, at: center)
    }

    private static func read(_ path: String, key: String, shape: [Int]) -> [Float]? {
        guard let file = try? Safetensors(contentsOf: path), file.metadata["key"] == key,
            file.metadata["format"] == format, let array = file["embeddings"], array.shape == shape
        else { return nil }
        return try? array.floats()
    }

    /// Captions end where no caption can: a zero byte.
    private static func checksum(_ captions: [String]) -> String {
        var bytes: [UInt8] = []
        for caption in captions {
            bytes += caption.utf8
            bytes.append(0)
        }
        return Checksum.of([NamedArray(name: "captions", shape: [bytes.count], element: .uint8, bytes: bytes)])
    }
}
