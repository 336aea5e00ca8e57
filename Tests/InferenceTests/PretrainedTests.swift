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
private let folders = Bundle.module.bundlePath + "/Encoders"

private struct Golden {
    let file: Safetensors
    let sequences: [[Int32]]

    init(_ name: String) throws {
        file = try Safetensors(contentsOf: "\(folders)/\(name)/golden.safetensors")
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

private let devices = [
    CPUDevice(library: .openBLAS, threads: 1, precision: .float32), CPUDevice(threads: 2),
]

@Suite(.serialized) struct PretrainedGoldenTests {
    static let cases: [(String, Pooling)] =
        ["bert", "bert-float16", "bert-bfloat16", "roberta"].flatMap { name in Pooling.allCases.map { (name, $0) } }
        + [("clip-largest-id", .eos), ("clip-end-id", .eos)]

    @Test(arguments: cases.indices, devices.indices)
    func vectorsAreThoseOfTransformers(_ index: Int, _ device: Int) throws {
        let (name, pooling) = Self.cases[index]
        let golden = try Golden(name)
        let encoder = try PretrainedEncoder(contentsOf: "\(folders)/\(name)", pooling: pooling)
        let found = try encoder.embedder(on: devices[device]).embed(golden.sequences)
        let expected = try golden.vectors(pooling.rawValue)
        #expect(found.count == expected.count)
        #expect(leastCosine(found, expected, width: encoder.width) > 0.999_999)
        for (a, b) in zip(found, expected) { #expect(abs(a - b) < 2e-5, "\(name) \(pooling)") }
    }

    /// Products with bfloat16 operands are still close.
    @Test(arguments: ["bert", "clip-largest-id"]) func roundedProductsAreNear(_ name: String) throws {
        let golden = try Golden(name)
        let encoder = try PretrainedEncoder(
            contentsOf: "\(folders)/\(name)", pooling: name == "bert" ? .mean : .eos)
        let embedder = try encoder.embedder(on: CPUDevice(), precision: .bfloat16)
        let expected = try golden.vectors(encoder.pooling.rawValue)
        #expect(try leastCosine(embedder.embed(golden.sequences), expected, width: encoder.width) > 0.995)
    }

    @Test func aSentenceIsTheSameAloneAndAmongOthers() throws {
        let golden = try Golden("bert")
        let embedder = try PretrainedEncoder(contentsOf: "\(folders)/bert").embedder(on: devices[0])
        let many = (0..<150).map { golden.sequences[$0 % golden.sequences.count] }
        let together = try embedder.embed(many)
        for index in [0, 63, 64, 149] {
            let alone = try embedder.embed([many[index]])
            for (a, b) in zip(alone, together[index * 32..<(index + 1) * 32]) { #expect(abs(a - b) < 1e-5) }
        }
    }

    @Test func longSequencesAreCutAndKeepTheirEnd() throws {
        let encoder = try PretrainedEncoder(contentsOf: "\(folders)/bert")
        #expect(encoder.limit == 20)
        let embedder = try encoder.embedder(on: devices[0])
        let long: [Int32] = [2] + (0..<60).map { 5 + $0 % 30 } + [3]
        #expect(try embedder.embed([long]) == embedder.embed([Array(long.prefix(19)) + [3]]))
    }

    @Test func tokensOutOfRangeAreRefused() throws {
        let encoder = try PretrainedEncoder(contentsOf: "\(folders)/bert")
        let embedder = try encoder.embedder(on: devices[0])
        let last = Int32(encoder.vocabulary) - 1
        #expect(try embedder.embed([[2, last, 3]]).count == encoder.width)
        for wrong in [last + 1, -1, .max, .min] {
            let error = #expect(throws: ModelError.self) { try embedder.embed([[2, 3], [2, wrong, 3]]) }
            #expect(error?.description.contains("token \(wrong) of sentence 2") == true)
        }
        #expect(throws: ModelError.self) { try embedder.embed([[]]) }
    }

    @Test func theFolderSaysHowItPools() throws {
        #expect(try PretrainedEncoder(contentsOf: "\(folders)/bert").pooling == .mean)
        #expect(try PretrainedEncoder(contentsOf: "\(folders)/bert", pooling: .cls).pooling == .cls)
        #expect(try PretrainedEncoder(contentsOf: "\(folders)/clip-end-id").pooling == .eos)
    }
}

@Suite struct PretrainedHostilityTests {
    /// The error of reading and embedding with a copy of a golden folder that `change` modifies.
    private func complaint(
        _ name: String = "bert", pooling: Pooling? = nil, sequences: [[Int32]] = [[2, 5, 3]],
        _ change: (String) throws -> Void
    ) throws -> String {
        let temporary = try TemporaryFolder()
        defer { withExtendedLifetime(temporary) {} }
        let folder = temporary.path + "/limn-encoder"
        try FileManager.default.copyItem(atPath: "\(folders)/\(name)", toPath: folder)
        try change(folder)
        do {
            _ = try PretrainedEncoder(contentsOf: folder, pooling: pooling).embedder(on: devices[0]).embed(sequences)
            return "nothing"
        } catch {
            let text = "\(error)"
            #expect(error is ModelError || error is CheckpointError, "\(type(of: error))")
            #expect(text.contains(folder) || text.contains("limn-encoder"), "\(text)")
            #expect(!text.contains("\n"))
            return text
        }
    }

    private func replace(_ old: String, with new: String, in path: String) throws {
        let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        #expect(text.contains(old), "\(path) has no \(old)")
        try Data(text.replacing(old, with: new).utf8).write(to: URL(filePath: path))
    }

    static let configurations: [(old: String, new: String, words: String)] = [
        ("\"bert\"", "\"distilbert\"", "its model type is \"distilbert\""),
        ("\"model_type\"", "\"type\"", "has no \"model_type\""),
        ("\"hidden_size\": 32", "\"hidden_size\": \"32\"", "\"hidden_size\" has a value of the wrong type"),
        ("\"hidden_size\": 32", "\"hidden_size\": 33", "num_attention_heads: is 4, which does not divide the width 33"),
        ("\"hidden_size\": 32", "\"hidden_size\": 64", "of another shape: "),
        ("\"hidden_size\": 32", "\"size\": 32", "has no \"hidden_size\""),
        ("\"hidden_size\": 32", "\"hidden_size\": -32", "hidden_size: is -32"),
        (
            "\"vocab_size\"", "\"vocab_size\": 2000000, \"unused\"",
            "of another shape: embeddings.word_embeddings.weight"
        ),
        (
            "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3",
            "missing: encoder.layer.2.attention.self.query.weight"
        ),
        ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", "unused: encoder.layer.1."),
        ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 99999999999", "num_hidden_layers: is 99999999999"),
        ("\"max_position_embeddings\": 40", "\"max_position_embeddings\": 0", "max_position_embeddings: is 0"),
        ("\"gelu\"", "\"swish\"", "its \"hidden_act\" is \"swish\""),
        ("\"layer_norm_eps\": 0.001", "\"layer_norm_eps\": 0", "layer_norm_eps: is 0.0"),
        (
            "\"model_type\"", "\"position_embedding_type\": \"relative_key\", \"model_type\"",
            "its position embeddings are \"relative_key\""
        ),
        ("}", "", "is not valid JSON"),
    ]

    @Test(arguments: configurations.indices) func configurationsAreRefused(_ index: Int) throws {
        let (old, new, words) = Self.configurations[index]
        let said = try complaint { try replace(old, with: new, in: "\($0)/config.json") }
        #expect(said.contains(words), "\(said)")
    }

    @Test func missingFilesAreNamed() throws {
        for (file, words) in [
            ("config.json", "has no config.json"), ("model.safetensors", "has no model.safetensors"),
            ("1_Pooling/config.json", "1_Pooling/config.json: is missing"),
        ] {
            let said = try complaint { try FileManager.default.removeItem(atPath: "\($0)/\(file)") }
            #expect(said.contains(words), "\(said)")
        }
        let plain = try complaint {
            try FileManager.default.removeItem(atPath: "\($0)/modules.json")
            try FileManager.default.removeItem(atPath: "\($0)/1_Pooling")
        }
        #expect(plain.contains("--pooling mean, cls or eos"), "\(plain)")
        let old = try complaint {
            try FileManager.default.moveItem(atPath: "\($0)/model.safetensors", toPath: "\($0)/pytorch_model.bin")
        }
        #expect(old.contains("save them as model.safetensors"), "\(old)")
    }

    @Test func poolingsThatAreNotKnownAreNamed() throws {
        for (old, new, words) in [
            ("\"pooling_mode_max_tokens\": false", "\"pooling_mode_max_tokens\": true", "uses mean and max pooling"),
            (
                "\"pooling_mode_mean_tokens\": true", "\"pooling_mode_mean_tokens\": false",
                "does not specify its pooling"
            ),
            ("\"pooling_mode_mean_tokens\": true", "\"pooling_mode_mean_tokens\": 7", "a value of the wrong type"),
        ] {
            let said = try complaint { try replace(old, with: new, in: "\($0)/1_Pooling/config.json") }
            #expect(said.contains(words), "\(said)")
        }
        let dense = try complaint { try replace("models.Normalize", with: "models.Dense", in: "\($0)/modules.json") }
        #expect(dense.contains("models.Dense is not supported"), "\(dense)")
        let outside = try complaint {
            try replace("\"1_Pooling\"", with: "\"../1_Pooling\"", in: "\($0)/modules.json")
        }
        #expect(outside.contains("outside its folder"), "\(outside)")
        let short = try complaint {
            try replace("\"max_seq_length\": 20", with: "\"max_seq_length\": 1", in: "\($0)/sentence_bert_config.json")
        }
        #expect(short.contains("\"max_seq_length\" is 1"), "\(short)")
    }

    @Test func truncatedWeightsAreSaidToBe() throws {
        let said = try complaint { folder in
            let path = "\(folder)/model.safetensors"
            let bytes = try Data(contentsOf: URL(filePath: path))
            try bytes.prefix(bytes.count / 2).write(to: URL(filePath: path))
        }
        #expect(said.contains("it was cut short"), "\(said)")
    }

    @Test func weightsOfOtherNetworksAreNamed() throws {
        let other = try complaint { folder in
            try FileManager.default.removeItem(atPath: "\(folder)/model.safetensors")
            try FileManager.default.copyItem(
                atPath: "\(folders)/clip-end-id/model.safetensors", toPath: "\(folder)/model.safetensors")
        }
        #expect(other.contains("contains no array of this encoder"), "\(other)")
        let lacking = try complaint { folder in
            let path = "\(folder)/model.safetensors"
            let file = try Safetensors(contentsOf: path)
            let kept = file.names.filter { !$0.hasSuffix("layer.1.attention.self.key.bias") }.compactMap { file[$0] }
            try Safetensors.write(kept, metadata: [:], to: path)
        }
        #expect(lacking.contains("(missing: encoder.layer.1.attention.self.key.bias)"), "\(lacking)")
        let integers = try complaint { folder in
            let path = "\(folder)/model.safetensors"
            let file = try Safetensors(contentsOf: path)
            let arrays = file.names.compactMap { file[$0] }.map { array in
                array.name == "embeddings.LayerNorm.bias"
                    ? NamedArray(name: array.name, shape: array.shape, element: .int32, bytes: array.bytes) : array
            }
            try Safetensors.write(arrays, metadata: [:], to: path)
        }
        #expect(integers.contains("holds I32 numbers"), "\(integers)")
    }

    @Test func severalFilesAreReadAsOne() throws {
        let said = try complaint { folder in
            let file = try Safetensors(contentsOf: "\(folder)/model.safetensors")
            var index: [String] = []
            for (part, names) in [file.names.prefix(9), file.names.dropFirst(9)].enumerated() {
                try Safetensors.write(names.compactMap { file[$0] }, metadata: [:], to: "\(folder)/part-\(part)")
                index += names.map { "\"\($0)\": \"part-\(part)\"" }
            }
            try FileManager.default.removeItem(atPath: "\(folder)/model.safetensors")
            try Data("{\"weight_map\": {\(index.joined(separator: ", "))}}".utf8)
                .write(to: URL(filePath: "\(folder)/model.safetensors.index.json"))
        }
        #expect(said == "nothing")
    }

    @Test func tokensWithoutEmbeddingsAreNamed() throws {
        for id: Int32 in [-1, 30_000, .max] {
            let said = try complaint(sequences: [[2, 3], [2, id, 3]]) { _ in }
            #expect(said.contains("token \(id) of sentence 2"), "\(said)")
        }
        let silent = try complaint(sequences: [[2, 3], []]) { _ in }
        #expect(silent.contains("sentence 2 has no tokens"), "\(silent)")
        let endless = try complaint("clip-end-id", sequences: [[1, 5, 6]]) { _ in }
        #expect(endless.contains("no end token 40"), "\(endless)")
    }
}
