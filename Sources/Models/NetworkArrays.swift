import Checkpoints

/// Parameters of a network by path: shape and row-major values, as for `ParameterStore.load`.
public typealias NetworkArrays = [String: (shape: [Int], values: [Float])]

extension NetworkArrays {
    /// The arrays of a file, converted to float32.
    init(_ arrays: [NamedArray]) throws {
        self.init()
        for array in arrays { self[array.name] = (array.shape, try array.floats()) }
    }

    /// The arrays whose paths begin with `prefix.`, with that prefix removed.
    package func below(_ prefix: String) -> NetworkArrays {
        var result = NetworkArrays()
        for (name, array) in self where name.hasPrefix(prefix + ".") {
            result[String(name.dropFirst(prefix.count + 1))] = array
        }
        return result
    }

    /// All arrays, with `prefix.` added to their paths.
    package func above(_ prefix: String) -> NetworkArrays {
        NetworkArrays(uniqueKeysWithValues: map { ("\(prefix).\($0)", $1) })
    }
}
