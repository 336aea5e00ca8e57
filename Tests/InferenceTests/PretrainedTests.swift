import Checkpoints
import CPUBackend
import Execution
import Foundation
import Networks
import Inference
import Models
import TestSupport
import Testing

/// Folders that scripts/golden/encoders.py wrote: random weights, and their results with PyTorch and transformers.
let encoderFolders = Bundle.module.bundlePath + "/Encoders"

private struct Golden {
    let file: Safetensors
    let sequences: [[Int32]]

    init(_ name: String) throws {
        file = try Safetensors(contentsOf: "\(encoderFolders)/\(name)/golden.safetensors")
        let (ids, mask) = (try Golden.integers(file, "ids"), try Golden.integers(file, "mask"))
        let length = try #require(file["ids"]).shape[1]
        sequences = stride(from: 0, to: ids.count, by: length).map { start in
            (start..<start + length).filter { mask[$0] == 1 }.map { ids[$0] }
        }
    }

    private static func integers(_ file: Safetensors, _ name: String) throws -> [Int32] {
        try #require(file[name]).withBytes { bytes in
            (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) }
        }
    }

    func vectors(_ name: String) throws -> [Float] { try #require(file[name]).floats() }
}

/// The smallest cosine between corresponding rows of unit length.
private func leastCosine(_ a: [Float], _ b: [Float], width: Int) -> Float {
    guard a.count == b.count else { return -1 }
    return stride(from: 0, to: a.count, by: width).map { start in
        (start..<start + width).reduce(0) { $0 + a[$1] * b[$1] }
    }.min() ?? -1
}

let encoderDevices = [
    CPUDevice(library: .openBLAS, threads: 1, precision: .float32), CPUDevice(threads: 2),
]

@Suite(.serialized) struct PretrainedGoldenTests {
    static let cases: [(String, Pooling)] =
        ["bert", "bert-float16", "bert-bfloat16", "roberta"].flatMap { name in Pooling.allCases.map { (name, $0) } }
        + [("clip-largest-id", .eos), ("clip-end-id", .eos), ("siglip", .eos)]
        + families.filter { $0 != "siglip" }.flatMap { name in Pooling.allCases.map { (name, $0) } }
    /// Families whose folders also have a tokenizer, and the vectors of `sentences.json`.
    static let families = [
        "xlm-roberta", "distilbert", "mpnet", "modernbert", "modernbert-biases", "siglip", "t5", "t5-gated",
    ]

