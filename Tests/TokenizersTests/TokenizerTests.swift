import Tokenizers
import Testing

@Suite struct TokenizerTests {
    /// Merges "ab", "abab", "bc", " x".
    private let tokenizer: Tokenizer

    init() throws {
        let file = vocabularyFile("[100,101],[259,259],[101,102],[35,123]", size: 263)
        tokenizer = Tokenizer(vocabulary: try Vocabulary(json: file, named: "v"))
    }

    private static let texts: [String] =
        normalizerReference.map(\.text) + [
            "the petals are pink; 5 of them, don't you see?", "petalspetals", "Ünïcödé ÀÉÎÕÜ",
            "цветок с красными лепестками",
            "ένα κόκκινο τριαντάφυλλο", "赤い花、白い花びら", "빨간 꽃", "זר פרחים אדומים", "زهرة حمراء", "ดอกไม้สีแดง", "लाल फूल",
            "செம்பருத்தி",
            "👩‍👩‍👧‍👦🏳️‍🌈🇫🇷1️⃣", "\u{0}\u{1}\u{7F}\u{80}\u{9F}", "a\u{0}b", "\u{202E}evil\u{202C}\u{2066}\u{200F}",
            "\u{378}\u{E0001}\u{FFFE}\u{10FFFF}",
            "\u{FFFD}", "\u{301}\u{301}", "\u{200D}", "  ´ ", "<pad><start><end>", "\\u0000 %s {} \"'",
            "a" + String(repeating: "\u{300}", count: 500),
        ]

    @Test(arguments: texts)
    func decodingGivesTheNormalizedText(_ text: String) {
        let normal = CaptionNormalizer()(text)
        #expect(Array(tokenizer.decode(tokenizer.encode(text, limit: .max)).utf8) == Array(normal.utf8))
    }

    @Test func everyScalarSurvives() {
        var lost: [Unicode.Scalar] = []
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = "x\(scalar)1 \(scalar)"
            if Array(tokenizer.decode(tokenizer.encode(text, limit: .max)).utf8)
                != Array(CaptionNormalizer()(text).utf8)
            {
                lost.append(scalar)
            }
        }
        #expect(lost.isEmpty)
    }

    @Test func idsByHand() {
        #expect(tokenizer.encode("").ids == [1, 2])
        #expect(tokenizer.encode(" \n").ids == [1, 2])
        #expect(tokenizer.encode("AB").ids == [1, 35, 259, 2])
        // "ab" has priority over "bc"; "x" has the same token at the start as elsewhere.
        #expect(tokenizer.encode("abc x x").ids == [1, 35, 259, 102, 262, 262, 2])
        #expect(tokenizer.encode("ababab").ids == [1, 35, 260, 259, 2])
        // Letters, digits and punctuation are separate words, which merges do not cross.
        #expect(tokenizer.encode("a1b").ids == [1, 35, 100, 52, 101, 2])
    }

    @Test func limitCutsAtATokenAndKeepsTheEnd() {
        let whole = tokenizer.encode("ab abc é x", limit: .max).ids
        for limit in 2...whole.count + 3 {
            let ids = tokenizer.encode("ab abc é x", limit: limit).ids
            #expect(ids == whole.dropLast().prefix(limit - 1) + [2])
        }
        #expect(tokenizer.encode(String(repeating: "x ", count: 1000)).ids.count == 64)
    }

    @Test func whatIsNotUTF8IsRepaired() {
        // Truncation removes the second byte of é.
        #expect(tokenizer.decode(tokenizer.encode("é", limit: 4)) == "\u{FFFD}")
        #expect(tokenizer.decode([35, 258, 100]) == "\u{FFFD}a")
        #expect(
            tokenizer.decode([100, -1, 263, .max, .min, 101])
                == "a\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}b")
        #expect(tokenizer.decode([0, 100, 2, 1, 101]) == "ab")
        #expect(tokenizer.decode([]) == "")
    }

    /// Quadratic time would be days.
    @Test(.timeLimit(.minutes(20)))
    func aMillionLettersAreOneWord() {
        let ids = tokenizer.encode(String(repeating: "ab", count: 500_000), limit: .max).ids
        #expect(ids.count == 250_003)
        #expect(ids[2..<250_002].allSatisfy { $0 == 260 })
    }

    @Test func agreesWithAPlainEncoder() throws {
        let captions = (0..<400).map { n in
            String((n &* 2_654_435_761) & 0xFFFFF, radix: 2).map { $0 == "0" ? "a" : "b" }
        }
        .map { String($0) }
        let vocabulary = try VocabularyTrainer(size: 330).train(on: captions, name: "n", provenance: "p")
        let merges = try Reference(vocabulary).merges
        #expect(merges.count == 71)
        let tokenizer = Tokenizer(vocabulary: vocabulary)
        for seed in 1...500 {
            let word = String(
                String((seed &* 40_503 &* 2_654_435_761) & 0xFFFF_FFFF_FFFF, radix: 2).map { $0 == "0" ? "a" : "b" })
            #expect(tokenizer.encode(word).ids == [1] + Reference.encode(word, merges) + [2])
        }
    }
}

/// The definition of the encoding, in quadratic time: the earliest merge that applies, at its leftmost position.
private struct Reference {
    var merges: [[Int32]] = []

    init(_ vocabulary: Vocabulary) throws {
        let text = String(decoding: try vocabulary.json(), as: UTF8.self)
        let list = text.split(separator: "[[")[1].split(separator: "]]")[0]
        merges = list.split(separator: "],[").map { $0.split(separator: ",").compactMap { Int32($0) } }
    }

    static func encode(_ word: String, _ merges: [[Int32]]) -> [Int32] {
        var ids = (" " + word).utf8.map { Int32($0) + 3 }
        while true {
            guard
                let rank = merges.firstIndex(where: { merge in
                    zip(ids, ids.dropFirst()).contains { [$0, $1] == merge }
                }),
                let place = zip(ids, ids.dropFirst()).enumerated().first(where: { [$1.0, $1.1] == merges[rank] })?
                    .offset
            else { return ids }
            ids.replaceSubrange(place...place + 1, with: [Int32(259 + rank)])
        }
    }
}
