import Tokenizers
import Testing

@Suite struct TrainerTests {
    private func train(_ captions: [String], size: Int = 400) throws -> Vocabulary {
        try VocabularyTrainer(size: size).train(on: captions, name: "n", provenance: "p")
    }

    private func pieces(_ vocabulary: Vocabulary) -> [String] {
        (259..<Int32(vocabulary.count)).map { String(decoding: vocabulary.spelling(of: $0) ?? [], as: UTF8.self) }
    }

    /// " ab" occurs 3 times, " abc" twice: (space, a) and (a, b) occur 5 times each; the lower left id wins.
    @Test func mergesOfASmallCorpusByHand() throws {
        let vocabulary = try train(["ab ab abc", "ab", " ABC "])
        #expect(pieces(vocabulary) == [" a", " ab", " abc"])
        #expect(try vocabulary.json() == vocabularyFile("[35,100],[259,101],[260,102]", size: 262) + [0x0A])
    }

    /// " xb" and " xa" twice each: equal counts throughout after (space, x).
    @Test func tiesGoToTheLowerIds() throws {
        #expect(pieces(try train(["xb xa xb xa"])) == [" x", " xa", " xb"])
        // (c, z) and (d, a) occur 3 times each: the left id decides, then the right one.
        #expect(pieces(try train(["da", ",da", "!da", "cz", ",cz", "!cz"], size: 261)) == ["cz", "da"])
    }

    @Test func countsFallWhereAPairIsTakenApart() throws {
        // (b, c) occurs 4 times, but only once after merging (a, b), which occurs 5 times.
        let vocabulary = try train(["1ab", "2ab", "3abc", "4abc", "5abc", "6bc"])
        #expect(pieces(vocabulary) == ["ab", "abc"])
    }

    @Test func mergesNeverCrossWords() throws {
        let vocabulary = try train(Array(repeating: "red rose, 12 red roses!", count: 9), size: 600)
        for piece in pieces(vocabulary) {
            #expect(!piece.dropFirst().contains(" "))
            #expect(piece.allSatisfy { $0 == " " || $0.isLetter } || piece.allSatisfy { $0 == " " || !$0.isLetter })
        }
        #expect(pieces(vocabulary).contains(" roses"))
        #expect(pieces(vocabulary).contains(" 12"))
    }

    @Test func orderOfCaptionsDoesNotMatter() throws {
        // Words of few letters, for many ties.
        let captions = (0..<600).map { n in
            (0..<5).map { k in String((n &* 7919 &+ k &* 104_729) % 729, radix: 3) }.joined(separator: "x ")
        }
        let first = try train(captions, size: 500)
        #expect(first.count > 300)
        for _ in 0..<5 { #expect(try train(captions.shuffled(), size: 500).json() == first.json()) }
    }

    @Test func stopsAtTheSize() throws {
        let captions = ["red red red rose rose"]
        #expect(try train(captions, size: 259).count == 259)
        #expect(try train(captions, size: 261).count == 261)
    }

    @Test func runsOfOneLetterDoNotSpellTwice() throws {
        let captions = (1...300).map { String(repeating: "a", count: $0) + " " + String(repeating: "ab", count: $0) }
        let all = pieces(try train(captions + captions, size: 5000))
        #expect(Set(all).count == all.count)
        #expect(all.map(\.utf8.count).max() == 128)
    }

    @Test(arguments: [[], [""], ["", " \n\u{0}"]])
    func noWordsIsAnError(_ captions: [String]) {
        let error = #expect(throws: TokenizerError.self) { try train(captions) }
        #expect(error?.description.contains("no word in the captions") == true)
    }

    @Test(arguments: [Int.min, -1, 0, 258, 262_145, Int.max])
    func sizeOutOfRangeIsAnError(_ size: Int) {
        let error = #expect(throws: TokenizerError.self) { try train(["a"], size: size) }
        #expect(error?.description.hasPrefix("vocabulary size \(size) is outside of 259...262144") == true)
    }
}
