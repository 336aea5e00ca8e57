import Tokenizers
import Testing

/// Swift compares strings by canonical equivalence; tests of normalization forms must compare scalars.
private func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }

@Suite struct NormalizerTests {
    private let normalize = CaptionNormalizer()

    @Test(arguments: normalizerReference.indices)
    func agreesWithAnotherImplementation(_ index: Int) {
        let (text, normal) = normalizerReference[index]
        #expect(scalars(normalize(text)) == scalars(normal))
    }

    @Test func foldsAndComposesByHand() {
        #expect(scalars(normalize("ﬁve")) == scalars("five"))
        #expect(scalars(normalize("Straße")) == scalars("strasse"))
        #expect(scalars(normalize("E\u{301}")) == ["\u{E9}"])
        #expect(scalars(normalize("ＡＢ１")) == scalars("ab1"))
    }

    @Test func makesOneSpaceOfWhiteSpaceAndControls() {
        #expect(normalize("\u{0}\t a \r\n\u{0}\u{85} b\u{2029}\u{3000}") == "a b")
        #expect(normalize(" \u{0}\n") == "")
        // Not composed across removed characters.
        #expect(scalars(normalize("e\u{0}\u{301}")) == ["e", " ", "\u{301}"])
    }

    @Test func isStableForEveryScalar() {
        var unstable: [Unicode.Scalar] = []
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let once = normalize("a\u{345}\u{301}\(scalar)\u{323}")
            if scalars(normalize(once)) != scalars(once) { unstable.append(scalar) }
        }
        #expect(unstable.isEmpty)
    }

    /// Sorting marks in quadratic time would take most of an hour.
    @Test(.timeLimit(.minutes(20)))
    func ordersLongRunsOfMarks() {
        let count = 300_000
        let normal = scalars(normalize("x" + String(repeating: "\u{35C}\u{334}", count: count)))
        #expect(normal.count == 1 + 2 * count)
        #expect(normal[1...count].allSatisfy { $0 == "\u{334}" })
    }
}
