import CPUBackend
import Checkpoints
import Foundation
import Inference
import Models
import Networks
import TestSupport
import Testing

/// The error of reading and embedding with a copy of a golden folder that `change` modifies.
func encoderComplaint(
    _ name: String = "bert", pooling: Pooling? = nil, sequences: [[Int32]] = [[2, 5, 3]],
    _ change: (String) throws -> Void
) throws -> String {
    let temporary = try TemporaryFolder()
    defer { withExtendedLifetime(temporary) {} }
    let folder = temporary.path + "/limn-encoder"
    try FileManager.default.copyItem(atPath: "\(encoderFolders)/\(name)", toPath: folder)
    try change(folder)
    do {
        _ = try PretrainedEncoder(contentsOf: folder, pooling: pooling).embedder(on: encoderDevices[0]).embed(
            sequences)
        return "nothing"
    } catch {
        let text = "\(error)"
        #expect(error is ModelError || error is CheckpointError, "\(type(of: error))")
        #expect(text.contains(folder) || text.contains("limn-encoder"), "\(text)")
        #expect(!text.contains("\n"))
        return text
    }
}

/// Replaces a text in a file, which must contain it.
func replace(_ old: String, with new: String, in path: String) throws {
    let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    #expect(text.contains(old), "\(path) has no \(old)")
    try Data(text.replacing(old, with: new).utf8).write(to: URL(filePath: path))
}

/// Folders of encoders with missing, damaged or contradictory files are refused in one line.
@Suite struct PretrainedFaultTests {
    @Test func missingFilesAreNamed() throws {
        for (file, words) in [
            ("config.json", "has no config.json"), ("model.safetensors", "has no model.safetensors"),
            ("1_Pooling/config.json", "1_Pooling/config.json: is missing"),
        ] {
            let said = try encoderComplaint { try FileManager.default.removeItem(atPath: "\($0)/\(file)") }
            #expect(said.contains(words), "\(said)")
        }
        let plain = try encoderComplaint {
            try FileManager.default.removeItem(atPath: "\($0)/modules.json")
            try FileManager.default.removeItem(atPath: "\($0)/1_Pooling")
        }
        #expect(plain.contains("--pooling mean, cls or eos"), "\(plain)")
        let old = try encoderComplaint {
            try FileManager.default.moveItem(atPath: "\($0)/model.safetensors", toPath: "\($0)/pytorch_model.bin")
        }
        #expect(old.contains("save them as model.safetensors: python3 -c"), "\(old)")
    }

    @Test func poolingsThatAreNotKnownAreNamed() throws {
        for (old, new, words) in [
            ("\"pooling_mode_max_tokens\": false", "\"pooling_mode_max_tokens\": true", "uses mean and max pooling"),
            (
                "\"pooling_mode_mean_tokens\": true", "\"pooling_mode_mean_tokens\": false",
                "does not specify its pooling"
            ),
            (
                "\"pooling_mode_mean_tokens\": true", "\"pooling_mode_mean_tokens\": 7",
                "must be true or false, found a number"
            ),
        ] {
            let said = try encoderComplaint { try replace(old, with: new, in: "\($0)/1_Pooling/config.json") }
            #expect(said.contains(words), "\(said)")
        }
        let other = try encoderComplaint {
            try replace("models.Normalize", with: "models.WordWeights", in: "\($0)/modules.json")
        }
        #expect(other.contains("is \"WordWeights\", which Limn does not have; it has Transformer, Pooling"), "\(other)")
        let outside = try encoderComplaint {
            try replace("\"1_Pooling\"", with: "\"../1_Pooling\"", in: "\($0)/modules.json")
        }
        #expect(outside.contains("outside its folder"), "\(outside)")
        let short = try encoderComplaint {
            try replace("\"max_seq_length\": 20", with: "\"max_seq_length\": 1", in: "\($0)/sentence_bert_config.json")
        }
        #expect(short.contains("\"max_seq_length\" is 1"), "\(short)")
    }

    /// The linear layer behind the pooling: its sizes, its activation and its weights.
    @Test func denseModulesAreChecked() throws {
        for (old, new, words) in [
            ("\"in_features\": 32", "\"in_features\": 31", "\"in_features\" is 31, but the vectors before it have 32"),
            ("\"out_features\": 24", "\"out_features\": 0", "\"out_features\" is 0, expected 1 to 65536"),
            ("\"out_features\": 24", "\"out_features\": 25", "modules.0.weight is [24×32], expected [25×32]"),
            ("\"bias\": true", "\"bias\": false", "unused: modules.0.bias"),
            ("activation.Tanh", "activation.ReLU", "is \"ReLU\", which Limn does not have; it has Identity, Tanh"),
        ] {
            let said = try encoderComplaint("distilbert") {
                try replace(old, with: new, in: "\($0)/2_Dense/config.json")
            }
            #expect(said.contains(words), "\(said)")
        }
        let lacking = try encoderComplaint("distilbert") {
            try FileManager.default.moveItem(
                atPath: "\($0)/2_Dense/model.safetensors", toPath: "\($0)/2_Dense/pytorch_model.bin")
        }
        #expect(lacking.contains("2_Dense: has its weights only in pytorch_model.bin"), "\(lacking)")
    }

