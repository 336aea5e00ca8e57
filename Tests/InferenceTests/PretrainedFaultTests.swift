import CPUBackend
import Checkpoints
import Foundation
import Inference
import Models
import Networks
import TestSupport
import Testing

/// The error of reading and embedding with a copy of a golden folder that `change` modifies.
private func complaint(
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

/// Folders of encoders with missing, damaged or contradictory files are refused in one line.
@Suite struct PretrainedFaultTests {
    private func replace(_ old: String, with new: String, in path: String) throws {
        let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        #expect(text.contains(old), "\(path) has no \(old)")
        try Data(text.replacing(old, with: new).utf8).write(to: URL(filePath: path))
    }

    static let configurations: [(old: String, new: String, words: String)] = [
        (
            "\"bert\"", "\"gpt2\"",
            "\"model_type\" is \"gpt2\", which Limn does not have; it has bert, roberta, xlm-roberta, camembert, distilbert"
        ),
        ("\"model_type\"", "\"type\"", "has no \"model_type\""),
        ("\"bert\"", "7", "\"model_type\" must be a string, found a number"),
        ("\"hidden_size\": 32", "\"hidden_size\": \"32\"", "\"hidden_size\" must be an integer, found a string"),
        ("\"hidden_size\": 32", "\"hidden_size\": 32.5", "\"hidden_size\" must be an integer, found a number"),
        ("\"hidden_size\": 32", "\"hidden_size\": 1e99", "\"hidden_size\" must be an integer, found a number"),
        ("\"hidden_size\": 32", "\"hidden_size\": null", "\"hidden_size\" must be an integer, found nothing"),
        ("\"hidden_size\": 32", "\"hidden_size\": NaN", "it is not JSON at byte"),
        (
            "\"hidden_size\": 32", "\"hidden_size\": 33",
            "\"num_attention_heads\" is 4, which does not divide the width 33"
        ),
        ("\"hidden_size\": 32", "\"hidden_size\": 64", "of another shape: "),
        ("\"hidden_size\": 32", "\"size\": 32", "\"hidden_size\" must be an integer, found nothing"),
        ("\"hidden_size\": 32", "\"hidden_size\": -32", "\"hidden_size\" is -32, expected 4 to 8192"),
        (
            "\"vocab_size\"", "\"vocab_size\": 2000000, \"unused\"",
            "of another shape: embeddings.word_embeddings.weight"
        ),
        (
            "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3",
            "missing: encoder.layer.2.attention.self.query.weight"
        ),
        ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", "unused: encoder.layer.1."),
        ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 99999999999", "\"num_hidden_layers\" is 99999999999"),
        ("\"max_position_embeddings\": 40", "\"max_position_embeddings\": 0", "\"max_position_embeddings\" is 0"),
        ("\"gelu\"", "\"swish\"", "\"hidden_act\" is \"swish\", which Limn does not have; it has gelu, gelu_new"),
        ("\"layer_norm_eps\": 0.001", "\"layer_norm_eps\": 0", "\"layer_norm_eps\" is 0.0"),
        ("\"layer_norm_eps\": 0.001", "\"layer_norm_eps\": 1e-99", "\"layer_norm_eps\" is 1e-99"),
        ("\"layer_norm_eps\": 0.001", "\"layer_norm_eps\": 1e999", "\"layer_norm_eps\" must be a number that is not"),
        (
            "\"model_type\"", "\"position_embedding_type\": \"relative_key\", \"model_type\"",
            "\"position_embedding_type\" is \"relative_key\", which Limn does not have; it has absolute"
        ),
        ("}", "", "it was cut short, download it again"),
    ]

    /// Values of the families' own keys: the folder, the text to replace, the new text, and words of the error.
    static let familyConfigurations: [(name: String, old: String, new: String, words: String)] = [
        ("roberta", "\"pad_token_id\": 1", "\"pad_token_id\": -2", "\"pad_token_id\" is -2, expected 0 to 37"),
        (
            "roberta", "\"max_position_embeddings\": 40", "\"max_position_embeddings\": 2",
            "\"max_position_embeddings\" is 2, expected 3 to 65536"
        ),
        ("roberta", "\"pad_token_id\": 1", "\"pad_token_id\": 9223372036854775807", "\"pad_token_id\" is 9223372036"),
        ("distilbert", "\"dim\": 32", "\"dim\": 0", "\"dim\" is 0, expected 4 to 8192"),
        ("distilbert", "\"n_heads\": 4", "\"n_heads\": 5", "\"n_heads\" is 5, which does not divide the width 32"),
        ("distilbert", "\"n_layers\": 2", "\"layers\": 2", "\"n_layers\" must be an integer, found nothing"),
        ("distilbert", "\"n_layers\": 2", "\"n_layers\": 3", "missing: transformer.layer.2.attention.q_lin.weight"),
        (
            "distilbert", "\"activation\": \"gelu\"", "\"activation\": []",
            "\"activation\" must be a string, found a list"
        ),
        (
            "mpnet", "\"relative_attention_num_buckets\": 32", "\"relative_attention_num_buckets\": 8",
            "\"relative_attention_num_buckets\" is 8, expected 32 to 1024"
        ),
        (
            "mpnet", "\"relative_attention_num_buckets\": 32", "\"relative_attention_num_buckets\": 40",
            "encoder.relative_attention_bias.weight is [32×4], expected [40×4]"
        ),
        (
            "mpnet", "\"max_position_embeddings\": 160", "\"max_position_embeddings\": 3",
            "\"max_position_embeddings\" is 3"
        ),
        (
            "modernbert", "\"num_attention_heads\": 4", "\"num_attention_heads\": 32",
            "\"num_attention_heads\" is 32: heads of width 1 cannot be rotated"
        ),
        ("modernbert", "\"local_attention\": 12", "\"local_attention\": 0", "\"local_attention\" is 0, expected 2"),
        (
            "modernbert", "\"local_attention\": 12", "\"local_attention\": true",
            "\"local_attention\" must be an integer"
        ),
        ("modernbert", "_n_layers\": 3", "_n_layers\": 0", "\"global_attn_every_n_layers\" is 0, expected 1 to 1024"),
        ("modernbert", "\"local_rope_theta\": 50.0", "\"local_rope_theta\": 0.5", "\"local_rope_theta\" is 0.5"),
        (
            "modernbert", "\"global_rope_theta\": 5000.0", "\"global_rope_theta\": 1e99",
            "\"global_rope_theta\" is 1e+99"
        ),
        ("modernbert", "\"mlp_bias\": false", "\"mlp_bias\": true", "missing: layers.0.mlp.Wi.bias"),
        ("modernbert", "\"mlp_bias\": false", "\"mlp_bias\": 0", "\"mlp_bias\" must be true or false"),
        (
            "modernbert-biases", "\"full_attention\",", "\"some_attention\",",
            "\"layer_types\" must list full_attention and sliding_attention"
        ),
        ("modernbert-biases", "\"full_attention\",", "", "\"layer_types\" lists 2 layers, expected 4"),
        (
            "modernbert-biases", "\"rope_type\": \"default\"", "\"rope_type\": \"yarn\"",
            "\"rope_parameters.full_attention.rope_type\" is \"yarn\", which Limn does not have; it has default"
        ),
        (
            "modernbert-biases", "\"rope_theta\": 160000.0", "\"rope_theta\": -1",
            "\"rope_parameters.full_attention.rope_theta\" is -1.0"
        ),
        ("siglip", "\"text_config\": {", "\"text_config\": 7, \"more\": {", "\"text_config\" must be an object"),
        ("siglip", "\"projection_size\": 24", "\"projection_size\": 2", "\"text_config.projection_size\" is 2"),
        ("siglip", "\"projection_size\": 24", "\"projection_size\": 25", "head.weight is [24×32], expected [25×32]"),
        (
            "siglip", "\"max_position_embeddings\": 16", "\"max_position_embeddings\": 99999",
            "\"text_config.max_position_embeddings\" is 99999"
        ),
        ("t5", "\"d_kv\": 6", "\"d_kv\": 0", "\"d_kv\" is 0, expected 1 to 8192"),
        (
            "t5", "\"d_kv\": 6", "\"d_kv\": 8",
            "encoder.block.0.layer.0.SelfAttention.q.weight is [72×32], expected [96×32]"
        ),
        ("t5", "\"num_layers\": 2", "\"num_layers\": 1", "unused: encoder.block.1.layer.0.SelfAttention.o.weight"),
        ("t5", "_num_buckets\": 32", "_num_buckets\": 3", "\"relative_attention_num_buckets\" is 3, expected 4"),
        ("t5", "_max_distance\": 128", "_max_distance\": 8", "\"relative_attention_max_distance\" is 8, expected 9"),
        (
            "t5", "\"feed_forward_proj\": \"relu\"", "\"feed_forward_proj\": \"gated-silu\"",
            "\"feed_forward_proj\" is \"silu\""
        ),
        (
            "t5", "\"feed_forward_proj\": \"relu\"", "\"feed_forward_proj\": \"gated-gelu\"",
            "missing: encoder.block.0.layer.1.DenseReluDense.wi_0.weight"
        ),
        (
            "t5-gated", "\"feed_forward_proj\": \"gated-gelu\"", "\"feed_forward_proj\": \"relu\"",
            "missing: encoder.block.0.layer.1.DenseReluDense.wi.weight"
        ),
        ("t5", "\"layer_norm_epsilon\": 1e-06", "\"layer_norm_epsilon\": -1", "\"layer_norm_epsilon\" is -1.0"),
    ]

    @Test(arguments: familyConfigurations.indices) func configurationsOfFamiliesAreRefused(_ index: Int) throws {
        let (name, old, new, words) = Self.familyConfigurations[index]
        let said = try complaint(name) { try replace(old, with: new, in: "\($0)/config.json") }
        #expect(said.contains(words), "\(said)")
    }

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
            let said = try complaint { try replace(old, with: new, in: "\($0)/1_Pooling/config.json") }
            #expect(said.contains(words), "\(said)")
        }
        let other = try complaint {
            try replace("models.Normalize", with: "models.WordWeights", in: "\($0)/modules.json")
        }
        #expect(other.contains("is \"WordWeights\", which Limn does not have; it has Transformer, Pooling"), "\(other)")
        let outside = try complaint {
            try replace("\"1_Pooling\"", with: "\"../1_Pooling\"", in: "\($0)/modules.json")
        }
        #expect(outside.contains("outside its folder"), "\(outside)")
        let short = try complaint {
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
            let said = try complaint("distilbert") { try replace(old, with: new, in: "\($0)/2_Dense/config.json") }
            #expect(said.contains(words), "\(said)")
        }
        let lacking = try complaint("distilbert") {
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
                atPath: "\(encoderFolders)/clip-end-id/model.safetensors", toPath: "\(folder)/model.safetensors")
        }
        #expect(other.contains("contains no array of this encoder"), "\(other)")
        let lacking = try complaint { folder in
            let path = "\(folder)/model.safetensors"
            let file = try Safetensors(contentsOf: path)
            let kept = file.names.filter { !$0.hasSuffix("layer.1.attention.self.key.bias") }.compactMap { file[$0] }
            try Safetensors.write(kept, metadata: [:], to: path)
        }
        #expect(lacking.contains("(missing: encoder.layer.1.attention.self.key.bias)"), "\(lacking)")
        // T5's embeddings have two names; their values must be the same.
        let ambiguous = try complaint("t5-gated") { folder in
            let path = "\(folder)/model.safetensors"
            let file = try Safetensors(contentsOf: path)
            let arrays = file.names.compactMap { file[$0] }.map { array in
                array.name == "encoder.embed_tokens.weight"
                    ? NamedArray(
                        name: array.name, shape: array.shape, element: array.element,
                        bytes: array.bytes.dropLast() + [1]) : array
            }
            try Safetensors.write(arrays, metadata: [:], to: path)
        }
        #expect(
            ambiguous.contains("encoder.embed_tokens.weight and shared.weight are the same parameter"), "\(ambiguous)")
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
        #expect(endless.contains("a sentence has no end token, which \"eos_token_id\""), "\(endless)")
    }
}

@Suite struct PretrainedFuzzTests {
    /// Damaged configurations are refused in one line, or the encoder can be used.
    @Test(arguments: PretrainedGoldenTests.families) func damagedConfigurationsAreRefusedOrUsable(_ name: String) throws
    {
        let original = [UInt8](try Data(contentsOf: URL(filePath: "\(encoderFolders)/\(name)/config.json")))
        for number in 0..<max(fuzzCount / 10, 1) {
            _ = try complaint(name) { folder in
                var mutator = Mutator(seed: 15, number: number)
                try put(mutator.damaged([original]), folder + "/config.json")
            }
        }
    }
}
