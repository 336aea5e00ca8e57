/// Why a vocabulary cannot be read or learnt.
public enum LanguageError: Error, CustomStringConvertible, Sendable {
    /// A vocabulary file that does not hold what it should.
    case malformedVocabulary(file: String, reason: String)
    /// A vocabulary size that cannot be learnt.
    case sizeOutOfRange(Int)
    /// Captions without a single word.
    case nothingToLearn

    /// One line: what, where, and what to do.
    public var description: String {
        switch self {
        case .malformedVocabulary(let file, let reason):
            "\(file): is not a usable vocabulary: \(reason); write it anew with limn vocabulary train"
        case .sizeOutOfRange(let size):
            "vocabulary size \(size) is outside of \(Vocabulary.smallestCount)...\(Vocabulary.largestCount): "
                + "\(Vocabulary.smallestCount) special and byte tokens are always there"
        case .nothingToLearn:
            "there is no word in the captions, so there is no vocabulary to learn; check the file and the split"
        }
    }
}
