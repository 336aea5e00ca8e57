/// The split that a file's name speaks of: `captions_val2017.json`, `train/00000.tar`.
enum SplitName {
    static func of(_ path: String) -> String? {
        let words = path.lowercased().split { !$0.isLetter }
        for (split, names) in [
            ("train", ["train", "training"]), ("val", ["val", "valid", "validation", "dev"]), ("test", ["test"]),
        ]
        where words.contains(where: { names.contains(String($0)) }) { return split }
        return nil
    }
}
