import Images

/// What an image says about the translation that it is: a PNG in texts, a JPEG or WebP in one.
public struct TranslationMetadata: Hashable, Sendable {
    /// The name of the file that was translated, without folders; truncated to 1,000 characters.
    public var source: String
    /// The model's name.
    public var model: String
    /// Whether the image was translated back, from the model's target to its source.
    public var isReverse: Bool
    /// The text on which the translation depended; truncated to 10,000 characters and 20,000 UTF-16 code units, so that a JPEG
    /// has room for what follows it. Nil if there was none.
    public var prompt: String?

    /// The metadata of the translation of a file by `model`.
    public init(source: String, model: String, isReverse: Bool = false, prompt: String? = nil) {
        self.source = String(source.prefix(1000))
        self.model = model
        self.isReverse = isReverse
        var units = 0
        self.prompt = prompt.map { prompt in
            let characters = ImageMetadata.stored(prompt).prefix { character in
                units += character.utf16.count
                return units <= 20_000
            }
            return String(characters)
        }
    }

    /// Text chunks, one per field.
    public var pngText: [(keyword: String, text: String)] {
        [
            (keyword: "source", text: source), (keyword: "model", text: model),
            (keyword: "direction", text: isReverse ? "reverse" : "forward"), (keyword: "Software", text: "Limn"),
        ] + (prompt.map { [(keyword: "prompt", text: $0)] } ?? [])
    }

    /// All fields as one text, for formats with a place for one.
    public var text: String {
        "Source: \(source), Model: \(model), Direction: \(isReverse ? "reverse" : "forward"), "
            + (prompt.map { "Prompt: \($0), " } ?? "") + "Software: Limn"
    }

    /// The metadata in the texts of an image: those of a PNG or, where they are not all there, the comment of a JPEG or WebP.
    /// Nil if it is not a translation by Limn.
    public init?(pngText: [(keyword: String, text: String)]) {
        func text(_ keyword: String) -> String? { pngText.first { $0.keyword == keyword }?.text }
        guard let software = text("Software"), let source = text("source"), let direction = text("direction") else {
            guard let comment = text(Image.commentKeyword) else { return nil }
            self.init(text: comment)
            return
        }
        guard software == "Limn", ["forward", "reverse"].contains(direction) else { return nil }
        self.init(
            source: source, model: text("model") ?? "", isReverse: direction == "reverse",
            prompt: text("prompt"))
    }

    /// The metadata in such a text as `text`; nil if it is another one.
    init?(text: String) {
        let (begin, end) = ("Source: ", ", Software: Limn")
        guard text.hasPrefix(begin), text.hasSuffix(end) else { return nil }
        /// Divides a text before the first `name`, which the fields before it are taken not to contain.
        func divided(_ text: Substring, at name: String) -> [Substring] {
            text.split(separator: ", \(name): ", maxSplits: 1, omittingEmptySubsequences: false)
        }
        let source = divided(text.dropFirst(begin.count).dropLast(end.count), at: "Model")
        let model = divided(source.last ?? "", at: "Direction")
        let direction = divided(model.last ?? "", at: "Prompt")
        guard source.count == 2, model.count == 2, let way = direction.first, ["forward", "reverse"].contains(way)
        else { return nil }
        self.init(
            source: String(source[0]), model: String(model[0]), isReverse: way == "reverse",
            prompt: direction.count == 2 ? String(direction[1]) : nil)
    }
}
