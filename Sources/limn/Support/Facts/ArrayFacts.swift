import Checkpoints
import Models
import Networks
import Tasks

extension Facts {
    /// A safetensors file: a model, a pair of encoders, a checkpoint, a feature network, or arrays of another kind.
    /// - Throws: errors of one line if the file is damaged.
    init(arraysIn path: String) throws {
        let file = try Safetensors(contentsOf: path)
        switch file.metadata["format"] {
        case ModelFile.format:
            let isTranslation = file.metadata["task"] == ModelTask.imageToImage.rawValue
            if isTranslation { try self.init(translation: path) } else { try self.init(model: path) }
        case EncoderPair.format: try self.init(pair: file, path: path)
        case TrainingCheckpoint.format: try self.init(checkpoint: path)
        default:
            // Its weights are read to recognize it, which would take long for a large file.
            let isSmall = Facts.bytes(of: file) < 1 << 27
            if isSmall, let network = try? PretrainedFeatures(contentsOf: path) {
                self.init(path, kind: "feature network")
                add("network", network.network.rawValue)
                add("resolution", .count(network.network.resolution))
                add("checksum", network.checksum)
            } else {
                self.init(path, kind: "safetensors file")
                for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) {
                    add("metadata \(key)", String(value.prefix(Facts.longestText)))
                }
                add("arrays", .count(file.names.count))
            }
        }
        addSizes(of: file)
    }

    private init(model path: String) throws {
        let model = try Model(contentsOf: path)
        let (networks, configuration) = (model.configuration.networks, model.configuration)
        self.init(path, kind: "model")
        add("name", configuration.name)
        add("images", .size(networks.side, networks.side))
        add("aspect", configuration.aspect?.rawValue)
        add("generator", "\(networks.kind.rawValue), width \(networks.width), noise of \(networks.noise)")
        addTextEncoder(configuration.encoder, configuration.pretrained)
        add("training features", configuration.trainingFeatures.map { .texts($0.map(\.rawValue)) })
        add("generator parameters", .count(Facts.count(model.arrays, below: "generator")))
        add("encoder parameters", .count(Facts.count(model.arrays, below: "encoder")))
        card = model.card
    }

    private init(translation path: String) throws {
        let model = try TranslationModel(contentsOf: path)
        let (configuration, translator) = (model.configuration, model.configuration.translator)
        self.init(path, kind: "model")
        add("name", configuration.name)
        add("task", ModelTask.imageToImage.rawValue)
        add("trained on images of", .size(configuration.side, configuration.side))
        add("aspect", configuration.aspect?.rawValue)
        let blocks = Measure.count(translator.blocks, "block") + (translator.kind == .uNet ? " per resolution" : "")
        add(
            "translator",
            "\(translator.kind.rawValue), width \(translator.width), \(blocks), \(Measure.count(translator.halvings, "halving"))"
        )
        add("normalization", translator.normalization.rawValue)
        add("residual", translator.isResidual ? "yes" : "no")
        add("reverse direction", configuration.hasReverse ? "yes" : "no")
        add("degradation", configuration.degradation.isEmpty ? nil : .texts(configuration.degradation))
        let features = configuration.trainingFeatures.map(\.rawValue)
        add("training features", features.isEmpty ? nil : .texts(features))
        add("translator parameters", .count(Facts.count(model.arrays, below: "translator")))
        card = model.card
    }

    private init(pair file: Safetensors, path: String) throws {
        let configuration = try EncoderPair.Configuration(file, path: path)
        self.init(path, kind: "pair of encoders")
        add("name", configuration.name)
        addTextEncoder(configuration.text, configuration.pretrained)
        if let image = configuration.image {
            add("image encoder", "convolutional, \(image.side)×\(image.side), width \(image.width)")
        }
        if let head = configuration.features {
            add("image encoder", "a head on \(head.network.rawValue) at \(head.resolution)×\(head.resolution)")
        }
    }

    private init(checkpoint path: String) throws {
        let checkpoint = try TrainingCheckpoint(contentsOf: path)
        let counters = checkpoint.counters
        self.init(path, kind: "training checkpoint")
        add("name", (try? Recipe(yaml: checkpoint.recipe, named: path))?.name)
        add("images seen", .count(counters.imagesSeen))
        add("skipped updates", .count(counters.skippedSteps))
        add("seed", .seed(counters.seed))
        for (name, network) in counters.networks.sorted(by: { $0.key < $1.key }) {
            add("\(name) updates", .count(network.steps))
        }
        for (name, origin) in checkpoint.origins.sorted(by: { $0.key < $1.key }) { add("origin \(name)", origin) }
    }

    /// Number of elements, their types, and bytes.
    private mutating func addSizes(of file: Safetensors) {
        let arrays = file.arrays
        // A checkpoint has moments and averages too.
        add(kind == "training checkpoint" ? "elements" : "parameters", .count(arrays.reduce(0) { $0 + $1.count }))
        add("types", .texts(Set(arrays.map(\.element.rawValue)).sorted()))
        add("array bytes", .count(Facts.bytes(of: file)))
    }

    private static func bytes(of file: Safetensors) -> Int {
        file.arrays.reduce(0) { $0 + $1.count * $1.element.byteCount }
    }

    private mutating func addTextEncoder(_ builtIn: TextEncoderConfiguration?, _ pretrained: PretrainedReference?) {
        if let builtIn {
            add("text encoder", "built-in, \(Measure.count(builtIn.layers, "layer")) of width \(builtIn.width)")
            add("vocabulary", .count(builtIn.vocabulary))
            add("tokens with start and end", .count(builtIn.length))
            add("sentence vector", .count(builtIn.embedding))
        }
        if let pretrained {
            add("text encoder", "a head on \(pretrained.name), checksum \(pretrained.checksum)")
            add("text encoder folder", pretrained.folder)
            add("sentence vector", .count(pretrained.head.embedding))
        }
    }

    private static func count(_ arrays: NetworkArrays, below prefix: String) -> Int {
        arrays.filter { $0.key.hasPrefix(prefix + ".") }.reduce(0) { $0 + $1.value.values.count }
    }
}
