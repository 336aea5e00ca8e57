import Checkpoints
import Files
import FoundationEssentials
import Layers
import Models
import Networks
import Tokenizers

/// What a training starts with instead of random values (`from:` in a recipe): the text encoder and the generator of a model, and
/// the image encoder that belongs to the text encoder, if it was kept.
///
/// A run keeps copies in its folder `start`, so that it can be resumed without the originals.
struct StartingPoint {
    private let path: String
    private let text: SentenceEncoder?
    private let image: (configuration: ImageTowerConfiguration, arrays: NetworkArrays)?
    private let generator: (configuration: GeneratorConfiguration, arrays: NetworkArrays)?

    /// What a recipe starts from; nil if it starts with random values.
    /// - Throws: as `init(contentsOf:)`; `ModelError` of kind `usage` if the recipe's networks are others, and of kind `badData`
    ///   if the image encoder was trained on other frozen features.
    init?(for recipe: Recipe) throws {
        guard !recipe.from.isEmpty else { return nil }
        try self.init(contentsOf: recipe.from)
        try requireFit(recipe)
        if recipe.text.isTrained { try requireFeatures() }
    }

    /// - Parameter path: a model, a pair of encoders, or a run directory with one or both of them.
    /// - Throws: `ModelError` or `CheckpointError`, one line that names the file.
    init(contentsOf path: String) throws {
        self.path = path
        let (modelPath, pairPath) = try StartingPoint.files(of: path)
        let model = try modelPath.map { try Model(contentsOf: $0) }
        let pair = try pairPath.map { try EncoderPair(contentsOf: $0) }
        // The model's own encoder is the one that its generator knows; the pair of its run is the same one.
        text = try model?.encoder(at: nil) ?? pair?.text
        image = pair.map { ($0.image, $0.imageArrays) }
        generator = model.map { ($0.configuration.networks, $0.arrays.below("generator")) }
    }

    /// The copies in a run; nil if it starts with random values.
    init?(of run: RunDirectory) throws {
        let folder = StartingPoint.folder(of: run)
        guard FileManager.default.fileExists(atPath: folder) else { return nil }
        try self.init(contentsOf: folder)
    }

    /// Copies what a recipe starts from into a new run.
    static func copy(from path: String, to run: RunDirectory) throws {
        let folder = folder(of: run)
        let (model, pair) = try files(of: path)
        do {
            // A process killed at this point leaves a part of it.
            if FileManager.default.fileExists(atPath: folder) { try FileManager.default.removeItem(atPath: folder) }
            let (modelCopy, pairCopy) = names(in: folder)
            try createFolder(parentFolder(of: pairCopy))
            if let model { try FileManager.default.copyItem(atPath: model, toPath: modelCopy) }
            if let pair { try FileManager.default.copyItem(atPath: pair, toPath: pairCopy) }
        } catch let error as FileError {
            throw error
        } catch {
            throw FileError(.write, folder, code: posixCode(error))
        }
    }

    private static func folder(of run: RunDirectory) -> String { "\(run.path)/\(RunDirectory.start)" }

    /// Where a run directory, or the copies in one, have a model and a pair of encoders.
    private static func names(in folder: String) -> (model: String, pair: String) {
        ("\(folder)/\(RunDirectory.modelName)", ContrastiveTask.result("\(folder)/\(RunDirectory.encoderName)"))
    }

    /// The model and the pair of encoders at a path.
    private static func files(of path: String) throws -> (model: String?, pair: String?) {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder else {
            let file = try ModelLocation.resolved(path)
            let isPair = try Safetensors(contentsOf: file).metadata["format"] == EncoderPair.format
            return isPair ? (nil, file) : (file, nil)
        }
        func existing(_ file: String) -> String? { FileManager.default.fileExists(atPath: file) ? file : nil }
        let (model, pair) = names(in: path)
        let found = (existing(model), existing(pair))
        guard found != (nil, nil) else {
            throw ModelError(
                path: path,
                problem: "is a folder without \(RunDirectory.modelName) and "
                    + ContrastiveTask.result(RunDirectory.encoderName),
                kind: .noInput)
        }
        return found
    }

    /// The vocabulary of the built-in text encoder, with which the training goes on; nil if there is none.
    var vocabulary: Vocabulary? {
        guard case .builtIn(_, let vocabulary, _) = text else { return nil }
        return vocabulary
    }

    /// What is taken, in a few words.
    func summary(for recipe: Recipe) -> String {
        var parts: [String] = []
        if recipe.text.isTrained {
            if text != nil { parts.append("text encoder") }
            if image != nil { parts.append("image encoder") }
        }
        if generator != nil, recipe.task == .textToImage { parts.append("generator") }
        return "\(parts.joined(separator: ", ")) from \(recipe.from)"
    }

    // MARK: Checks

    /// The keys of a recipe that describe other networks than those found.
    private struct Differences {
        private(set) var keys: [String] = []

        mutating func compare(
            _ key: String, _ found: some CustomStringConvertible, _ wanted: some CustomStringConvertible
        ) {
            if "\(found)" != "\(wanted)" { keys.append("\(key) (\(found) there, \(wanted) in the recipe)") }
        }
    }

