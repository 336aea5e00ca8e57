import FoundationEssentials
import Tokenizers
import Testing
import TestSupport

/// A vocabulary file as text, valid or invalid.
func vocabularyFile(
    _ merges: String, size: Int, format: String = "limn-byte-pairs-1", specials: String = #""<pad>","<start>","<end>""#
) -> [UInt8] {
    Array(
        #"{"format":"\#(format)","merges":[\#(merges)],"name":"n","provenance":"p","size":\#(size),"specials":[\#(specials)]}"#
            .utf8)
}

@Suite struct VocabularyTests {
    @Test func bytesAndSpecialTokensAreAlwaysThere() throws {
        let vocabulary = try Vocabulary(json: vocabularyFile("", size: 259), named: "v")
        #expect(vocabulary.count == 259)
        #expect((Vocabulary.padding, Vocabulary.start, Vocabulary.end) == (0, 1, 2))
        #expect((0..<3).map { Vocabulary.specialName(of: $0) } == ["<pad>", "<start>", "<end>"])
        for byte in UInt8.min...UInt8.max { #expect(vocabulary.spelling(of: 3 + Int32(byte)) == [byte]) }
        #expect(vocabulary.spelling(of: 0) == [])
        #expect(vocabulary.spelling(of: -1) == nil)
        #expect(vocabulary.spelling(of: 259) == nil)
    }

    @Test func fileIsReadAndWrittenUnchanged() throws {
        let bytes = vocabularyFile("[100,101],[259,259],[3,258]", size: 262) + [UInt8(ascii: "\n")]
        let vocabulary = try Vocabulary(json: bytes, named: "v")
        #expect(try vocabulary.json() == bytes)
        #expect(vocabulary.name == "n")
        #expect(vocabulary.provenance == "p")
        #expect(vocabulary.spelling(of: 260) == Array("abab".utf8))
        #expect(vocabulary.spelling(of: 261) == [0, 255])
        #expect(try Vocabulary(json: vocabulary.json(), named: "w") == vocabulary)
    }

    @Test(arguments: [
        ([], "not a JSON object"),
        (Array("[1,2]".utf8), "not a JSON object"),
        ([0x22, 0xFF, 0x22], "not a JSON object"),
        (Array(String(repeating: "[", count: 100_000).utf8), "not a JSON object"),
        (Array("{}".utf8), "it has no \"format\""),
        (vocabularyFile("", size: 259, format: "other"), "\"format\" must be"),
        (vocabularyFile("", size: 259, specials: #""<pad>","<end>","<start>""#), "\"specials\" must be"),
        (vocabularyFile("", size: 260), "\"size\" is 260"),
        (vocabularyFile("[100,101]", size: 259), "\"size\" is 259"),
        (vocabularyFile("[100,101]", size: -1), "\"size\" is -1"),
        (vocabularyFile("[100]", size: 260), "merge 0 must be a pair, found 1 numbers"),
        (vocabularyFile("[100,101],[100,101,102]", size: 261), "merge 1 must be a pair, found 3 numbers"),
        (vocabularyFile(#"[100,"b"]"#, size: 260), "\"merges\"[0][1] has a value of the wrong kind"),
        (vocabularyFile("[100,1e99]", size: 260), "numbers are 32-bit integers"),
        (vocabularyFile("[100,1.5]", size: 260), "numbers are 32-bit integers"),
        (vocabularyFile("[100,4294967396]", size: 260), "numbers are 32-bit integers"),
        (vocabularyFile("null", size: 260), "\"merges\"[0] has a value of the wrong kind"),
        (vocabularyFile("[100,2]", size: 260), "merge 0 makes token 259 of token 2,"),
        (vocabularyFile("[-1,100]", size: 260), "merge 0 makes token 259 of token -1,"),
        (vocabularyFile("[100,259]", size: 260), "merge 0 makes token 259 of token 259,"),
        (vocabularyFile("[100,101],[259,2147483647]", size: 261), "merge 1 makes token 260 of token 2147483647,"),
        (
            vocabularyFile("[100,101],[100,101]", size: 261),
            "merge 1 makes token 260, which spells the same as token 259"
        ),
        (
            vocabularyFile("[100,101],[259,102],[101,102],[100,261]", size: 263),
            "merge 3 makes token 262, which spells the same as token 260"
        ),
        // Each piece doubles the previous one.
        (
            vocabularyFile("[100,100]," + (259..<290).map { "[\($0),\($0)]" }.joined(separator: ","), size: 291),
            "merge 7 makes a piece of 256 bytes"
        ),
        (
            vocabularyFile(String(repeating: "[3,3],", count: 262_144) + "[3,3]", size: 262_404),
            "262145 merges exceed the limit of 262144 tokens"
        ),
        ([UInt8](repeating: 0x20, count: 9 << 20), "it has 9437184 bytes"),
    ])
    func hostileFilesAreOneClearError(_ bytes: [UInt8], _ expected: String) throws {
        let error = #expect(throws: TokenizerError.self) { try Vocabulary(json: bytes, named: "some/file.json") }
        let message = try #require(error).description
        #expect(message.hasPrefix("some/file.json: is not a usable vocabulary: "))
        #expect(message.contains(expected))
        #expect(!message.contains("\n"))
    }

    @Test func fileCutAnywhereIsAnError() {
        let bytes = vocabularyFile("[100,101],[259,259]", size: 261)
        for count in 0..<bytes.count {
            #expect(throws: TokenizerError.self) { try Vocabulary(json: Array(bytes.prefix(count)), named: "v") }
        }
    }

    @Test func committedVocabularyIsSound() throws {
        let file = URL(filePath: repositoryRoot + "/vocab/flowers-2k.json")
        let bytes = [UInt8](try Data(contentsOf: file))
        let vocabulary = try Vocabulary(json: bytes, named: "flowers-2k.json")
        #expect(vocabulary.count == 2048)
        #expect(vocabulary.name == "flowers-2k")
        #expect(try vocabulary.json() == bytes)
        let pieces = Tokenizer(vocabulary: vocabulary).encode("This flower has yellow petals.").ids
            .compactMap { vocabulary.spelling(of: $0) }.map { String(decoding: $0, as: UTF8.self) }
        #expect(pieces == ["", " this", " flower", " has", " yellow", " petals", ".", ""])
    }
}
