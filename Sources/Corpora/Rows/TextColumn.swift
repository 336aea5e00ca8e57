import Glibc

/// An array of texts in one block of UTF-8, with an overhead of eight bytes per text.
struct TextColumn: Sendable, Equatable {
    private(set) var bytes: [UInt8] = []
    /// End offset of each text in `bytes`.
    private var ends: [Int] = []

    var count: Int { ends.count }
    var isEmpty: Bool { ends.isEmpty }

    func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

    func utf8(_ index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }

    subscript(index: Int) -> String { String(decoding: utf8(index), as: UTF8.self) }

    /// All texts.
    var all: [String] { (0..<count).map { self[$0] } }

    mutating func append(_ text: some Sequence<UInt8>) {
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
    }

    /// Appends the text that `write` appends to the column's bytes; nothing if it throws.
    mutating func append<Failure>(writing write: (inout [UInt8]) throws(Failure) -> Void) throws(Failure) {
        do throws(Failure) {
            try write(&bytes)
        } catch {
            bytes.removeLast(bytes.count - (ends.last ?? 0))
            throw error
        }
        ends.append(bytes.count)
    }

    /// Sorts the texts bytewise.
    mutating func sort() {
        let order = bytes.withUnsafeBytes { bytes in
            (0..<count).sorted { a, b in
                let (first, second) = (bytes[range(a)], bytes[range(b)])
                let common = min(first.count, second.count)
                guard common > 0, let one = UnsafeRawBufferPointer(rebasing: first).baseAddress,
                    let other = UnsafeRawBufferPointer(rebasing: second).baseAddress
                else { return first.count < second.count }
                let sign = memcmp(one, other, common)
                return sign == 0 ? first.count < second.count : sign < 0
            }
        }
        var sorted = TextColumn()
        sorted.bytes.reserveCapacity(bytes.count)
        sorted.ends.reserveCapacity(count)
        for index in order { sorted.append(utf8(index)) }
        self = sorted
    }

    /// Removes all but the first `count` texts, and keeps the capacity.
    mutating func shorten(to count: Int) {
        guard count < ends.count else { return }
        bytes.removeLast(bytes.count - (count == 0 ? 0 : ends[count - 1]))
        ends.removeLast(ends.count - count)
    }

    /// Releases unused capacity.
    mutating func compact() {
        bytes = bytes.compacted()
        ends = ends.compacted()
    }
}

extension Array {
    /// The same elements without spare capacity.
    func compacted() -> [Element] { capacity > count + count / 8 ? Array(self[...]) : self }
}
