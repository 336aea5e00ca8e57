import CUTF8Proc

extension String {
    /// The scalars of the canonical decomposition (NFD), the same for all strings that compare as equal.
    package var canonicalScalars: [UInt32] {
        AlignedText(self).decomposed(UTF8PROC_DECOMPOSE.rawValue).map(\.value)
    }
}
