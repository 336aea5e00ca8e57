import Checkpoints
import Tokenizers
import Synthesis

/// A checkpoint, or data, that do not fit the training that is to go on.
public struct StateError: Error, CustomStringConvertible, Sendable {
    /// One line.
    public let description: String
}

extension OptimizedStore {
    /// Flat arrays for a checkpoint, under `name.`.
    func arrays(_ name: String) -> [NamedArray] {
        state.map { NamedArray(name: "\(name).\($0.name)", shape: [$0.buffer.count], floats: $0.buffer.values) }
            + [("steps", steps), ("skipped_in_a_row", skippedInARow)].map {
                NamedArray(name: "\(name).\($0)", shape: [1], floats: [Float($1)])
            }
    }

    func restore(_ name: String, from checkpoint: TrainingCheckpoint) throws {
        let arrays = Dictionary(uniqueKeysWithValues: checkpoint.arrays.map { ($0.name, $0) })
        for (key, buffer) in state {
            guard let array = arrays["\(name).\(key)"], array.count == buffer.count else {
                throw StateError(
                    description:
                        "the checkpoint's \(name).\(key) is missing or of another size; was the recipe changed?")
            }
            buffer.values = try array.floats()
        }
        parametersChanged()
        steps = Int(try arrays["\(name).steps"]?.floats().first ?? 0)
        skippedInARow = Int(try arrays["\(name).skipped_in_a_row"]?.floats().first ?? 0)
    }

    /// The averaged weights by path.
    var averagedArrays: NetworkArrays {
        NetworkArrays(uniqueKeysWithValues: store.arrays(from: average).map { ($0.path, ($0.shape, $0.values)) })
    }
}

extension GANTrainer {
    package func checkpoint(_ recipe: String, seed: UInt64) -> TrainingCheckpoint {
        TrainingCheckpoint(
            counters: .init(imagesSeen: imagesSeen, steps: generator.steps, skippedSteps: skipped, seed: seed),
            recipe: recipe,
            arrays: generator.arrays("generator") + discriminator.arrays("discriminator"))
    }

    package func restore(_ checkpoint: TrainingCheckpoint) throws {
        try generator.restore("generator", from: checkpoint)
        try discriminator.restore("discriminator", from: checkpoint)
        imagesSeen = checkpoint.counters.imagesSeen
        skipped = checkpoint.counters.skippedSteps
    }

    /// What reads the captions and the averaged generator as a model.
    func model(_ encoder: SentenceEncoder, name: String, card: String) -> Model {
        let arrays = encoder.arrays.above("encoder").merging(generator.averagedArrays) { $1 }
        switch encoder {
        case .own(let configuration, let vocabulary, _):
            return Model(
                configuration: .init(
                    name: name, encoder: configuration, networks: generatorSizes, trainingFeatures: trainingFeatures),
                vocabulary: vocabulary,
                arrays: arrays, card: card)
        case .pretrained(let encoder, let head):
            let reference = PretrainedReference(encoder, head: head.configuration)
            return Model(
                configuration: .init(
                    name: name, encoder: nil, pretrained: reference, networks: generatorSizes,
                    trainingFeatures: trainingFeatures),
                vocabulary: nil, arrays: arrays, card: card)
        }
    }
}

extension ContrastiveTrainer {
    func checkpoint(_ recipe: String, seed: UInt64) -> TrainingCheckpoint {
        TrainingCheckpoint(
            counters: .init(imagesSeen: imagesSeen, steps: pair.steps, skippedSteps: skipped, seed: seed),
            recipe: recipe,
            arrays: pair.arrays("pair") + (images.origin.map { [ContrastiveTrainer.array(of: $0)] } ?? []))
    }

    /// The frozen features that a training was begun on, as a checkpoint keeps them.
    private static func array(of origin: String) -> NamedArray {
        NamedArray(name: originName, shape: [origin.utf8.count], element: .uint8, bytes: Array(origin.utf8))
    }
    private static let originName = "image.features"

    /// - Throws: `StateError` where the checkpoint does not fit, or is of a training on other features.
    func restore(_ checkpoint: TrainingCheckpoint) throws {
        if let origin = images.origin {
            let kept = checkpoint.arrays.first { $0.name == ContrastiveTrainer.originName }
            let found = kept?.withBytes { String(decoding: $0, as: UTF8.self) }
            guard found == origin else {
                throw StateError(
                    description:
                        "the encoders were begun on the features \(found ?? "of no network"), found \(origin); "
                        + "resume with those, or begin a new run")
            }
        }
        try pair.restore("pair", from: checkpoint)
        imagesSeen = checkpoint.counters.imagesSeen
        skipped = checkpoint.counters.skippedSteps
    }

    /// Both encoders with their averaged weights; the temperature was the training's alone.
    func encoderPair(name: String) -> EncoderPair {
        let image = images.half(pair.averagedArrays.below("image"))
        return EncoderPair(
            name: name, text: tower.encoder(pair.averagedArrays.below("text")), image: image.configuration,
            imageArrays: image.arrays)
    }

    /// The vectors of the captions with these numbers by the averaged weights, one after another.
    func sentenceVectors(of captions: [Int]) throws -> [Float] {
        try tower.vectors(of: captions, by: pair.averagedArrays.below("text"), device: device)
    }
}
