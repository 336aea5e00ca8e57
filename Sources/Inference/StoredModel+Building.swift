import Layers
import Models

extension StoredModel {
    /// Runs `body`, which builds networks of the model and loads its arrays.
    /// - Throws: what `body` throws; for a `ParameterMismatch` a `ModelError`, which names the model's file.
    package func building<Result>(_ body: () throws -> Result) throws -> Result {
        try naming(label, body)
    }
}

extension EncoderPair {
    /// The same for a pair.
    package func building<Result>(_ body: () throws -> Result) throws -> Result {
        try naming("the pair of encoders \(name)", body)
    }
}

extension ModelError {
    /// Throws if values that the network of the model `label` computed are not finite.
    static func requireFinite(_ values: [Float], of label: String) throws(ModelError) {
        guard values.allSatisfy(\.isFinite) else {
            throw ModelError(
                path: label, problem: "its weights produce values that are not finite; is the file damaged?")
        }
    }
}

private func naming<Result>(_ label: String, _ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let mismatch as ParameterMismatch {
        throw ModelError(path: label, problem: "\(mismatch)")
    }
}
