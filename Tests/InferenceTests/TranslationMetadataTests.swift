import Images
import Inference
import Testing

@Suite struct TranslationMetadataTests {
    @Test func aTranslationSaysWhatItWasMadeFrom() throws {
        let metadata = TranslationMetadata(source: "花.jpg", model: "m", isReverse: true)
        let png = try Image(width: 2, height: 2, color: .white).pngData(text: metadata.pngText)
        #expect(TranslationMetadata(pngText: try Image.pngText(in: png)) == metadata)
        #expect(ImageMetadata(pngText: metadata.pngText) == nil)
        for (keyword, text) in [("Software", "Other"), ("direction", "sideways")] {
            let changed = metadata.pngText.map { $0.keyword == keyword ? (keyword, text) : $0 }
            #expect(TranslationMetadata(pngText: changed) == nil)
        }
        #expect(TranslationMetadata(pngText: metadata.pngText.filter { $0.keyword != "source" }) == nil)
    }

    /// A PNG may have the comment of another program, and some of the fields may be another's.
    @Test func aCommentIsReadWhereFieldsAreMissing() {
        let (metadata, other) = (
            TranslationMetadata(source: "a.png", model: "m"), TranslationMetadata(source: "b.png", model: "n")
        )
        for text in ["x", other.text] {
            let comment = [(keyword: "UserComment", text: text)]
            #expect(TranslationMetadata(pngText: metadata.pngText + comment) == metadata)
            #expect(TranslationMetadata(pngText: comment + metadata.pngText) == metadata)
        }
        for field in ["Software", "source", "direction"] {
            let texts = metadata.pngText.filter { $0.keyword != field }
            #expect(TranslationMetadata(pngText: texts + [(keyword: "UserComment", text: other.text)]) == other)
            #expect(TranslationMetadata(pngText: texts + [(keyword: "UserComment", text: "x")]) == nil)
        }
    }

    /// A JPEG cuts off a comment at 32,737 UTF-16 code units, and says only at its end who wrote it.
    @Test(arguments: [("é", 10_000), ("🐦", 10_000), ("👩‍👩‍👧‍👦", 1818)])
    func longPromptsAreTruncated(letter: String, count: Int) throws {
        let metadata = TranslationMetadata(
            source: String(repeating: "a", count: 255), model: "m", prompt: String(repeating: letter, count: 40_000))
        #expect(metadata.prompt == String(repeating: letter, count: count))
        #expect(metadata.text.utf16.count < 32_737)
        guard let jpeg = try? Image(width: 2, height: 2, color: .white).jpegData(quality: 90, comment: metadata.text)
        else { return }
        #expect(try TranslationMetadata(pngText: Image.text(in: jpeg, named: "jpeg")) == metadata)
    }

    /// As a JPEG or WebP has it.
    @Test func aTranslationIsReadFromOneText() {
        func read(_ text: String) -> TranslationMetadata? {
            TranslationMetadata(pngText: [(keyword: "UserComment", text: text)])
        }
        for metadata in [
            TranslationMetadata(source: "花, a.jpg", model: "m"),
            TranslationMetadata(source: "", model: "m, n", isReverse: true),
            TranslationMetadata(source: "a.png", model: "m", prompt: "red, Prompt: blue\nSoftware: Limn"),
            TranslationMetadata(source: "a.png", model: "", prompt: ""),
        ] {
            #expect(read(metadata.text) == metadata, "\(metadata.text)")
        }
        for text in [
            "", "Source: , Software: Limn", "Source: a, Model: m, Software: Limn", "a photo, Software: Limn",
            "Source: a, Model: m, Direction: sideways, Software: Limn", "Source: a, Model: m, Direction: forward",
            "Source: a, Direction: forward, Model: m, Software: Limn",
        ] {
            #expect(read(text) == nil, "\(text)")
        }
    }
}
