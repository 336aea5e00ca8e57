import Basics

/// Why a vocabulary or a tokenizer cannot be read or trained.
public enum TokenizerError: ClassifiedError {
    /// A vocabulary file that does not hold what it should.
    case malformedVocabulary(file: String, reason: String)
    /// A tokenizer's file that does not hold what it should, or what Limn does not have.
    case malformedTokenizer(file: String, reason: String)
    /// A file that is not there or cannot be opened.
    case unreadable(file: String, reason: String)
    /// A vocabulary size that cannot be learnt.
    case sizeOutOfRange(Int)
    /// Captions without a single word.
    case nothingToLearn

    /// `usage` for a size out of range, `noInput` for files that cannot be read, else `badData`.
    public var kind: ErrorKind {
        switch self {
        case .sizeOutOfRange: .usage
        case .unreadable: .noInput
        case .malformedVocabulary, .malformedTokenizer, .nothingToLearn: .badData
        }
    }

    /// One line: what, where, and what to do.
    public var description: String {
        switch self {
        case .malformedVocabulary(let file, let reason):
            "\(file): is not a usable vocabulary: \(reason); write it anew with limn vocabulary train"
        case .malformedTokenizer(let file, let reason):
            "\(file): is not a usable tokenizer: \(Self.oneLine(reason)); fetch it anew, or use one of the kinds in docs/tokenizers.md"
        case .unreadable(let file, let reason): "\(file): \(reason)"
        case .sizeOutOfRange(let size):
            "vocabulary size \(size) is outside of \(Vocabulary.smallestCount)...\(Vocabulary.largestCount): "
                + "\(Vocabulary.smallestCount) special and byte tokens are always there"
        case .nothingToLearn:
            "there is no word in the captions, so there is no vocabulary to learn; check the file and the split"
        }
    }

    /// Without controls: names of tokens come from files.
    private static func oneLine(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : $0 }))
    }
}
