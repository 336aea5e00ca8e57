import FoundationEssentials
import TestSupport
import Testing
import Tokenizers

/// Members of `tokenizer.json`, valid and invalid.
@Suite struct TokenizerJSONTests {
    /// A `tokenizer.json`, with parts replaced.
    private static func file(
        model: String = #"{"type":"BPE","unk_token":"u","vocab":{"u":0,"a":1,"b":2,"ab":3},"merges":["a b"]}"#,
        _ more: String = ""
    ) -> String { #"{"version":"1.0","model":\#(model)\#(more)}"# }

    /// A `tokenizer.json` with a Unigram model.
    static func unigram(_ vocabulary: String = #"[["u",0],["a",-1]]"#, unknown: String = "0") -> String {
        file(model: #"{"type":"Unigram","vocab":\#(vocabulary),"unk_id":\#(unknown)}"#)
    }

    /// A normalizer with a character map.
    private static func characterMap(_ content: String) -> String {
        #","normalizer":{"type":"Precompiled","precompiled_charsmap":\#(content)}"#
    }

    private static func characterMap(_ bytes: [UInt8]) -> String {
        characterMap("\"\(Data(bytes).base64EncodedString())\"")
    }

    @Test(arguments: [
        ("", "is not a usable tokenizer"), ("{", "expected \"\\\"\" and found the end"),
        ("{}", "it is no tokenizer.json"),
        ("[1]", "it is not a JSON object"), ("{\"a\":\"b\"}", "it is no tokenizer.json"),
        ("{\"a\":1e5}", "it is no tokenizer.json"),
        (String(repeating: "{\"a\":", count: 100), "nests deeper than 64 levels"),
        (file(model: "null"), "it is no tokenizer.json"), (file(model: "[]"), "\"model\" must be an object"),
        (
            file(model: #"{"type":"WordLevel","vocab":{}}"#),
            "\"model.type\" is \"WordLevel\", which Limn does not have; it has BPE, WordPiece, Unigram"
        ),
        (unigram(#"[]"#), "\"model.vocab\" has 0 tokens"),
        (unigram(#"{"u":0}"#), "\"model.vocab\" must be a list, found an object"),
        (unigram(#"[["u",0],["a"]]"#), "\"model.vocab[1]\" must be a token and a score"),
        (unigram(#"[["u",0],["a",1,2]]"#), "\"model.vocab[1]\" must be a token and a score"),
        (unigram(#"[["u",0],["a","1"]]"#), "\"model.vocab[1]\" must be a token and a score"),
        (unigram(#"[["u",0],[1,"a"]]"#), "\"model.vocab[1]\" must be a token and a score"),
        (unigram(#"[["u",0],["a",1e999]]"#), "\"model.vocab[1]\" must be a token and a score that is not infinite"),
        (unigram(#"[["u",0],["a",-1e999]]"#), "\"model.vocab[1]\" must be a token and a score that is not infinite"),
        (unigram(#"[["u",0],["a",NaN]]"#), "it is not JSON at byte"),
        (unigram(#"[["u",0],["u",1]]"#), "token \"u\" has the ids 0 and 1"),
        (unigram(unknown: "null"), "\"model.unk_id\" must be an integer, found nothing"),
        (unigram(unknown: "-1"), "\"model.unk_id\" is -1, expected 0 to 1"),
        (unigram(unknown: "2"), "\"model.unk_id\" is 2, expected 0 to 1"),
        (unigram(unknown: "1.5"), "\"model.unk_id\" must be an integer"),
        (unigram(unknown: #"0,"byte_fallback":1"#), "\"model.byte_fallback\" must be true or false"),
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
        (
            file(#","normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"NFE"}]}"#),
            "\"normalizer.normalizers[1].type\" is \"NFE\", which Limn does not have; it has BertNormalizer, Lowercase, NFC"
        ),
        (file(characterMap("null")), "\"normalizer.precompiled_charsmap\" must be a string"),
        (file(characterMap(#""~~~~""#)), "\"normalizer.precompiled_charsmap\" is not base64; it is damaged"),
        (file(characterMap(#""""#)), "has 0 bytes and no whole trie; it is damaged, download the file again"),
        // Sizes of the trie: more than the file, no multiple of 4, none, more than a file can have.
        (file(characterMap([8, 0, 0, 0, 0, 0, 0, 0])), "has 8 bytes and no whole trie"),
        (file(characterMap([3, 0, 0, 0, 0, 0, 0, 0])), "has 8 bytes and no whole trie"),
        (file(characterMap([0, 0, 0, 0, 0, 0, 0, 0])), "has 8 bytes and no whole trie"),
        (file(characterMap([255, 255, 255, 255, 0, 0, 0, 0])), "has 8 bytes and no whole trie"),
        // A string whose value is outside of the trie, is none, or is outside of the replacements.
        (file(characterMap([4, 0, 0, 0, 0, 5, 0, 0])), "lacks replacements of its trie"),
        (file(characterMap([8, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0])), "lacks replacements of its trie"),
        (file(characterMap([8, 0, 0, 0, 0, 5, 0, 0, 1, 0, 0, 128, 0])), "lacks replacements of its trie"),
        (file(characterMap([4, 0, 0, 0, 0, 0, 0, 0, 255])), "lacks replacements of its trie"),
        (
            file(#","normalizer":{"type":"Replace","pattern":{"Regex":"("},"content":""}"#),
            "the regular expression \"(\""
        ),
        (
            file(#","pre_tokenizer":{"type":"UnicodeScripts"}"#),
            "\"pre_tokenizer.type\" is \"UnicodeScripts\", which Limn does not have; it has BertPreTokenizer, Whitespace"
        ),
        (
            file(#","pre_tokenizer":{"type":"Split","pattern":{"String":"a"},"behavior":"x"}"#),
            "\"pre_tokenizer.behavior\" is \"x\", which Limn does not have; it has Removed, Isolated"
        ),
        (
            file(#","pre_tokenizer":{"type":"Metaspace","replacement":"_","prepend_scheme":"last"}"#),
            "\"pre_tokenizer.prepend_scheme\" is \"last\", which Limn does not have; it has always, first, never"
        ),
        (
            file(
                #","pre_tokenizer":{"type":"Metaspace","replacement":"_","prepend_scheme":"first","add_prefix_space":false}"#
            ),
            "\"pre_tokenizer.prepend_scheme\" is \"first\", but \"pre_tokenizer.add_prefix_space\" is false"
        ),
        (file(#","pre_tokenizer":{"type":"Metaspace","replacement":"ab"}"#), "must be one character"),
        (file(#","post_processor":{"type":"BertProcessing","sep":["a",9],"cls":["a",1]}"#), "by an id in 0..<4"),
        (file(#","post_processor":{"type":"TemplateProcessing","single":[]}"#), "has no place for the text"),
        (
            file(
                #","post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}}],"special_tokens":{}}"#
            ),
            "has no \"x\""
        ),
        (
            file(#","post_processor":{"type":"PairProcessing"}"#),
            "\"post_processor.type\" is \"PairProcessing\", which Limn does not have; it has BertProcessing"
        ),
        (
            file(#","decoder":{"type":"CTC"}"#),
            "\"decoder.type\" is \"CTC\", which Limn does not have; it has WordPiece, ByteLevel"
        ),
        (file(#","added_tokens":[{"id":1,"content":"x"}]"#), "gives id 1 to \"x\", which is \"a\""),
        (file(#","added_tokens":[{"id":7,"content":"a"}]"#), "gives id 7 to \"a\", which is 1"),
        (file(#","padding":{"pad_id":9}"#), "\"padding.pad_id\" is 9"),
        (file(model: #"{"type":"BPE\#u{A}x","vocab":{}}"#), "holds a control character"),
        (file(model: #"{"type":"BPE\ud800","vocab":{}}"#), "surrogate"),
    ])
    func faultsAreNamed(_ content: String, _ expected: String) throws {
        try withTemporaryFolder { folder in
            try put(content, folder + "/t.json")
            expectFault(folder + "/t.json", expected)
        }
    }

    /// Characters that few texts contain: what remains of a text, by the normalizer alone.
    @Test(arguments: [
        // Controls are removed, but not U+0000, U+0080 and their like.
        (#"{"type":"Nmt"}"#, "a\u{1}\u{8}\u{B}\u{E}\u{1F}\u{7F}\u{8F}\u{9F}b", "ab"),
        (#"{"type":"Nmt"}"#, "a\u{0}\u{80}\u{8E}\u{90}b", "a????b"),
        // Spaces of other kinds, marks without width and U+FFFD become spaces, others stay.
        (
            #"{"type":"Nmt"}"#,
            "\u{9}\u{A}\u{C}\u{D}\u{1680}\u{200B}\u{200F}\u{2028}\u{2029}\u{2581}\u{FEFF}\u{FFFD}a",
            String(repeating: " ", count: 12) + "a"
        ),
        (#"{"type":"Nmt"}"#, "\u{85}\u{A0}\u{2010}\u{202A}\u{3000}", "?????"),
        (#"{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"b"}"#, "a a  a    a ", "a ababa "),
        (#"{"type":"Strip","strip_left":false,"strip_right":true}"#, "  a b \u{3000}", "  a b"),
        (#"{"type":"Prepend","prepend":"b"}"#, "a", "ba"), (#"{"type":"Prepend","prepend":"b"}"#, "", ""),
    ])
    func normalizersLeave(_ normalizer: String, _ text: String, _ expected: String) throws {
        try withTemporaryFolder { folder in
            let model = #"{"type":"Unigram","vocab":[["?",0],["a",-1],["b",-1],[" ",-1]],"unk_id":0}"#
            let tokenizer = #"{"model":\#(model),"normalizer":\#(normalizer)}"#
            try put(tokenizer, folder + "/t.json")
            let sequence = try Tokenizer(contentsOf: folder + "/t.json").encode(text, limit: .max)
            let found = zip(sequence.ids, sequence.offsets).map { id, range in
                // Unknown characters are one token.
                id == 0 ? String(repeating: "?", count: range.count) : ["", "a", "b", " "][Int(id)]
            }
            #expect(found.joined() == expected)
        }
    }

    @Test func filesCutAnywhereAreErrors() throws {
        let bytes = Array(Self.file(#","added_tokens":[{"id":4,"content":"é"}]"#).utf8)
        try withTemporaryFolder { folder in
            for count in 0..<bytes.count {
                try Data(bytes.prefix(count)).write(to: URL(filePath: folder + "/t.json"))
                #expect(throws: TokenizerError.self) { try Tokenizer(contentsOf: folder + "/t.json") }
            }
            expectFault(folder + "/absent", "no such file")
            try FileManager.default.removeItem(atPath: folder + "/t.json")
            expectFault(folder, "the folder has no tokenizer")
            try put("[UNK]\n[CLS]\n", folder + "/vocab.txt")
            expectFault(folder, "no token [SEP]")
        }
    }

    /// The token for padding is that of tokenizer_config.json, else that of "padding", else one of a common name.
    @Test func paddingIsFoundWhereItIsSaid() throws {
        let vocabulary = #"[["<unk>",0],["<pad>",0],["</s>",0],["a",-1]]"#
        try withTemporaryFolder { folder in
            let path = folder + "/tokenizer.json"
            try put(Self.unigram(vocabulary), path)
            #expect(try Tokenizer(contentsOf: path).padding == 1)
            let padded = Self.unigram(vocabulary).dropLast() + #","padding":{"pad_id":3}}"#
            try put(String(padded), path)
            #expect(try Tokenizer(contentsOf: path).padding == 3)
            for token in [#""</s>""#, #"{"content":"</s>","lstrip":true}"#] {
                try put("{\"pad_token\": \(token)}", folder + "/tokenizer_config.json")
                #expect(try Tokenizer(contentsOf: path).padding == 2)
            }
            for token in [#""absent""#, "null"] {
                try put("{\"pad_token\": \(token)}", folder + "/tokenizer_config.json")
                #expect(try Tokenizer(contentsOf: path).padding == 3)
            }
            try put("{\"pad_token\": 7}", folder + "/tokenizer_config.json")
            expectFault(path, "tokenizer_config.json: is not a usable tokenizer: \"pad_token\" must be a string")
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
}
