import Basics
import Checkpoints

/// A checkpoint, or data, that do not fit the training that is to be resumed.
public struct StateError: ClassifiedError {
    /// The kind of failure.
    public var kind: ErrorKind { .badData }
    /// One line.
    public let description: String

    package init(description: String) { self.description = description }
}

/// The progress of a training and its networks: all that a checkpoint keeps.
package final class TrainingState {
    /// Real images seen.
    package var imagesSeen = 0
    /// Updates skipped because a loss or a gradient was not finite.
    package private(set) var skipped = 0
    /// The networks by the names that checkpoints use.
    private let networks: [(name: String, parameters: OptimizedParameters)]
    /// Identifies the inputs of this training, such as its frozen network, by name.
    private let origins: [String: String]

    package init(_ networks: [(name: String, parameters: OptimizedParameters)], origins: [String: String] = [:]) {
        precondition(!networks.isEmpty, "a training of no network")
        self.networks = networks
        self.origins = origins
    }

    /// Updates that a network has skipped since its last one: the largest of all networks.
    package var skippedInARow: Int { networks.map(\.parameters.skippedInARow).max() ?? 0 }

    /// Updates a network by the gradients in its buffers, or skips the update if a measurement is not finite.
    /// - Parameters:
    ///   - prefix: of the names of the two measurements that are added, `gradient_norm` and `learning_rate`: `generator.`.
    ///   - measurements: what the phase that left the gradients measured.
    ///   - maximumNorm: gradients of a larger Euclidean norm are scaled down to it; nil leaves them.
    package func update(
        _ network: OptimizedParameters, learningRate: Float, averageDecay: Float, maximumNorm: Double? = nil,
        prefix: String = "", _ measurements: inout Measurements
    ) {
        measurements["\(prefix)learning_rate"] = Double(learningRate)
        measurements["\(prefix)gradient_norm"] = network.averageGradients(maximumNorm: maximumNorm)
        guard measurements.values.allSatisfy(\.isFinite) else {
            skipped += 1
            network.skippedInARow += 1
            return
        }
        network.skippedInARow = 0
        network.update(learningRate: learningRate, averageDecay: averageDecay)
    }

    package func checkpoint(recipe: String, seed: UInt64) -> TrainingCheckpoint {
        TrainingCheckpoint(
            counters: .init(
                imagesSeen: imagesSeen, skippedSteps: skipped, seed: seed,
                networks: Dictionary(
                    uniqueKeysWithValues: networks.map {
                        ($0.name, .init(steps: $0.parameters.steps, skippedInARow: $0.parameters.skippedInARow))
                    })),
            recipe: recipe, origins: origins,
            arrays: networks.flatMap { name, parameters in
                parameters.buffers.map {
                    NamedArray(name: "\(name).\($0.name)", shape: [$0.buffer.count], floats: $0.buffer.values)
                }
            })
    }

    /// Takes everything from a checkpoint.
    /// - Throws: `StateError` if it belongs to other networks or other inputs.
    package func restore(_ checkpoint: TrainingCheckpoint) throws {
        for (name, origin) in origins {
            let found = checkpoint.origins[name]
            guard found == origin else {
                throw StateError(
                    description: "the checkpoint was trained with \(name) \(found ?? "unknown"), found \(origin); "
                        + "resume with the former, or start a new run")
            }
        }
        try restoreNetworks(checkpoint)
        imagesSeen = checkpoint.counters.imagesSeen
        skipped = checkpoint.counters.skippedSteps
        for (name, parameters) in networks {
            parameters.skippedInARow = checkpoint.counters.networks[name]?.skippedInARow ?? 0
        }
    }

    /// Takes the networks of a checkpoint; the images seen and the skipped updates stay as they are.
    package func restoreNetworks(_ checkpoint: TrainingCheckpoint) throws {
        let arrays = Dictionary(uniqueKeysWithValues: checkpoint.arrays.map { ($0.name, $0) })
        for (name, parameters) in networks {
            for (key, buffer) in parameters.buffers {
                guard let array = arrays["\(name).\(key)"], array.count == buffer.count else {
                    throw StateError(
                        description:
                            "the checkpoint's \(name).\(key) is missing or of another size; was the recipe changed?")
                }
                buffer.values = try array.floats()
            }
            parameters.parametersChanged()
            parameters.steps = checkpoint.counters.networks[name]?.steps ?? 0
            parameters.skippedInARow = 0
        }
    }
}
