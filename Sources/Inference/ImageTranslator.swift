import Execution
import Graphs
import Images
import Layers
import Models
import Networks

/// Translates images of any size with an image-to-image model. Must be used on one thread.
///
/// Images of equal size are translated together. Large ones are divided into overlapping tiles (`TilePlan`): without instance
/// normalization the result is that of the whole image up to rounding, if the network sees no farther than 128 pixels; with it,
/// each tile is normalized by its own statistics.
public final class ImageTranslator {
    /// The model's name.
    public let name: String
    /// What messages call the model: its file, or its name.
    private let label: String
    private let network: TranslatorConfiguration
    private let scope: String
    private let device: any Device
    private let parameters: FrozenParameters
    /// Nil if the translation does not depend on text.
    private let embedder: SentenceEmbedder?
    /// The most pixels of a tile, and of a batch.
    private let largestArea: Int
    private var programs: [(shape: [Int], program: any Executable)] = []

    /// The most images that one run of the network translates.
    public static let largestBatch = 16
    /// The most values of a map at full resolution, which bounds memory: 1920×1080 pixels of 32 channels fit.
    private static let largestMap = 1 << 26
    /// The most bytes that programs kept for later batches of the same shape use.
    private static let programMemory = 1 << 30
    /// Tiles overlap by twice this number of pixels at most, besides the ramp.
    private static let largestMargin = 128

    /// Loads a model onto a device.
    /// - Parameters:
    ///   - isReverse: whether to translate back, from the model's target to its source.
    ///   - encoder: the folder of the pretrained text encoder that the model refers to; nil tries its original path, then the folder of
    ///     the model file.
    /// - Throws: `ModelError` if the model does not translate back, its text encoder is not found, or parameters are missing or
    ///   misshapen.
    public convenience init(
        _ model: TranslationModel, isReverse: Bool = false, encoder: String? = nil, device: any Device
    ) throws {
        let area = ImageTranslator.largestMap / max(16, model.configuration.translator.width)
        try self.init(model, isReverse: isReverse, encoder: encoder, device: device, largestArea: area)
    }

    /// - Parameter largestArea: the most pixels of a tile, and of a batch of them.
    package init(
        _ model: TranslationModel, isReverse: Bool = false, encoder: String? = nil, device: any Device, largestArea: Int
    ) throws {
        let configuration = model.configuration
        name = configuration.name
        label = model.label
        network = configuration.translator
        self.device = device
        self.largestArea = largestArea
        guard !isReverse || configuration.hasReverse else {
            throw ModelError(path: label, problem: "translates in one direction only; omit --reverse", kind: .usage)
        }
        let text = try model.textEncoder(at: encoder)
        guard (text != nil) == (network.condition > 0) else {
            throw ModelError(path: label, problem: "has no text encoder, which its translator needs")
        }
        embedder = try model.building {
            try text.map { try SentenceEmbedder($0, name: model.configuration.name, device: device) }
        }
        let scope = isReverse ? "reverse" : "translator"
        self.scope = scope
        let store = ParameterStore()
        _ = Translator(ParameterScope(Graph(), store) / scope, network)
        let values = try store.allocate(on: device)
        try model.building { try store.load(model.arrays.below(scope).above(scope), into: values) }
        parameters = FrozenParameters(store.slices(of: values))
    }

    /// Whether the translation depends on a prompt.
    public var needsPrompts: Bool { embedder != nil }