    @Test(arguments: cases.indices, encoderDevices.indices)
    func vectorsAreThoseOfTransformers(_ index: Int, _ device: Int) throws {
        let (name, pooling) = Self.cases[index]
        let golden = try Golden(name)
        let encoder = try PretrainedEncoder(contentsOf: "\(encoderFolders)/\(name)", pooling: pooling)
        let found = try encoder.embedder(on: encoderDevices[device], padding: 1).embed(golden.sequences)
        let expected = try golden.vectors(pooling.rawValue)
        #expect(found.count == expected.count)
        #expect(leastCosine(found, expected, width: encoder.width) > 0.999_999)
        for (a, b) in zip(found, expected) { #expect(abs(a - b) < 2e-5, "\(name) \(pooling)") }
    }

    /// From text to vector, with the tokenizer, the pooling and the modules of the folder.
    @Test(arguments: families, encoderDevices.indices)
    func sentencesHaveTheVectorsOfTransformers(_ name: String, _ device: Int) throws {
        let sentences = try JSONDecoder().decode(
            [String].self, from: Data(contentsOf: URL(filePath: "\(encoderFolders)/sentences.json")))
        let embedder = try SentenceEmbedder(contentsOf: "\(encoderFolders)/\(name)", device: encoderDevices[device])
        let expected = try Golden(name).vectors("texts")
        #expect(expected.count == sentences.count * embedder.width)
        for (a, b) in zip(try embedder.embed(sentences), expected) { #expect(abs(a - b) < 2e-5, "\(name)") }
    }

    /// Products with bfloat16 operands are still close.
    @Test(arguments: ["bert", "clip-largest-id"]) func roundedProductsAreNear(_ name: String) throws {
        let golden = try Golden(name)
        let encoder = try PretrainedEncoder(
            contentsOf: "\(encoderFolders)/\(name)", pooling: name == "bert" ? .mean : .eos)
        let embedder = try encoder.embedder(on: CPUDevice(), precision: .bfloat16)
        let expected = try golden.vectors(encoder.pooling.rawValue)
        #expect(try leastCosine(embedder.embed(golden.sequences), expected, width: encoder.width) > 0.995)
    }

    /// Padding changes nothing: sentences of many lengths share batches.
    @Test(arguments: ["bert"] + families) func aSentenceIsTheSameAloneAndAmongOthers(_ name: String) throws {
        let golden = try Golden(name)
        let encoder = try PretrainedEncoder(contentsOf: "\(encoderFolders)/\(name)")
        let embedder = try encoder.embedder(on: encoderDevices[0], padding: 1)
        // Cut to one to thirty-two tokens, so that all are in few batches.
        let many = (0..<150).map { number in
            Array(golden.sequences[number % golden.sequences.count].prefix(1 + number % 32))
        }
        let together = try embedder.embed(many)
        let width = encoder.width
        for index in [0, 33, 63, 64, 148, 149] {
            let alone = try embedder.embed([many[index]])
            for (a, b) in zip(alone, together[index * width..<(index + 1) * width]) { #expect(abs(a - b) < 1e-5) }
        }
    }

    @Test func longSequencesAreCutAndKeepTheirEnd() throws {
        let encoder = try PretrainedEncoder(contentsOf: "\(encoderFolders)/bert")
        #expect(encoder.limit == 20)
        let embedder = try encoder.embedder(on: encoderDevices[0])
        let long: [Int32] = [2] + (0..<60).map { 5 + $0 % 30 } + [3]
        #expect(try embedder.embed([long]) == embedder.embed([Array(long.prefix(19)) + [3]]))
    }

    @Test func tokensOutOfRangeAreRefused() throws {
        let encoder = try PretrainedEncoder(contentsOf: "\(encoderFolders)/bert")
        let embedder = try encoder.embedder(on: encoderDevices[0])
        let last = Int32(encoder.vocabulary) - 1
        #expect(try embedder.embed([[2, last, 3]]).count == encoder.width)
        for wrong in [last + 1, -1, .max, .min] {
            let error = #expect(throws: ModelError.self) { try embedder.embed([[2, 3], [2, wrong, 3]]) }
            #expect(error?.description.contains("token \(wrong) of sentence 2") == true)
        }
        #expect(throws: ModelError.self) { try embedder.embed([[]]) }
    }

    /// As sentence-transformers stores CLIP: the network is in a subfolder.
    @Test func aModelFindsAnEncoderInASubfolder() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.copyItem(atPath: "\(encoderFolders)/clip-end-id", toPath: folder + "/0_CLIPModel")
            try put(
                #"[{"path": "0_CLIPModel", "type": "sentence_transformers.models.CLIPModel"}]"#,
                folder + "/modules.json")
            let encoder = try PretrainedEncoder(contentsOf: folder)
            let head = ProjectionHeadConfiguration(inputs: encoder.width, hidden: 12, embedding: 8)
            let model = Model(
                configuration: Model.Configuration(
                    name: "clip", encoder: nil, pretrained: PretrainedReference(encoder, head: head),
                    networks: GeneratorConfiguration(side: 16, width: 4, noise: 8, condition: 8)),
                vocabulary: nil, arrays: NetworkArrays())
            #expect(try model.encoder(at: nil).width == 8)
        }
    }

    @Test func theFolderSaysHowItPools() throws {
        #expect(try PretrainedEncoder(contentsOf: "\(encoderFolders)/bert").pooling == .mean)
        #expect(try PretrainedEncoder(contentsOf: "\(encoderFolders)/bert", pooling: .cls).pooling == .cls)
        #expect(try PretrainedEncoder(contentsOf: "\(encoderFolders)/clip-end-id").pooling == .eos)
    }
}