    /// The limit is that of sentence-transformers, else that of the tokenizer, and never more than there are positions.
    @Test func limitsAreThoseOfTheFolder() throws {
        func limit(_ files: [String: String]) throws -> Int {
            let temporary = try TemporaryFolder()
            defer { withExtendedLifetime(temporary) {} }
            let folder = temporary.path + "/limn-encoder"
            try FileManager.default.copyItem(atPath: "\(encoderFolders)/bert", toPath: folder)
            try FileManager.default.removeItem(atPath: folder + "/sentence_bert_config.json")
            for (name, text) in files { try put(text, "\(folder)/\(name)") }
            return try PretrainedEncoder(contentsOf: folder).limit
        }
        #expect(try limit([:]) == 40)
        #expect(try limit(["tokenizer_config.json": "{\"model_max_length\": 30}"]) == 30)
        #expect(try limit(["tokenizer_config.json": "{\"model_max_length\": 1000000000000000019884624838656}"]) == 40)
        let both = ["tokenizer_config.json": "{\"model_max_length\": 30}"]
        #expect(try limit(both.merging(["sentence_bert_config.json": "{\"max_seq_length\": 32}"]) { $1 }) == 32)
        #expect(try limit(both.merging(["sentence_bert_config.json": "{\"do_lower_case\": true}"]) { $1 }) == 30)
        let error = #expect(throws: ModelError.self) {
            try limit(["tokenizer_config.json": "{\"model_max_length\": 1}"])
        }
        #expect(error?.description.contains("\"model_max_length\" is 1.0, expected 2 or more") == true)
    }

    @Test func truncatedWeightsAreSaidToBe() throws {
        let said = try encoderComplaint { folder in
            let path = "\(folder)/model.safetensors"
            let bytes = try Data(contentsOf: URL(filePath: path))
            try bytes.prefix(bytes.count / 2).write(to: URL(filePath: path))
        }
        #expect(said.contains("it was cut short"), "\(said)")
    }

    @Test func weightsOfOtherNetworksAreNamed() throws {
        let other = try encoderComplaint { folder in
            try FileManager.default.removeItem(atPath: "\(folder)/model.safetensors")
            try FileManager.default.copyItem(
                atPath: "\(encoderFolders)/clip-end-id/model.safetensors", toPath: "\(folder)/model.safetensors")
        }
        #expect(other.contains("contains no array of this encoder"), "\(other)")
        let lacking = try encoderComplaint { folder in
            let path = "\(folder)/model.safetensors"
            let file = try Safetensors(contentsOf: path)
            let kept = file.names.filter { !$0.hasSuffix("layer.1.attention.self.key.bias") }.compactMap { file[$0] }
            try Safetensors.write(kept, metadata: [:], to: path)
        }
        #expect(lacking.contains("(missing: encoder.layer.1.attention.self.key.bias)"), "\(lacking)")
        // T5's embeddings have two names; their values must be the same.
        let ambiguous = try encoderComplaint("t5-gated") { folder in
            let path = "\(folder)/model.safetensors"
            let file = try Safetensors(contentsOf: path)
            let arrays = file.arrays.map { array in
                array.name == "encoder.embed_tokens.weight"
                    ? NamedArray(
                        name: array.name, shape: array.shape, element: array.element,
                        bytes: array.bytes.dropLast() + [1]) : array
            }
            try Safetensors.write(arrays, metadata: [:], to: path)
        }
        #expect(
            ambiguous.contains("encoder.embed_tokens.weight and shared.weight are the same parameter"), "\(ambiguous)")
        let integers = try encoderComplaint { folder in
            let path = "\(folder)/model.safetensors"
            let file = try Safetensors(contentsOf: path)
            let arrays = file.arrays.map { array in
                array.name == "embeddings.LayerNorm.bias"
                    ? NamedArray(name: array.name, shape: array.shape, element: .int32, bytes: array.bytes) : array
            }
            try Safetensors.write(arrays, metadata: [:], to: path)
        }
        #expect(integers.contains("holds I32 numbers"), "\(integers)")
    }

    @Test func severalFilesAreReadAsOne() throws {
        let said = try encoderComplaint { folder in
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
            let said = try encoderComplaint(sequences: [[2, 3], [2, id, 3]]) { _ in }
            #expect(said.contains("token \(id) of sentence 2"), "\(said)")
        }
        let silent = try encoderComplaint(sequences: [[2, 3], []]) { _ in }
        #expect(silent.contains("sentence 2 has no tokens"), "\(silent)")
        let endless = try encoderComplaint("clip-end-id", sequences: [[1, 5, 6]]) { _ in }
        #expect(endless.contains("a sentence has no end token, which \"eos_token_id\""), "\(endless)")
    }
}
