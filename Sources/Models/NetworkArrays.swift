import Checkpoints

/// Named values of a network, as `ParameterStore.load` takes them.
public typealias NetworkArrays = [String: (shape: [Int], values: [Float])]

extension NetworkArrays {
    /// The values of arrays that were read from a file.
    init(_ arrays: [NamedArray]) throws {
        self.init()
        for array in arrays { self[array.name] = (array.shape, try array.floats()) }
    }

    /// The arrays whose names begin with `prefix.`, without it.
    package func below(_ prefix: String) -> NetworkArrays {
        var result = NetworkArrays()
        for (name, array) in self where name.hasPrefix(prefix + ".") {
            result[String(name.dropFirst(prefix.count + 1))] = array
        }
        return result
    }

    /// All arrays, their names prefixed with `prefix.`.
    package func above(_ prefix: String) -> NetworkArrays {
        NetworkArrays(uniqueKeysWithValues: map { ("\(prefix).\($0)", $1) })
    }
}
