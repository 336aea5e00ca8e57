import FoundationEssentials
import Glibc
import TestSupport
import Testing
import Tokenizers

/// Expects that a tokenizer is refused in one line that contains `expected`.
func expectFault(_ path: String, _ expected: String) {
    let error = #expect(throws: TokenizerError.self) { try Tokenizer(contentsOf: path) }
    let message = error?.description ?? ""
    #expect(message.contains(expected), "\(message)")
    #expect(!message.contains("\n"))
}

/// Files of other projects, valid and invalid.
@Suite struct TokenizerFileTests {
    private static func texts() throws -> [String] { try Golden.read([String].self, "texts.json") }

    private static func tokens(_ tokenizer: Tokenizer) -> [String] {
        (0..<Int32(tokenizer.count)).map { tokenizer.token(of: $0) ?? "" }
    }

    private static func quoted(_ text: String) throws -> String {
        String(decoding: try JSONEncoder().encode([text]), as: UTF8.self).dropFirst().dropLast().description
    }

    @Test(arguments: [("bert", true), ("bert-cased", false)])
    func vocabularyTextIsBERT(_ name: String, _ isUncased: Bool) throws {
        let whole = try Tokenizer(contentsOf: Golden.path("tokenizer-\(name).json"))
        try withTemporaryFolder { folder in
            try put(Self.tokens(whole).joined(separator: "\n") + "\n", folder + "/vocab.txt")
            if !isUncased { try put(#"{"do_lower_case": false}"#, folder + "/tokenizer_config.json") }
            for path in [folder + "/vocab.txt", folder] {
                let tokenizer = try Tokenizer(contentsOf: path)
                #expect(tokenizer.count == whole.count)
                #expect(tokenizer.padding == 0)
                let texts = try Self.texts()
                let (own, expected) = (tokenizer.encode(texts, limit: .max), whole.encode(texts, limit: .max))
                #expect(own == expected)
                #expect(own.map(\.offsets) == expected.map(\.offsets))
            }
        }
    }

    @Test func vocabularyAndMergesAreGPT2() throws {
        struct File: Decodable {
            struct Model: Decodable { let merges: [[String]] }
            let model: Model
        }
        let merges = try Golden.read(File.self, "tokenizer-gpt2.json").model.merges
        let whole = try Tokenizer(contentsOf: Golden.path("tokenizer-gpt2.json"))
        try withTemporaryFolder { folder in
            let vocabulary = try Self.tokens(whole).enumerated().map { "\(try Self.quoted($1)):\($0)" }
            try put("{\(vocabulary.joined(separator: ","))}", folder + "/vocab.json")
            try put(
                "#version: 0.2\n" + merges.map { $0.joined(separator: " ") + "\n" }.joined(), folder + "/merges.txt")
            let texts = try Self.texts()
            let expected = whole.encode(texts, limit: .max)
            func expectEqual() throws {
                for path in ["/vocab.json", "/merges.txt", ""] {
                    #expect(try Tokenizer(contentsOf: folder + path).encode(texts, limit: .max) == expected)
                }
            }
            try expectEqual()
            // Each may be compressed.
            for name in ["/vocab.json", "/merges.txt"] {
                try put(gzipped(#require(contents(folder + name))), folder + name)
                try expectEqual()
            }
            try put("#version: 0.2\nĠ t\nno such\n", folder + "/merges.txt")
            expectFault(folder, "merge 1, \"no such\", has a part or a result that is no token")
            try put("#version: 0.2\nĠ t\nthree in line\n", folder + "/merges.txt")
            expectFault(folder, "line 3 must be two tokens")
            try Data("#version: 0.2\nĠ \u{FF}\n".utf8.map { $0 == 0xC3 ? 0xFF : $0 }).write(
                to: URL(filePath: folder + "/merges.txt"))
            expectFault(folder, "line 2 is not UTF-8")
            try FileManager.default.removeItem(atPath: folder + "/merges.txt")
            expectFault(folder, "merges.txt: no such file")
        }
    }

    @Test func compressedMergesAreCLIP() throws {
        struct Values: Decodable {
            let texts: [String]
            let digests: [String]
        }
        let values = try Golden.read(Values.self, "values-clip-merges.json")
        let packed = try Data(contentsOf: Golden.folder.appending(path: "clip-merges.txt.gz"))
        let tokenizer = try Tokenizer(contentsOf: Golden.path("clip-merges.txt.gz"))
        #expect(tokenizer.count == 49_408)
        #expect(tokenizer.padding == 49_407)
        #expect(tokenizer.token(of: 0) == "!")
        #expect(tokenizer.token(of: 256) == "!</w>")
        #expect(tokenizer.token(of: 49_406) == "<|startoftext|>")
        let digests = tokenizer.encode(values.texts, limit: .max).map { Golden.digest($0) }
        #expect(digests == values.digests.map { UInt64($0, radix: 16) })
        #expect(tokenizer.decode(tokenizer.encode("A Red  flower", limit: .max)) == "a red flower")
        try withTemporaryFolder { folder in
            let path = folder + "/bpe_simple_vocab_16e6.txt.gz"
            for count in [2, 9, 17, 18, 100, packed.count / 2, packed.count - 5, packed.count - 1] {
                try packed.prefix(count).write(to: URL(filePath: path))
                expectFault(path, count < 18 ? "gzip header is broken" : "cut short")
            }
            var broken = [UInt8](packed)
            for place in stride(from: 20, to: broken.count, by: broken.count / 40) {
                broken[place] ^= 0x55
                try Data(broken).write(to: URL(filePath: path))
                #expect(throws: TokenizerError.self) { try Tokenizer(contentsOf: path) }
                broken[place] ^= 0x55
            }
            try put("\"bpe_simple_vocab_16e6.txt#version: 0.2\na b\n", path)
            expectFault(path, "it has 1 merges and CLIP takes 48894")
        }
    }

    @Test func theSizeLimitHoldsThroughLinks() throws {
        try withTemporaryFolder { folder in
            try put("{", folder + "/large")
            try #require(truncate(folder + "/large", 1 << 28) == 0)
            try #require(symlink("large", folder + "/tokenizer.json") == 0)
            expectFault(folder, "it has 268435456 bytes, over 134217728")
        }
    }

    @Test func sentencePieceModelsAreNamedWithTheirConversion() throws {
        try withTemporaryFolder { folder in
            for name in ["spiece.model", "sentencepiece.bpe.model", "tokenizer.model"] {
                try put([0x0A, 0x0E, 0x0A, 0x05, 0xFF], "\(folder)/\(name)")
                for path in [folder, "\(folder)/\(name)"] {
                    expectFault(path, "\(name): is not a usable tokenizer: it is a SentencePiece model")
                    expectFault(path, "T.from_pretrained('FOLDER').save_pretrained('FOLDER')")
                }
                try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            }
            // A tokenizer.json beside the model is read.
            try put(TokenizerJSONTests.unigram(), folder + "/tokenizer.json")
            try put([0x0A], folder + "/spiece.model")
            #expect(try Tokenizer(contentsOf: folder).encode("aa").ids == [1, 1])
        }
    }

    @Test func decodingOutOfRangeSpellsNothing() throws {
        let tokenizer = try Tokenizer(contentsOf: Golden.path("tokenizer-bert.json"))
        #expect(tokenizer.decode([.min, -1, .max, Int32(tokenizer.count)]) == "")
        #expect(tokenizer.token(of: -1) == nil)
        #expect(tokenizer.token(of: Int32(tokenizer.count)) == nil)
        #expect(tokenizer.encode("red petals", limit: 0).ids.count == 2)
    }
}