    /// Translates images, in order. An image does not depend on the others, except for rounding: a pixel may differ by one level.
    /// - Parameters:
    ///   - images: of any sizes; the results have the same ones.
    ///   - prompts: one per image, if the model needs them.
    ///   - progress: called with the number of tiles that are done and the number of all; an image has one or more.
    /// - Throws: `ModelError` if the model's weights give values that are not finite, `ExecutionError` without enough memory.
    /// - Precondition: there are prompts if and only if the model needs them.
    public func translate(
        _ images: [Image], prompts: [String] = [], progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> [Image] {
        precondition(prompts.count == (needsPrompts ? images.count : 0), "a model that needs prompts has one per image")
        let sentences = try embedder?.embed(prompts) ?? []
        var canvases = images.map { Canvas($0, plan: plan($0)) }
        var results = [Image?](repeating: nil, count: images.count)
        let tiles = canvases.indices.flatMap { image in (0..<canvases[image].plan.count).map { (image, tile: $0) } }
        let groups = Dictionary(grouping: tiles) { canvases[$0.0].shape }.sorted { $0.value[0].0 < $1.value[0].0 }
        var done = 0
        for (shape, tiles) in groups {
            var rest = tiles[...]
            while !rest.isEmpty {
                let batch = rest.prefix(batchSize(for: rest.count, area: shape[0] * shape[1]))
                rest = rest.dropFirst(batch.count)
                let pixels = try translated(
                    batch.flatMap { canvases[$0.0].source(ofTile: $0.tile) },
                    sentences: batch.flatMap { sentences[$0.0 * network.condition..<($0.0 + 1) * network.condition] },
                    shape: [batch.count] + shape)
                for (index, (image, tile)) in batch.enumerated() {
                    let count = pixels.count / batch.count
                    canvases[image].add(pixels[index * count..<(index + 1) * count], tile: tile)
                    // Frees the canvas.
                    if tile == canvases[image].plan.count - 1 { results[image] = canvases[image].finish() }
                }
                done += batch.count
                progress(done, canvases.reduce(0) { $0 + $1.plan.count })
            }
        }
        return results.compactMap(\.self)
    }

    private func plan(_ image: Image) -> TilePlan {
        // Where statistics differ between tiles, a wider ramp hides it better.
        TilePlan(
            width: image.width, height: image.height, multiple: network.multiple,
            margin: min(network.reach, ImageTranslator.largestMargin), ramp: network.normalization == .none ? 8 : 64,
            area: largestArea)
    }

    /// The size of the next batch of `count` tiles: a power of two, so that few programs serve any number.
    private func batchSize(for count: Int, area: Int) -> Int {
        var size = ImageTranslator.largestBatch
        while size > count || size > 1 && size * area > largestArea { size /= 2 }
        return size
    }

    /// Results in −1…1 or somewhat beyond for sources [batch, height, width, 3] in −1…1.
    /// - Parameter sentences: their sentence vectors, [batch×condition].
    package func translated(_ source: [Float], sentences: [Float] = [], shape: [Int]) throws -> [Float] {
        let pixels = try program(shape).run(["source": .floats(source), "sentences": .floats(sentences)])["images"]
        try ModelError.requireFinite(pixels, of: label)
        return pixels
    }

    private func program(_ shape: [Int]) throws -> any Executable {
        if let index = programs.firstIndex(where: { $0.shape == shape }) {
            programs.append(programs.remove(at: index))
            return programs[programs.count - 1].program
        }
        while programs.reduce(0, { $0 + $1.program.memory }) > ImageTranslator.programMemory { programs.removeFirst() }
        let shards = device.shardCount(forBatch: shape[0])
        let program = try device.compile(shards: shards, parameters: ParameterMap(frozen: parameters)) { _ in
            let graph = Graph()
            let translator = Translator(ParameterScope(graph, ParameterStore()) / scope, network)
            let count = shape[0] / shards
            let source = ImageBatch(graph.input("source", [count, shape[1], shape[2], 3]))
            let condition = network.condition
            let sentences = condition > 0 ? TextEmbedding(graph.input("sentences", [count, condition])) : nil
            return Outputs(results: ["images": translator(source, sentences: sentences).tensor])
        }
        programs.append((shape, program))
        return program
    }
}

/// An image during its translation: the source, and the weighted sum of the tiles so far.
private struct Canvas {
    let plan: TilePlan
    private let source: Image
    private var sums: [Float] = []

    init(_ source: Image, plan: TilePlan) { (self.source, self.plan) = (source, plan) }

    /// Height and width of a tile.
    var shape: [Int] { [plan.rows.tile, plan.columns.tile] }

    /// The source's part in a tile, [height, width, 3] in −1…1.
    func source(ofTile tile: Int) -> [Float] {
        let (row, column) = tile.quotientAndRemainder(dividingBy: plan.columns.starts.count)
        let (width, height) = (plan.columns.tile, plan.rows.tile)
        let xs = (0..<width).map { reflected(plan.columns.starts[column] + $0, in: source.width) }
        let levels = (0..<256).map { Float($0) / 127.5 - 1 }
        return [Float](unsafeUninitializedCapacity: width * height * 3) { values, count in
            source.pixels.withUnsafeBufferPointer { pixels in
                for y in 0..<height {
                    let line = reflected(plan.rows.starts[row] + y, in: source.height) * source.width
                    for x in xs {
                        let from = (line + x) * 3
                        values[count] = levels[Int(pixels[from])]
                        values[count + 1] = levels[Int(pixels[from + 1])]
                        values[count + 2] = levels[Int(pixels[from + 2])]
                        count += 3
                    }
                }
            }
        }
    }

    /// Adds the result of a tile.
    mutating func add(_ values: ArraySlice<Float>, tile: Int) {
        if sums.isEmpty { sums = [Float](repeating: 0, count: source.pixels.count) }
        let (row, column) = tile.quotientAndRemainder(dividingBy: plan.columns.starts.count)
        let (left, top) = (plan.columns.starts[column], plan.rows.starts[row])
        let across = plan.columns.weights(ofTile: column).prefix(source.width - left).enumerated().filter { $1 > 0 }
        let down = plan.rows.weights(ofTile: row).prefix(source.height - top).enumerated().filter { $1 > 0 }
        values.withUnsafeBufferPointer { values in
            sums.withUnsafeMutableBufferPointer { sums in
                for (y, lineWeight) in down {
                    let (to, from) = (((top + y) * source.width + left) * 3, y * plan.columns.tile * 3)
                    for (x, weight) in across {
                        let weight = weight * lineWeight
                        for channel in 3 * x..<3 * x + 3 { sums[to + channel] += weight * values[from + channel] }
                    }
                }
            }
        }
    }

    /// The result, when all tiles were added.
    mutating func finish() -> Image {
        defer { sums = [] }
        return Image(width: source.width, height: source.height, values: sums)
    }
}
