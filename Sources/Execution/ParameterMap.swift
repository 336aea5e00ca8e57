/// Where a program finds its parameters, by path, and which of them are frozen.
///
/// One program may mix trained and frozen parameters: a generator under training, and a pretrained network that computes
/// features of its images.
public struct ParameterMap: ExpressibleByDictionaryLiteral {
    /// Parameters whose values may change between runs.
    public var trained: [String: BufferSlice]
    /// Parameters whose values are fixed; nil if there are none.
    public var frozen: FrozenParameters?

    /// Parameters by path; no path may be both trained and frozen.
    public init(_ trained: [String: BufferSlice] = [:], frozen: FrozenParameters? = nil) {
        self.trained = trained
        self.frozen = frozen
    }

    /// Trained parameters by path; `[:]` for a program without parameters.
    public init(dictionaryLiteral elements: (String, BufferSlice)...) {
        self.init(Dictionary(uniqueKeysWithValues: elements))
    }

    /// The slice that holds the parameter at `path`, or nil.
    package subscript(path: String) -> BufferSlice? { frozen?.slices[path] ?? trained[path] }

    /// Whether the parameter at `path` is frozen.
    package func isFrozen(_ path: String) -> Bool { frozen?.slices[path] != nil }
}

/// Parameters whose values never change. A backend converts them to the layout that its kernels read once, when the first
/// program is compiled, and all programs share the result, whatever their batch size.
///
/// An instance must stay on one thread, as the programs that read it do.
public final class FrozenParameters {
    /// The slice that holds each parameter, by path.
    package let slices: [String: BufferSlice]
    /// Precision of the operands of matrix products with a parameter.
    package let precision: Precision
    /// What a backend has derived from the values; only that backend reads or writes it.
    package var packed: (any PackedParameters)?

    /// - Parameters:
    ///   - slices: the slice that holds each parameter, by path; later changes of its values have no effect.
    ///   - precision: of operands of matrix products with a parameter; `.bfloat16` pays where it is the device's default.
    ///     Accumulation and everything else follow the device's own precision.
    public init(_ slices: [String: BufferSlice], precision: Precision = .float32) {
        self.slices = slices
        self.precision = precision
    }

    /// Bytes of the packed copies.
    package var memory: Int { packed?.memory ?? 0 }
}

/// Frozen parameters in a backend's own layout.
package protocol PackedParameters: AnyObject {
    /// Bytes of all copies.
    var memory: Int { get }
}
