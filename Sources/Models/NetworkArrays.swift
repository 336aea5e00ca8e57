import Checkpoints

/// Parameters of a network by path: shape and row-major values, as for `ParameterStore.load`.
public typealias NetworkArrays = [String: (shape: [Int], values: [Float])]

extension NetworkArrays {
    /// Whether both have the same arrays with the same values.
    package func isEqual(to other: NetworkArrays) -> Bool {
        count == other.count
            && allSatisfy { name, array in
                other[name].map { $0.shape == array.shape && $0.values == array.values } ?? false
            }
    }

    /// The arrays of the file at `path`, converted to float32.
    /// - Throws: `ModelError`, which names the file, if they are not of a type of floating-point numbers.
    init(_ arrays: [NamedArray], path: String) throws(ModelError) {
        self.init()
        for array in arrays {
            do {
                self[array.name] = (array.shape, try array.floats())
            } catch {
                throw ModelError(path: path, problem: "\(error)")
            }
        }
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
