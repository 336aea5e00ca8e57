import Foundation
import TestSupport
import Testing

/// Values in `config.json` that no encoder can have are refused in one line that names the key.
@Suite struct PretrainedConfigurationTests {
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
        let said = try encoderComplaint(name) { try replace(old, with: new, in: "\($0)/config.json") }
        #expect(said.contains(words), "\(said)")
    }

    @Test(arguments: configurations.indices) func configurationsAreRefused(_ index: Int) throws {
        let (old, new, words) = Self.configurations[index]
        let said = try encoderComplaint { try replace(old, with: new, in: "\($0)/config.json") }
        #expect(said.contains(words), "\(said)")
    }
}

@Suite struct PretrainedFuzzTests {
    /// Damaged configurations are refused in one line, or the encoder can be used.
    @Test(arguments: PretrainedGoldenTests.families) func damagedConfigurationsAreRefusedOrUsable(_ name: String) throws
    {
        let original = [UInt8](try Data(contentsOf: URL(filePath: "\(encoderFolders)/\(name)/config.json")))
        let count = max(fuzzCount / 10, 1)
        var refused = 0
        for number in 0..<count {
            let complaint = try encoderComplaint(name) { folder in
                var mutator = Mutator(seed: 15, number: number)
                try put(mutator.damaged([original]), folder + "/config.json")
            }
            if complaint != "nothing" { refused += 1 }
        }
        // Some damage is harmless, such as to a key that is not read; most is not.
        #expect(refused > count / 2, "\(refused) of \(count) were refused")
    }
}
