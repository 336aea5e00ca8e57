/// Finds the split in a path such as `captions_val2017.json` or `train/00000.tar`.
enum SplitName {
    /// `train`, `val` or `test`; nil if no word of the path names a split.
    static func of(_ path: String) -> String? {
        let words = path.lowercased().split { !$0.isLetter }
        for (split, names) in [
            ("train", ["train", "training"]), ("val", ["val", "valid", "validation", "dev"]), ("test", ["test"]),
        ]
        where words.contains(where: { names.contains(String($0)) }) { return split }
        return nil
    }
}
