import FoundationEssentials
import TestSupport
import Testing
import Tokenizers

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
            for path in ["/vocab.json", "/merges.txt", ""] {
                #expect(
                    try Tokenizer(contentsOf: folder + path).encode(texts, limit: .max)
                        == whole.encode(texts, limit: .max))
            }
            try put("#version: 0.2\nĠ t\nno such\n", folder + "/merges.txt")
            Self.expectFault(folder, "merge 1, \"no such\", has a part or a result that is no token")
            try put("#version: 0.2\nĠ t\nthree in line\n", folder + "/merges.txt")
            Self.expectFault(folder, "line 3 must be two tokens")
            try Data("#version: 0.2\nĠ \u{FF}\n".utf8.map { $0 == 0xC3 ? 0xFF : $0 }).write(
                to: URL(filePath: folder + "/merges.txt"))
            Self.expectFault(folder, "line 2 is not UTF-8")
            try FileManager.default.removeItem(atPath: folder + "/merges.txt")
            Self.expectFault(folder, "merges.txt: no such file")
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
                Self.expectFault(path, count < 18 ? "gzip header is broken" : "cut short")
            }
            var broken = [UInt8](packed)
            for place in stride(from: 20, to: broken.count, by: broken.count / 40) {
                broken[place] ^= 0x55
                try Data(broken).write(to: URL(filePath: path))
                #expect(throws: TokenizerError.self) { try Tokenizer(contentsOf: path) }
                broken[place] ^= 0x55
            }
            try put("\"bpe_simple_vocab_16e6.txt#version: 0.2\na b\n", path)
            Self.expectFault(path, "it has 1 merges and CLIP takes 48894")
        }
    }

    private static func expectFault(_ path: String, _ expected: String) {
        let error = #expect(throws: TokenizerError.self) { try Tokenizer(contentsOf: path) }
        let message = error?.description ?? ""
        #expect(message.contains(expected), "\(message)")
        #expect(!message.contains("\n"))
    }

    /// A `tokenizer.json`, with parts replaced.
    private static func file(
        model: String = #"{"type":"BPE","unk_token":"u","vocab":{"u":0,"a":1,"b":2,"ab":3},"merges":["a b"]}"#,
        _ more: String = ""
    ) -> String { #"{"version":"1.0","model":\#(model)\#(more)}"# }

    @Test(arguments: [
        ("", "is not a usable tokenizer"), ("{", "expected \"\\\"\" and found the end"),
        ("{}", "it is no tokenizer.json"),
        ("[1]", "the unknown token \"[UNK]\" is not in the vocabulary"), ("{\"a\":\"b\"}", "it is no tokenizer.json"),
        ("{\"a\":1e5}", "it is no tokenizer.json"),
        (String(repeating: "{\"a\":", count: 100), "nests deeper than 64 levels"),
        (file(model: "null"), "it is no tokenizer.json"), (file(model: "[]"), "\"model\" must be an object"),
        (file(model: #"{"type":"Unigram","vocab":[]}"#), "\"model.type\" is \"Unigram\", which Limn does not have"),
        (file(model: #"{"type":"WordLevel","vocab":{}}"#), "\"model.type\" is \"WordLevel\""),
        (file(model: #"{"type":"BPE","merges":[]}"#), "\"model.vocab\" must be an object, found nothing"),
        (file(model: #"{"type":"BPE","vocab":{},"merges":[]}"#), "it has no tokens"),
        (file(model: #"{"type":"BPE","vocab":{"a":0},"merges":[]"#), "expected \",\" or \"}\""),
        (file(model: #"{"type":"BPE","vocab":{"a":-1},"merges":[]}"#), "the id of token \"a\" must be an integer"),
        (
            file(model: #"{"type":"BPE","vocab":{"a":99999999},"merges":[]}"#),
            "the id of token \"a\" must be an integer"
        ),
        (
            file(model: #"{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]}"#),
            "id 0 is that of the tokens \"a\" and \"b\""
        ),
        (file(model: #"{"type":"BPE","vocab":{"a":0,"a":1},"merges":[]}"#), "token \"a\" has the ids 0 and 1"),
        (file(model: #"{"type":"BPE","vocab":{"a":0},"merges":["a c"]}"#), "merge 0, \"a c\", has a part"),
        (file(model: #"{"type":"BPE","vocab":{"a":0},"merges":["a"]}"#), "\"model.merges[0]\" must be two tokens"),
        (file(model: #"{"type":"BPE","vocab":{"a":0},"merges":[["a"]]}"#), "\"model.merges[0]\" must be two tokens"),
        (file(model: #"{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"x"}"#), "unknown token \"x\""),
        (file(model: #"{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}"#), "makes tokens random"),
        (file(model: #"{"type":"WordPiece","vocab":{"a":0}}"#), "unknown token \"[UNK]\""),
        (file(#","normalizer":{"type":"Precompiled"}"#), "\"normalizer.type\" is \"Precompiled\""),
        (file(#","normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Nmt"}]}"#), "\"Nmt\""),
        (
            file(#","normalizer":{"type":"Replace","pattern":{"Regex":"("},"content":""}"#),
            "the regular expression \"(\""
        ),
        (file(#","pre_tokenizer":{"type":"UnicodeScripts"}"#), "\"UnicodeScripts\", a pre-tokenizer"),
        (file(#","pre_tokenizer":{"type":"Split","pattern":{"String":"a"},"behavior":"x"}"#), "which is not known"),
        (file(#","pre_tokenizer":{"type":"Metaspace","replacement":"ab"}"#), "must be one character"),
        (file(#","post_processor":{"type":"BertProcessing","sep":["a",9],"cls":["a",1]}"#), "by an id in 0..<4"),
        (file(#","post_processor":{"type":"TemplateProcessing","single":[]}"#), "has no place for the text"),
        (
            file(
                #","post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}}],"special_tokens":{}}"#
            ),
            "has no \"x\""
        ),
        (file(#","decoder":{"type":"CTC"}"#), "\"CTC\", a decoder"),
        (file(#","added_tokens":[{"id":1,"content":"x"}]"#), "gives id 1 to \"x\", which is \"a\""),
        (file(#","added_tokens":[{"id":7,"content":"a"}]"#), "gives id 7 to \"a\", which is 1"),
        (file(#","padding":{"pad_id":9}"#), "\"padding.pad_id\" is 9"),
        (file(model: #"{"type":"BPE\#u{A}x","vocab":{}}"#), "holds a control character"),
        (file(model: #"{"type":"BPE\ud800","vocab":{}}"#), "surrogate"),
    ])
    func faultsAreNamed(_ content: String, _ expected: String) throws {
        try withTemporaryFolder { folder in
            try put(content, folder + "/t.json")
            Self.expectFault(folder + "/t.json", expected)
        }
    }

    @Test func filesCutAnywhereAreErrors() throws {
        let bytes = Array(Self.file(#","added_tokens":[{"id":4,"content":"é"}]"#).utf8)
        try withTemporaryFolder { folder in
            for count in 0..<bytes.count {
                try Data(bytes.prefix(count)).write(to: URL(filePath: folder + "/t.json"))
                #expect(throws: TokenizerError.self) { try Tokenizer(contentsOf: folder + "/t.json") }
            }
            Self.expectFault(folder + "/absent", "no such file")
            try FileManager.default.removeItem(atPath: folder + "/t.json")
            Self.expectFault(folder, "the folder has no tokenizer")
            try put("[UNK]\n[CLS]\n", folder + "/vocab.txt")
            Self.expectFault(folder, "no token [SEP]")
        }
    }

    /// Canonically equivalent strings are equal in Swift, but different tokens.
    @Test func equivalentTokensStayApart() throws {
        try withTemporaryFolder { folder in
            let model =
                ###"{"type":"WordPiece","unk_token":"u","vocab":{"u":0,"\u00e9":1,"e\u0301":2,"##\u1f71":3,"##\u03ac":4}}"###
            try put(Self.file(model: model), folder + "/t.json")
            let tokenizer = try Tokenizer(contentsOf: folder + "/t.json")
            #expect(tokenizer.encode("\u{E9}").ids == [1])
            #expect(tokenizer.encode("e\u{301}").ids == [2])
            #expect(tokenizer.encode("\u{E9}\u{1F71}\u{3AC}").ids == [1, 3, 4])
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
