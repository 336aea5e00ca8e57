import Images
import Inference

extension Facts {
    /// An image: its size and how it was generated or translated, or else its texts.
    /// - Throws: `ImageError` if the header, or the texts of a PNG, cannot be read.
    init(image bytes: [UInt8], format: ImageFormat, path: String) throws {
        let size = try Image.size(of: bytes, named: path)
        self.init(path, kind: "image")
        add("format", format.rawValue)
        add("size", .size(size.width, size.height))
        add("bytes", .count(bytes.count))
        let texts = try Image.text(in: bytes, named: path)
        if let metadata = TranslationMetadata(pngText: texts) {
            add("translated from", metadata.source)
            add("direction", metadata.isReverse ? "reverse" : "forward")
            add("model", metadata.model)
            if let prompt = metadata.prompt { add("prompt", prompt) }
            return
        }
        guard let metadata = ImageMetadata(pngText: texts) else {
            for (keyword, text) in texts { add("text \(keyword)", String(text.prefix(Facts.longestText))) }
            return
        }
        let request = metadata.request
        add("prompt", request.prompt)
        add("seed", .seed(request.seed))
        if request.truncation.isFinite { add("truncation", .number(Double(request.truncation))) }
        if let blend = request.promptBlend {
            add("second prompt", blend.target)
            add("second prompt strength", .number(Double(blend.fraction)))
        }
        if let blend = request.seedBlend {
            add("variation seed", .seed(blend.target))
            add("variation strength", .number(Double(blend.fraction)))
        }
        add("model", metadata.model)
        if metadata.count > 1 { add("images", .count(metadata.count)) }
        add("walk", texts.first { $0.keyword == "walk" }?.text.replacing("\n", with: " "))
    }

    /// Texts of unknown files are cut off at this number of characters.
    static let longestText = 200
}
