import Basics

/// Why a vocabulary or a tokenizer cannot be read or trained.
public enum TokenizerError: ClassifiedError {
    /// An invalid vocabulary file.
    case malformedVocabulary(file: String, reason: String)
    /// An invalid tokenizer file, or one that uses a component Limn does not support.
    case malformedTokenizer(file: String, reason: String)
    /// A file that does not exist or cannot be opened.
    case unreadable(file: String, reason: String)
    /// A vocabulary size out of range.
    case sizeOutOfRange(Int)
    /// Training captions without any words.
    case noWords

    /// `usage` for a size out of range, `noInput` for files that cannot be read, else `badData`.
    public var kind: ErrorKind {
        switch self {
        case .sizeOutOfRange: .usage
        case .unreadable: .noInput
        case .malformedVocabulary, .malformedTokenizer, .noWords: .badData
        }
    }

    /// One line: what, where, and what to do.
    public var description: String {
        switch self {
        case .malformedVocabulary(let file, let reason):
            "\(file): is not a usable vocabulary: \(reason); write it again with limn vocabulary train"
        case .malformedTokenizer(let file, let reason):
            "\(file): is not a usable tokenizer: \(reason)"
        case .unreadable(let file, let reason): "\(file): \(reason)"
        case .sizeOutOfRange(let size):
            "vocabulary size \(size) is outside of \(Vocabulary.smallestCount)...\(Vocabulary.largestCount): "
                + "\(Vocabulary.smallestCount) special and byte tokens are always included"
        case .noWords:
            "there is no word in the captions to train a vocabulary on; check the file and the split"
        }
    }
}
