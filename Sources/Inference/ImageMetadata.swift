import Basics

/// What a PNG says about the image in it: the request and the model, so that it can be generated again.
public struct ImageMetadata: Hashable, Sendable {
    /// What the images of a file are put together as.
    public enum Sheet: String, Sendable {
        /// Rows of images.
        case grid
        /// Rows of images with prompts above and seeds below them.
        case labels
        /// An image as it was and, beside it, the edited one.
        case comparison
    }

    /// The request: of a grid, that of the first image; of a comparison, that of the edited one. Prompts are truncated to 10,000
    /// characters.
    public var request: GenerationRequest
    /// The model's name.
    public var model: String
    /// Number of images in the file, at least 1; more than 1 in a grid.
    public var count: Int
    /// A hash of all that changes a grid, a sheet with labels or a comparison: requests, arrangement, the model's name and the
    /// images' size. Two of them may begin with the same image. Nil if it is not known, and of a single image without labels.
    public var gridHash: String?

    /// The metadata of `count` images that `model` generated.
    public init(request: GenerationRequest, model: String, count: Int = 1) {
        self.request = request
        self.request.prompt = ImageMetadata.stored(request.prompt)
        if let target = request.promptBlend?.target { self.request.promptBlend?.target = ImageMetadata.stored(target) }
        // A PNG's text has no control characters, but the name in a file may.
        self.model = printable(model)
        self.count = count
    }

    /// The metadata of one image, or of several in a file.
    /// - Parameters:
    ///   - requests: those of all images in the order in which they are drawn, at least one. The `request` is the first or, of a
    ///     comparison, the last.
    ///   - sheet: what they are put together as; a single image is a grid of one.
    ///   - columns: number of images in a row.
    ///   - side: width and height of an image in pixels.
    public init(requests: [GenerationRequest], sheet: Sheet, columns: Int, model: String, side: Int) {
        let named = sheet == .comparison ? requests.count - 1 : 0
        self.init(request: requests[named], model: model, count: requests.count)
        guard count > 1 || sheet == .labels else { return }
        var hash = FNV1a()
        func add(_ text: String) {
            hash.add(text.utf8)
            // No byte of a text in UTF-8 has this value.
            hash.add([0xFF])
        }
        for text in [sheet.rawValue, "\(columns)", "\(side)"] { add(text) }
        for request in requests {
            for (keyword, text) in ImageMetadata(request: request, model: model).pngText {
                add(keyword)
                add(text)
            }
        }
        gridHash = String(hash.value, radix: 16)
    }

    /// The request as other image generators write it: the prompt, and a line of settings.
    public var parameters: String {
        var settings = ["Seed: \(request.seed)"]
        if request.truncation.isFinite { settings.append("Truncation: \(request.truncation)") }
        if let blend = request.seedBlend {
            settings.append("Variation seed: \(blend.target), Variation seed strength: \(blend.fraction)")
        }
        if let blend = request.promptBlend { settings.append("Second prompt strength: \(blend.fraction)") }
        if count > 1 { settings.append("Images: \(count)") }
        settings.append("Model: \(model)")
        return "\(request.prompt)\n\(settings.joined(separator: ", "))"
    }

    /// Text chunks: `parameters` in the form that other image generators write and read, and one chunk per field for
    /// programs. `grid_hash`, the ``gridHash`` in hexadecimal digits, only tells grids apart.
    public var pngText: [(keyword: String, text: String)] {
        var text = [
            (keyword: "parameters", text: parameters),
            (keyword: "prompt", text: request.prompt),
            (keyword: "seed", text: "\(request.seed)"), (keyword: "model", text: model),
            (keyword: "Software", text: "Limn"),
        ]
        if request.truncation.isFinite { text.append((keyword: "truncation", text: "\(request.truncation)")) }
        if let blend = request.seedBlend {
            text.append((keyword: "variation_seed", text: "\(blend.target)"))
            text.append((keyword: "variation_strength", text: "\(blend.fraction)"))
        }
        if let blend = request.promptBlend {
            text.append((keyword: "second_prompt", text: blend.target))
            text.append((keyword: "second_prompt_strength", text: "\(blend.fraction)"))
        }
        if count > 1 { text.append((keyword: "images", text: "\(count)")) }
        if let gridHash { text.append((keyword: "grid_hash", text: gridHash)) }
        return text
    }

    /// The metadata in the text chunks of a PNG; nil if Limn did not write them, or they are damaged.
    public init?(pngText: [(keyword: String, text: String)]) {
        func text(_ keyword: String) -> String? { pngText.first { $0.keyword == keyword }?.text }
        func fraction(_ keyword: String) -> Float? {
            text(keyword).flatMap(Float.init).flatMap { (0...1).contains($0) ? $0 : nil }
        }
        guard text("Software") == "Limn", let prompt = text("prompt"), let seed = text("seed").flatMap(UInt64.init)
        else { return nil }
        self.init(request: GenerationRequest(prompt: prompt, seed: seed), model: text("model") ?? "")
        if let bound = text("truncation") {
            guard let bound = Float(bound), bound > GenerationRequest.leastTruncation else { return nil }
            request.truncation = bound
        }
        if let target = text("variation_seed") {
            guard let target = UInt64(target), let fraction = fraction("variation_strength") else { return nil }
            request.seedBlend = Blend(toward: target, fraction: fraction)
        }
        if let target = text("second_prompt") {
            guard let fraction = fraction("second_prompt_strength") else { return nil }
            request.promptBlend = Blend(toward: ImageMetadata.stored(target), fraction: fraction)
        }
        if let count = text("images") {
            guard let count = Int(count), count > 0 else { return nil }
            self.count = count
        }
        gridHash = text("grid_hash")
    }

    /// A walk as one text, for formats with a place for one: its prompts, a line each, and its settings.
    public func text(ofWalkThrough points: [(prompt: String, seed: UInt64)], frames: Int) -> String {
        let prompts =
            Set(points.map(\.prompt)).count == 1 ? [request.prompt] : points.map { ImageMetadata.stored($0.prompt) }
        let seeds = Set(points.map(\.seed)).count == 1 ? [request.seed] : points.map(\.seed)
        let bound = request.truncation.isFinite ? ["Truncation: \(request.truncation)"] : []
        let settings =
            ["Seed: \(seeds.map(String.init).joined(separator: " → "))"] + bound
            + ["Frames: \(frames)", "Model: \(model)", "Software: Limn"]
        return prompts.joined(separator: "\n→ ") + "\n" + settings.joined(separator: ", ")
    }

    /// A prompt as it is stored in an image: its first 10,000 characters.
    static func stored(_ prompt: String) -> String { String(prompt.prefix(10_000)) }
}
