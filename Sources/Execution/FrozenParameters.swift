/// Where programs find parameters by path, and which of them no longer change.
///
/// Trained and frozen parameters may be mixed in one program: a generator under training with a pretrained network that
/// judges its images.
public struct ParameterMap: ExpressibleByDictionaryLiteral {
    /// Parameters that may change between runs.
    public var trained: [String: BufferSlice]
    /// Parameters that do not; nil where all may change.
    public var frozen: FrozenParameters?

    /// Where parameters lie, by path; no path may be both trained and frozen.
    public init(_ trained: [String: BufferSlice] = [:], frozen: FrozenParameters? = nil) {
        self.trained = trained
        self.frozen = frozen
    }

    /// Trained parameters by path; `[:]` for a program without parameters.
    public init(dictionaryLiteral elements: (String, BufferSlice)...) {
        self.init(Dictionary(uniqueKeysWithValues: elements))
    }

    /// Where the parameter at `path` lies; nil where it was not given.
    subscript(path: String) -> BufferSlice? { frozen?.slices[path] ?? trained[path] }

    func isFrozen(_ path: String) -> Bool { frozen?.slices[path] != nil }
}

/// Parameters that no longer change: what kernels want of them in another form is made once, when a program is compiled,
/// and shared by all programs that read them, whatever their batch.
///
/// It belongs to one thread, as the programs do.
public final class FrozenParameters {
    /// Where each parameter lies, by path.
    let slices: [String: BufferSlice]
    /// How the operands of products with a parameter are kept.
    let precision: Precision
    let preparation = Preparation(isFrozen: true)

    /// - Parameters:
    ///   - slices: where each parameter lies, by path; values that change later are not seen.
    ///   - precision: of operands of products with a parameter; bfloat16 is worth it where `CPUDevice` takes it by
    ///     default. Sums and all else are as the device has them.
    public init(_ slices: [String: BufferSlice], precision: Precision = .float32) {
        self.slices = slices
        self.precision = precision
    }

    /// Bytes of what was made.
    public var memory: Int { preparation.bytes }
}
