import Evaluation
import Testing

@Suite struct SynonymTests {
    @Test func replacesWholeWordsWhateverTheirCase() throws {
        let reword = try Synonyms(text: "# colours\nred  Crimson\n\nflower blossom\r\n", named: "words.txt")
        #expect(
            reword("A Red flower, red-edged; reddish flowers.") == "A crimson blossom, crimson-edged; reddish flowers.")
        #expect(reword("") == "")
        #expect(reword("no such word") == "no such word")
    }

    @Test func saysWhichLineIsWrong() {
        #expect {
            try Synonyms(text: "red crimson\nwhite\n", named: "words.txt")
        } throws: { "\($0)".hasPrefix("words.txt:2: ") }
        #expect(throws: Synonyms.FormatError.self) { try Synonyms(text: "light blue azure", named: "x") }
    }
}
