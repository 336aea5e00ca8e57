import Checkpoints
import Corpora
import Execution
import FoundationEssentials
import Synthesis

/// The sentence vectors of a corpus's captions. What an encoder makes of them is computed once a run, and kept in its folder
/// as `embeddings.safetensors` with the checksums of the captions and of the encoder.
struct CaptionVectors {
    let captions: [String]
    let run: RunDirectory
    let logger: RunLogger
    let device: CPUDevice

    private static let format = "limn-embeddings"

    /// [captions×width], in the corpus's order, as the generator is told.
    func callAsFunction(_ encoder: SentenceEncoder) throws -> [Float] {
        switch encoder {
        case .own(let configuration, let vocabulary, let arrays):
            let values = arrays.sorted { $0.key < $1.key }.map {
                NamedArray(name: $0.key, shape: $0.value.shape, floats: $0.value.values)
            }
            return try kept("\(Checksum.of(values)) \(configuration) \(vocabulary.count)", width: encoder.width) {
                try SentenceEmbedder(encoder, device: device)
            }
        case .pretrained(let pretrained, let head): return try head(self.pretrained(pretrained), device: device)
        }
    }

    /// [captions×width] as the pretrained encoder makes them, before any head.
    func pretrained(_ encoder: PretrainedEncoder) throws -> [Float] {
        try kept("\(encoder.checksum) \(encoder.pooling)", width: encoder.width) {
            try SentenceEmbedder(encoder, device: device)
        }
    }

    /// The vectors that are there, or those that the embedder makes, which are kept.
    private func kept(_ encoder: String, width: Int, _ embedder: () throws -> SentenceEmbedder) throws -> [Float] {
        let path = "\(run.path)/embeddings.safetensors"
        let metadata = ["format": CaptionVectors.format, "key": "\(checksum) \(encoder)"]
        let shape = [captions.count, width]
        if let file = try? Safetensors(contentsOf: path), file.metadata == metadata, let known = file["embeddings"],
            known.shape == shape, let vectors = try? known.floats()
        {
            return vectors
        }
        let vectors = try read(embedder())
        do {
            let array = NamedArray(name: "embeddings", shape: shape, floats: vectors)
            try Safetensors.write([array], metadata: metadata, to: path)
        } catch {
            // What cannot be kept is computed anew the next time.
            try logger.note("the captions' vectors are not kept: \(error)")
        }
        return vectors
    }

    private func read(_ embedder: SentenceEmbedder) throws -> [Float] {
        try logger.note("reading \(captions.count) captions")
        logger.beginStage(imagesSeen: 0, pending: nil)
        defer { logger.closeLine() }
        return try embedder.embed(captions) {
            logger.show(stage: "reading", imagesSeen: $0, of: captions.count, detail: embedder.name)
        }
    }

    /// Captions end where no caption can: a zero byte.
    private var checksum: String {
        var bytes: [UInt8] = []
        for caption in captions {
            bytes += caption.utf8
            bytes.append(0)
        }
        return Checksum.of([NamedArray(name: "captions", shape: [bytes.count], element: .uint8, bytes: bytes)])
    }
}