    /// Throws if the recipe's networks differ from those found, naming each key.
    private func requireFit(_ recipe: Recipe) throws(ModelError) {
        var differences = Differences()
        if recipe.text.isTrained {
            compareText(recipe, &differences)
            compareImage(recipe, &differences)
        }
        if recipe.task == .textToImage { compareGenerator(recipe, &differences) }
        if recipe.text.isTrained, recipe.encoder.images == 0, image == nil, recipe.gan.contrastive > 0 {
            throw ModelError(
                path: path,
                problem:
                    "has no image encoder, which gan.contrastive needs and encoder.images: 0 does not train; start from the "
                    + "model's run, train the encoders, or set gan.contrastive to 0",
                kind: .usage)
        }
        guard differences.keys.isEmpty else {
            throw ModelError(
                path: path,
                problem:
                    "has other networks than the recipe: \(differences.keys.joined(separator: ", ")); set these keys as there",
                kind: .usage)
        }
    }

    private func compareText(_ recipe: Recipe, _ differences: inout Differences) {
        switch text {
        case .builtIn(let found, let vocabulary, _):
            let wanted = recipe.encoder.text(vocabulary: vocabulary.count)
            differences.compare("text.encoder", "built-in", recipe.text.encoder)
            differences.compare("encoder.width", found.width, wanted.width)
            differences.compare("encoder.layers", found.layers, wanted.layers)
            differences.compare("encoder.heads", found.heads, wanted.heads)
            differences.compare("encoder.length", found.length, wanted.length)
            differences.compare("encoder.embedding", found.embedding, wanted.embedding)
        case .pretrained(let found, let head):
            if recipe.text.isBuiltIn {
                differences.compare("text.encoder", found.name, "built-in")
            } else if let wanted = try? PretrainedEncoder(contentsOf: recipe.text.encoder),
                wanted.checksum != found.checksum
            {
                differences.compare(
                    "text.encoder", "\(found.name), checksum \(found.checksum)", "checksum \(wanted.checksum)")
            }
            differences.compare("encoder.embedding", head.configuration.embedding, recipe.encoder.embedding)
        case nil: break
        }
    }

    private func compareImage(_ recipe: Recipe, _ differences: inout Differences) {
        switch image?.configuration {
        case .convolutional(let found):
            differences.compare("encoder.network", "none", recipe.encoder.network)
            differences.compare("encoder.image_width", found.width, recipe.encoder.imageWidth)
            differences.compare("data.side", found.side, recipe.data.side)
        case .features(let found):
            differences.compare("encoder.network", found.network.rawValue, recipe.encoder.network)
            differences.compare("encoder.resolution", found.resolution, recipe.encoder.resolution)
            differences.compare("encoder.multiscale", found.isMultiscale, recipe.encoder.multiscale)
            differences.compare("encoder.image_hidden", found.head.hidden, recipe.encoder.imageHidden)
        case nil: break
        }
    }

    /// Throws unless the file of frozen features is the one that the image encoder, if it reads any, was trained on.
    private func requireFeatures() throws {
        guard case .features(let head) = image?.configuration else { return }
        _ = try head.features(of: "the image encoder of \(path)")
    }

    private func compareGenerator(_ recipe: Recipe, _ differences: inout Differences) {
        guard let found = generator?.configuration else { return }
        let wanted = recipe.generatorConfiguration(condition: recipe.encoder.embedding)
        differences.compare("generator.kind", found.kind.rawValue, wanted.kind.rawValue)
        differences.compare("data.side", found.side, wanted.side)
        differences.compare("generator.width", found.width, wanted.width)
        differences.compare("generator.max_width", found.maximumWidth ?? 0, wanted.maximumWidth ?? 0)
        differences.compare("generator.noise", found.noise, wanted.noise)
        differences.compare("generator.output", (found.output ?? .tanh).rawValue, (wanted.output ?? .tanh).rawValue)
        differences.compare("generator.text_scale", found.textScale ?? 1, wanted.textScale ?? 1)
        differences.compare("generator.text_in_start", found.textInStart ?? false, wanted.textInStart ?? false)
        if recipe.text.isTrained { differences.compare("encoder.embedding", found.condition, wanted.condition) }
    }

    // MARK: Use

    /// Gives encoders that are about to be trained the values found.
    /// - Throws: `ModelError` if they do not fit, or the image encoder was trained on other frozen features.
    func apply(to trainer: ContrastiveTrainer) throws {
        // The copies in a resumed run have not been compared with the recipe.
        try requireFeatures()
        do throws(ParameterMismatch) {
            if let text { try trainer.pair.start(from: trainer.tower.trainable(text.arrays), below: "text") }
            if let image { try trainer.pair.start(from: trainer.images.trainable(image.arrays), below: "image") }
        } catch {
            throw ModelError(path: path, problem: "its encoders: \(error)")
        }
    }

    /// Gives a generator that is about to be trained the values found.
    func apply(to trainer: GANTrainer) throws {
        guard let generator else { return }
        do throws(ParameterMismatch) {
            try trainer.generator.start(from: generator.arrays, below: "generator")
        } catch {
            throw ModelError(path: path, problem: "its generator: \(error)")
        }
    }
}
