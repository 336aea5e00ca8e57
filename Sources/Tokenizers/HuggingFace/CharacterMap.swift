import FoundationEssentials

/// The character map of a SentencePiece model (`precompiled_charsmap`): strings and what replaces them.
///
/// The file is a double-array trie in the layout of Darts-clone (Yata, after Aoe 1989), preceded by its size in bytes and
/// followed by the replacements in UTF-8, each ending with a zero byte. The value of a string is the offset of its
/// replacement.
struct CharacterMap: Sendable {
    /// A node of the trie: a byte, and the distance to the nodes that follow it.
    private struct Unit {
        let bits: UInt32

        /// Whether the unit holds a value in place of a byte.
        var isValue: Bool { bits >> 31 == 1 }
        var value: Int { Int(bits & 0x7FFF_FFFF) }
        /// The byte of this node; larger than all bytes for a value.
        var label: UInt32 { bits & 0x8000_00FF }
        /// Whether a string ends here; its value is the unit at `offset`.
        var hasValue: Bool { bits >> 8 & 1 == 1 }
        /// What the position of a following node is, combined with that of this one by exclusive or.
        var offset: Int { Int(bits >> 10) << Int(bits >> 6 & 8) }
    }

    private let units: [Unit]
    private let replacements: [UInt8]

    /// Why a map is refused.
    struct Fault: Error {
        let reason: String
    }

    /// - Parameter base64: the map as in `tokenizer.json`.
    init(base64: String) throws(Fault) {
        guard let data = Data(base64Encoded: base64) else {
            throw Fault(reason: "is not base64; it is damaged, download the file again")
        }
        let bytes = [UInt8](data)
        func number(_ position: Int) -> UInt32 {
            bytes[position..<position + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        let size = bytes.count >= 4 ? Int(number(0)) : 0
        guard size >= 4, size % 4 == 0, size <= bytes.count - 4 else {
            throw Fault(reason: "has \(bytes.count) bytes and no whole trie; it is damaged, download the file again")
        }
        units = stride(from: 4, to: 4 + size, by: 4).map { Unit(bits: number($0)) }
        replacements = Array(bytes[(4 + size)...])
        guard String(validating: replacements, as: UTF8.self) != nil, hasReplacementsForAll() else {
            throw Fault(reason: "lacks replacements of its trie; it is damaged, download the file again")
        }
    }

    /// Whether each string's value is the offset of a character and of a zero byte after it.
    private func hasReplacementsForAll() -> Bool {
        units.indices.allSatisfy { position in
            guard !units[position].isValue, units[position].hasValue else { return true }
            let target = position ^ units[position].offset
            guard units.indices.contains(target), units[target].isValue else { return false }
            let value = units[target].value
            return value < replacements.count && replacements[value] & 0xC0 != 0x80 && replacements.last == 0
        }
    }

    /// The scalars that replace a text: those of the *shortest* string in the map that the text begins with. nil if it
    /// begins with none.
    func replacement(of text: some Sequence<UInt32>) -> [UInt32]? {
        var position = units[0].offset
        var bytes: [UInt8] = []
        for scalar in text {
            bytes.removeAll(keepingCapacity: true)
            bytes.appendUTF8(scalar)
            for byte in bytes {
                position ^= Int(byte)
                guard byte != 0, units.indices.contains(position), units[position].label == UInt32(byte) else {
                    return nil
                }
                let unit = units[position]
                position ^= unit.offset
                if unit.hasValue { return scalars(at: units[position].value) }
            }
        }
        return nil
    }

    private func scalars(at start: Int) -> [UInt32] {
        let end = replacements[start...].firstIndex(of: 0) ?? replacements.endIndex
        return String(decoding: replacements[start..<end], as: UTF8.self).unicodeScalars.map(\.value)
    }
}

extension AlignedText {
    /// Replaces characters as Hugging Face's `tokenizers` does: a grapheme cluster of less than six bytes as a whole if the
    /// map has a string that it begins with, even if the rest of the cluster is then lost; otherwise scalar by scalar.
    mutating func replaceCharacters(by map: CharacterMap) {
        var changes: [Change] = []
        changes.reserveCapacity(scalars.count)
        var isChanged = false
        func replace(_ range: Range<Int>) -> Bool {
            guard let replacement = map.replacement(of: scalars[range].lazy.map(\.value)) else { return false }
            isChanged = true
            changes.append(contentsOf: replacement.map { Change(value: $0, change: 0) })
            let growth = replacement.count - range.count
            if growth > 0 {
                for index in changes.indices.suffix(growth) { changes[index].change = 1 }
            } else if growth < 0, let last = changes.indices.last {
                changes[last].change += growth
            }
            return true
        }
        for cluster in clusters {
            if scalars[cluster].reduce(0, { $0 + utf8Width($1.value) }) < 6, replace(cluster) { continue }
            for position in cluster where !replace(position..<position + 1) {
                changes.append(Change(value: scalars[position].value, change: 0))
            }
        }
        if isChanged { transform(changes) }
    }

    /// The extended grapheme clusters (UAX #29).
    private var clusters: [Range<Int>] {
        // Below U+0300, only a line feed continues a cluster, that of a carriage return.
        if isBelow(0x300), !scalars.contains(where: { $0.value == 0x0D }) {
            return scalars.indices.map { $0..<$0 + 1 }
        }
        var start = 0
        return string.map { character in
            defer { start += character.unicodeScalars.count }
            return start..<start + character.unicodeScalars.count
        }
    }
}
