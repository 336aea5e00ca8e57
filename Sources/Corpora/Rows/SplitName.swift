/// Names of splits: `train`, `val` and `test`, and their synonyms.
package enum SplitName {
    private static let synonyms: [(split: String, names: [StaticString])] = [
        ("train", ["train", "training"]), ("val", ["val", "valid", "validation", "dev"]),
        ("test", ["test", "testing", "held-out", "heldout", "holdout"]),
    ]

    /// `train`, `val` or `test` if some word of the path is a synonym of it, as in `captions_val2017.json` or
    /// `train/00000.tar`; else nil.
    static func of(_ path: String) -> String? {
        let words = path.lowercased().split { !$0.isLetter }
        return synonyms.first { _, names in words.contains { word in names.contains { "\($0)" == word } } }?.split
    }

    /// Whether a folder's name is that of a split, ignoring case.
    static func isSplit(_ name: ArraySlice<UInt8>) -> Bool {
        // Most folders are ruled out by their length.
        guard (3...10).contains(name.count) else { return false }
        return synonyms.contains { _, names in
            names.contains { name.count == $0.utf8CodeUnitCount && name.hasSuffix($0) }
        }
    }

    /// The split that a folder of the path is named after, as it is spelled; nil if there is none.
    static func folder(of path: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var start = path.startIndex
        while let end = path[start...].firstIndex(of: 0x2F) {
            if isSplit(path[start..<end]) { return path[start..<end] }
            start = end + 1
        }
        return nil
    }

    /// The split that `name` means among those that exist: the one of that name, or else the only one of the same meaning.
    package static func resolved(_ name: String, among splits: [String]) -> String? {
        if splits.contains(name) { return name }
        let meaning = canonical(name)
        let same = splits.filter { meaning != nil && canonical($0) == meaning }
        return same.count == 1 ? same[0] : nil
    }

    private static func canonical(_ name: String) -> String? {
        isSplit(Array(name.utf8)[...])
            ? synonyms.first { $0.names.contains { "\($0)" == name.lowercased() } }?.split : nil
    }
}
