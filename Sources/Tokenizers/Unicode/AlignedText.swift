/// A scalar of a text during normalization, with the range of scalars of the original text it corresponds to.
struct AlignedScalar: Sendable, Equatable {
    var value: UInt32
    /// Index of the first scalar in the original text.
    var start: Int32
    /// Index after the last scalar in the original text.
    var end: Int32
}

/// A text with the offsets of its scalars in the original text, so that tokens of normalized text have offsets in the
/// original.
///
/// The rules are those of `NormalizedString` in Hugging Face's `tokenizers`: a replacement takes the offsets of the
/// scalar it replaces, an inserted scalar those of the scalar before it.
struct AlignedText: Sendable {
    /// A scalar of a transformed text, and its relation to the text before.
    struct Change {
        var value: UInt32
        /// 0: replaces the next scalar; 1: is inserted; −n: replaces the next scalar and removes the n scalars after
        /// it.
        var change: Int
    }

    var scalars: [AlignedScalar]
    /// The offset of scalars inserted before the first one.
    let origin: Int32

    /// An original text.
    init(_ text: String) {
        origin = 0
        scalars = []
        scalars.reserveCapacity(text.utf8.count)
        var position: Int32 = 0
        for scalar in text.unicodeScalars {
            scalars.append(AlignedScalar(value: scalar.value, start: position, end: position &+ 1))
            position &+= 1
        }
    }

    /// A part of a text, or its transformation.
    init(_ scalars: [AlignedScalar], origin: Int32) {
        self.scalars = scalars
        self.origin = origin
    }

    /// A part of this text.
    subscript(range: Range<Int>) -> AlignedText {
        if range == scalars.indices { return self }
        return AlignedText(
            Array(scalars[range]), origin: range.isEmpty ? origin : scalars[range.lowerBound].start)
    }

    var string: String {
        var view = String.UnicodeScalarView()
        for scalar in scalars { Unicode.Scalar(scalar.value).map { view.append($0) } }
        return String(view)
    }

    /// Replaces the text by the transformed scalars.
    mutating func transform(_ changes: [Change]) {
        var next = 0
        var result: [AlignedScalar] = []
        result.reserveCapacity(changes.count)
        for change in changes {
            let source = change.change > 0 ? next - 1 : next
            if scalars.indices.contains(source) {
                var scalar = scalars[source]
                scalar.value = change.value
                result.append(scalar)
            } else {
                let position = source < 0 ? origin : scalars.last?.end ?? origin
                result.append(AlignedScalar(value: change.value, start: position, end: position))
            }
            if change.change <= 0 { next += 1 - change.change }
        }
        scalars = result
    }

    /// Prepends `prefix` with the offsets of the first scalar; an empty text is unchanged.
    mutating func prepend(_ prefix: [UInt32]) {
        guard let first = scalars.first else { return }
        scalars.insert(
            contentsOf: prefix.map { AlignedScalar(value: $0, start: first.start, end: first.end) }, at: 0)
    }

    /// Replaces each of `ranges`, which ascend, by `content`, with the offsets of the last replaced scalar.
    mutating func replace(_ ranges: [Range<Int>], by content: [UInt32]) {
        guard !ranges.isEmpty else { return }
        var result: [AlignedScalar] = []
        result.reserveCapacity(scalars.count)
        var position = 0
        for range in ranges {
            result.append(contentsOf: scalars[position..<range.lowerBound])
            let last = range.upperBound - 1
            let model =
                last >= 0 ? scalars[last] : AlignedScalar(value: 0, start: origin, end: origin)
            for value in content { result.append(AlignedScalar(value: value, start: model.start, end: model.end)) }
            position = range.upperBound
        }
        result.append(contentsOf: scalars[position...])
        scalars = result
    }

    /// Whether all scalars are below `bound`; most texts can then skip most steps.
    func isBelow(_ bound: UInt32) -> Bool { scalars.allSatisfy { $0.value < bound } }
}

extension [UInt8] {
    /// Appends the UTF-8 of a scalar value.
    @inline(__always)
    mutating func appendUTF8(_ value: UInt32) {
        func byte(_ bits: UInt32, _ mark: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: bits | mark) }
        if value < 0x80 {
            append(byte(value, 0))
        } else if value < 0x800 {
            append(byte(value >> 6, 0xC0))
            append(byte(value & 0x3F, 0x80))
        } else if value < 0x10000 {
            append(byte(value >> 12, 0xE0))
            append(byte(value >> 6 & 0x3F, 0x80))
            append(byte(value & 0x3F, 0x80))
        } else {
            append(byte(value >> 18, 0xF0))
            append(byte(value >> 12 & 0x3F, 0x80))
            append(byte(value >> 6 & 0x3F, 0x80))
            append(byte(value & 0x3F, 0x80))
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The number of bytes of the character that begins at `position` of this UTF-8.
    @inline(__always)
    func characterWidth(at position: Int) -> Int {
        let lead = self[position]
        return Swift.min(lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4, count - position)
    }
}

/// The number of bytes of a scalar value in UTF-8.
@inline(__always)
func utf8Width(_ value: UInt32) -> Int { value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4 }
