import Files

/// The files of a folder whose names are a prefix, decimal digits and a suffix, such as `snapshot-000400000.safetensors`, by ascending
/// number.
package func numberedFiles(
    in folder: String, prefix: String, suffix: String
) throws(FileError) -> [(number: Int, name: String)] {
    let names = try fileNames(in: folder)
    let found = names.compactMap { name -> (number: Int, name: String)? in
        guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
        let digits = name.dropFirst(prefix.count).dropLast(suffix.count)
        // `Int` takes signs too.
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int(digits).map { ($0, name) }
    }
    return found.sorted { $0.number < $1.number }
}
