import Basics

/// The names of WebDataset shards.
enum ShardNames {
    /// Maximum number of names that a pattern may stand for.
    private static let most = 100_000

    /// Whether a file has the extension of a shard.
    static func isShard(_ path: ArraySlice<UInt8>) -> Bool {
        path.hasSuffix(".tar") || path.hasSuffix(".tar.gz") || path.hasSuffix(".tgz")
    }

    /// Expands a pattern with ranges in braces, as a shell does: `shards-{000..012}.tar` stands for thirteen names.
    /// - Returns: nil if there are no braces, if they contain no valid range, or if there would be too many names.
    static func expanded(_ pattern: String) -> [String]? {
        guard let open = pattern.firstIndex(of: "{"), let close = pattern[open...].firstIndex(of: "}") else {
            return nil
        }
        let ends = pattern[pattern.index(after: open)..<close].split(separator: ".", omittingEmptySubsequences: false)
        guard ends.count == 3, ends[1].isEmpty, ends[0].allSatisfy(\.isNumber), ends[2].allSatisfy(\.isNumber),
            let low = Int(ends[0]), let high = Int(ends[2]), low <= high, high - low < most
        else { return nil }
        let tail = String(pattern[pattern.index(after: close)...])
        // The rest may have braces of its own.
        let tails = tail.contains("{") ? expanded(tail) : [tail]
        guard let tails, tails.count * (high - low + 1) <= most else { return nil }
        return (low...high).flatMap { number in
            let padded = zeroPadded(number, width: ends[0].count)
            return tails.map { pattern[..<open] + padded + $0 }
        }
    }
}
