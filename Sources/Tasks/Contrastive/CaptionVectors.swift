import Checkpoints
import Corpora
import Execution
import FoundationEssentials
import Inference
import Models
import Training

/// The sentence vectors of a corpus's captions, computed once per run and cached in its directory as
/// `embeddings.safetensors` with the checksums of the captions and of the encoder.
struct CaptionVectors {
    let captions: [String]
    let run: RunDirectory
    let logger: RunLogger
    let device: any Device

    /// The vectors that condition the generator, [captions × width], in the corpus's order.
    func vectors(_ encoder: SentenceEncoder) throws -> [Float] {
        switch encoder {
        case .builtIn(let configuration, let vocabulary, let arrays):
            let values = arrays.sorted { $0.key < $1.key }.map {
                NamedArray(name: $0.key, shape: $0.value.shape, floats: $0.value.values)
            }
            return try cached("\(Checksum.of(values)) \(configuration) \(vocabulary.count)", width: encoder.width) {
                try SentenceEmbedder(encoder, device: device)
            }
        case .pretrained(let pretrained, let head): return try head(self.pretrained(pretrained), device: device)
        }
    }

    /// The vectors of a pretrained encoder before any head, [captions × width].
    func pretrained(_ encoder: PretrainedEncoder) throws -> [Float] {
        try cached("\(encoder.checksum) \(encoder.pooling)", width: encoder.width) {
            try SentenceEmbedder(encoder, device: device)
        }
    }

    /// The cached vectors, or those that the embedder computes, which are then cached.
    private func cached(_ encoder: String, width: Int, _ embedder: () throws -> SentenceEmbedder) throws -> [Float] {
        try device.ranks.rootFirst { try cachedHere(encoder, width: width, embedder) }
    }

    private func cachedHere(_ encoder: String, width: Int, _ embedder: () throws -> SentenceEmbedder) throws -> [Float]
    {
        let path = "\(run.path)/embeddings.safetensors"
        let metadata = ["format": SentenceEmbedder.fileFormat, "key": "\(checksum) \(encoder)"]
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
            // Without the cache they are computed again when the run is resumed.
            try logger.log("the caption vectors are not cached: \(error)")
        }
        return vectors
    }

    private func read(_ embedder: SentenceEmbedder) throws -> [Float] {
        try logger.log("encoding \(captions.count) captions")
        logger.beginStage("encoding", of: captions.count, unit: "captions")
        defer { logger.closeLine() }
        return try embedder.embed(captions) {
            logger.show(imagesSeen: $0, detail: embedder.name)
        }
    }

    /// Of all captions, each ended by a zero byte, which no caption contains.
    private var checksum: String {
        var bytes: [UInt8] = []
        for caption in captions {
            bytes += caption.utf8
            bytes.append(0)
        }
        return Checksum.of([NamedArray(name: "captions", shape: [bytes.count], element: .uint8, bytes: bytes)])
    }
}
