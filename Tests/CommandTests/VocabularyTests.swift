import TestSupport
import Testing

/// `limn vocabulary` with third-party tokenizers.
@Suite struct VocabularyTests {
    private static let model =
        ###"{"type":"WordPiece","unk_token":"[UNK]","vocab":{"[UNK]":0,"[CLS]":1,"[SEP]":2,"red":3,"rose":4,"##s":5}}"###
    private static let tokenizer = #"""
        {"version":"1.0","added_tokens":[{"id":1,"content":"[CLS]","special":true,"normalized":false},
        {"id":2,"content":"[SEP]","special":true,"normalized":false}],"normalizer":{"type":"BertNormalizer"},
        "pre_tokenizer":{"type":"BertPreTokenizer"},"decoder":{"type":"WordPiece"},"model":\#(model),
        "post_processor":{"type":"BertProcessing","cls":["[CLS]",1],"sep":["[SEP]",2]}}
        """#

    @Test func encodesLinesAsJSONAndDecodesThem() throws {
        try withTemporaryFolder { folder in
            try put(Self.tokenizer, folder + "/tokenizer.json")
            try put("Red  roses\n\nTHE rosé\r\n", folder + "/lines")
            let file = try limn(
                "vocabulary", "encode", "--tokenizer", "tokenizer.json", "--file", "lines", "--json", in: folder)
            #expect(file.ending == .exit(0), "\(file.err)")
            let expected = """
                {"ids":[1,3,4,5,2],"offsets":[[0,0],[0,3],[5,9],[9,10],[0,0]],"tokens":["[CLS]","red","rose","##s","[SEP]"]}
                {"ids":[1,2],"offsets":[[0,0],[0,0]],"tokens":["[CLS]","[SEP]"]}
                {"ids":[1,0,4,2],"offsets":[[0,0],[0,3],[4,8],[0,0]],"tokens":["[CLS]","[UNK]","rose","[SEP]"]}

                """
            #expect(file.text == expected)
            #expect(file.err.isEmpty)
            let input = try limn(
                "vocabulary", "encode", "--vocabulary", ".", "--file", "-", "--json", in: folder,
                input: "Red  roses\n\nTHE rosé\r\n")
            #expect(input.text == expected)
            let ids = try limn("vocabulary", "encode", "red roses", "--tokenizer", ".", in: folder)
            #expect(ids.text == "1 3 4 5 2\n")
            let text = try limn("vocabulary", "decode", "1", "3", "4", "5", "2", "--tokenizer", ".", in: folder)
            #expect(text.text == "red roses\n")
            let shown = try limn("vocabulary", "show", "tokenizer.json", in: folder)
            #expect(shown.text.hasPrefix("# tokenizer.json: 6 tokens\n0\t\"[UNK]\"\n"))
            #expect(shown.text.hasSuffix("5\t\"##s\"\n"))
        }
    }

    @Test func saysOnceThatTextsWereCut() throws {
        try withTemporaryFolder { folder in
            try put(Self.tokenizer, folder + "/tokenizer.json")
            let outcome = try limn(
                "vocabulary", "encode", "--tokenizer", ".", "--file", "-", "--limit", "4", in: folder,
                input: "red\nred red red\nred red\nroses roses\n")
            #expect(outcome.text == "1 3 2\n1 3 3 2\n1 3 3 2\n1 4 5 2\n")
            #expect(outcome.talk.count == 1)
            #expect(outcome.err.contains("2 of 4 texts had more than 4 tokens and were truncated; the first is text 2"))
        }
    }

    @Test func badInputIsRefused() throws {
        try withTemporaryFolder { folder in
            try put(Self.tokenizer, folder + "/tokenizer.json")
            try put(Self.tokenizer.replacing("\"WordPiece\",", with: "\"WordLevel\","), folder + "/words.json")
            try put(String(Self.tokenizer.dropLast(9)), folder + "/cut.json")
            try put(Array("red\nr".utf8) + [0x80, 0x0A], folder + "/bytes")
            func encode(_ arguments: String...) throws -> Outcome {
                try Child(["vocabulary", "encode"] + arguments, in: folder).finish()
            }
            expectRefusal(try encode("red", "--tokenizer", "absent"), 66, "absent: no such file")
            for (name, content, reason) in [
                ("empty.json", "", "it is empty"), ("text.json", "red", "it is not a JSON object"),
            ] {
                try put(content, "\(folder)/\(name)")
                expectRefusal(
                    try encode("red", "--tokenizer", name), 65, "\(name): is not a usable tokenizer: \(reason)")
            }
            expectRefusal(try encode("red", "--tokenizer", "words.json"), 65, "\"model.type\" is \"WordLevel\"")
            expectRefusal(try encode("red", "--tokenizer", "cut.json"), 65, "it is not JSON")
            expectRefusal(try encode("--tokenizer", ".", "--file", "bytes"), 65, "bytes:2: is not UTF-8")
            expectRefusal(try encode("--tokenizer", ".", "--file", "absent"), 66, "absent: no such file")
            expectRefusal(
                try Child(
                    ["vocabulary", "encode", "--tokenizer", "."], in: folder, shell: #"exec "$@" "$(printf 'r\377d')""#
                ).finish(), 64, "is not UTF-8")
            expectRefusal(
                try limn("vocabulary", "decode", "6", "--tokenizer", ".", in: folder), 64, "6 is not a token id of .")
            let neither = try encode("--tokenizer", ".")
            #expect(neither.ending == .exit(64))
            let both = try encode("red", "--tokenizer", ".", "--file", "bytes")
            #expect(both.ending == .exit(64))
        }
    }
}
