import Inference
import Testing

@Suite struct WordReplacementTests {
    private func edited(_ prompt: String, _ pairs: (String, String)...) -> String? {
        let (result, found) = WordReplacements(pairs.map { (words: $0.0, replacement: $0.1) })(prompt)
        return found.count == pairs.count ? result : nil
    }

    @Test func wholeWordsAreReplacedInEitherCase() {
        #expect(edited("Yellow petals, yellow center", ("yellow", "purple")) == "purple petals, purple center")
        #expect(edited("yellow-orange", ("YELLOW", "red")) == "red-orange")
        #expect(edited("the rose's petals", ("rose", "lily")) == "the lily's petals")
        #expect(edited("a yellowish flower", ("yellow", "red")) == nil)
        #expect(edited("64x64", ("64", "32")) == nil)
        #expect(edited("ÉTÉ été", ("été", "hiver")) == "hiver hiver")
        #expect(edited("一朵 红 花", ("红", "白")) == "一朵 白 花")
        #expect(edited("a (red) rose", ("(red)", "white")) == "a white rose")
    }

    @Test func severalWordsAndOverlapsPreferTheLonger() {
        #expect(
            edited("a dark red rose, a red one", ("red", "white"), ("dark red", "blue")) == "a blue rose, a white one")
    }

    /// All at once, so that two words can change places.
    @Test func whatIsPutInStays() {
        #expect(
            edited("yellow petals, purple center", ("yellow", "purple"), ("purple", "yellow"))
                == "purple petals, yellow center")
        #expect(edited("a a", ("a", "a a")) == "a a a a")
    }

    @Test func removedWordsLeaveOneSpace() {
        #expect(edited("a big red rose", ("big", "")) == "a red rose")
        #expect(edited("big rose", ("big", "")) == "rose")
        #expect(edited("rose, big", ("big", "")) == "rose, ")
        #expect(edited("big", ("big", "")) == "")
    }

    @Test func theMissingOneIsKnown() {
        let (prompt, found) = WordReplacements([(words: "blue", replacement: "x"), (words: "rose", replacement: "y")])(
            "a rose")
        #expect(prompt == "a y" && found == [1])
    }
}
