import CUTF8Proc

extension String {
    /// Its scalars after canonical decomposition (NFD): the same for all spellings that compare as equal.
    package var canonicalScalars: [UInt32] {
        AlignedText(self).decomposed(UTF8PROC_DECOMPOSE.rawValue).map(\.value)
    }
}
