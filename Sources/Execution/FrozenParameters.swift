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
