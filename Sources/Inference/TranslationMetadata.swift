/// What a PNG says about the translation that its image is.
public struct TranslationMetadata: Hashable, Sendable {
    /// The name of the file that was translated, without folders; truncated to 1,000 characters.
    public var source: String
    /// The model's name.
    public var model: String
    /// Whether the image was translated back, from the model's target to its source.
    public var isReverse: Bool
    /// The text on which the translation depended; nil if there was none.
    public var prompt: String?

    /// The metadata of the translation of a file by `model`.
    public init(source: String, model: String, isReverse: Bool = false, prompt: String? = nil) {
        self.source = String(source.prefix(1000))
        self.model = model
        self.isReverse = isReverse
        self.prompt = prompt
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

    /// The metadata in the text chunks of a PNG; nil if it is not a translation by Limn.
    public init?(pngText: [(keyword: String, text: String)]) {
        func text(_ keyword: String) -> String? { pngText.first { $0.keyword == keyword }?.text }
        guard text("Software") == "Limn", let source = text("source"), let direction = text("direction"),
            ["forward", "reverse"].contains(direction)
        else { return nil }
        self.init(
            source: source, model: text("model") ?? "", isReverse: direction == "reverse",
            prompt: text("prompt"))
    }
}
