/// One scalar of a text on its way through normalisation, with the scalars of the text as given that it stands for.
struct AlignedScalar: Sendable, Equatable {
    var value: UInt32
    /// The first scalar of the original.
    var start: Int32
    /// Behind the last scalar of the original.
    var end: Int32
}

/// A text that remembers where each of its scalars came from, so that tokens of the normalised text have offsets in the
/// text as given.
///
/// The rules are those of the `NormalizedString` of Hugging Face's `tokenizers`, whose offsets ours equal: what replaces a
/// scalar takes its place; what is inserted takes the place of the scalar before; what is removed leaves no trace.
struct AlignedText: Sendable {
    /// How a transformed text came from the one before.
    struct Change {
        var value: UInt32
        /// 0 replaces the next scalar; 1 is inserted; −n replaces the next and removes the n behind it.
        var change: Int
    }

    var scalars: [AlignedScalar]
    /// What is inserted before the first scalar stands here.
    let origin: Int32

    /// The text as given.
    init(_ text: String) {
        origin = 0
        scalars = []
        scalars.reserveCapacity(text.utf8.count)
        var place: Int32 = 0
        for scalar in text.unicodeScalars {
            scalars.append(AlignedScalar(value: scalar.value, start: place, end: place &+ 1))
            place &+= 1
        }
    }

    /// A part of another text, or one made from it.
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

    /// Replaces the text by `changes`, in order.
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
                let place = source < 0 ? origin : scalars.last?.end ?? origin
                result.append(AlignedScalar(value: change.value, start: place, end: place))
            }
            if change.change <= 0 { next += 1 - change.change }
        }
        scalars = result
    }

    /// Puts `prefix` before the text, with the place of its first scalar; leaves empty text alone.
    mutating func prepend(_ prefix: [UInt32]) {
        guard let first = scalars.first else { return }
        scalars.insert(
            contentsOf: prefix.map { AlignedScalar(value: $0, start: first.start, end: first.end) }, at: 0)
    }

    /// Puts `content` in the place of each of `ranges`, which ascend; it stands for the last scalar of what it replaces.
    mutating func replace(_ ranges: [Range<Int>], by content: [UInt32]) {
        guard !ranges.isEmpty else { return }
        var result: [AlignedScalar] = []
        result.reserveCapacity(scalars.count)
        var place = 0
        for range in ranges {
            result.append(contentsOf: scalars[place..<range.lowerBound])
            let last = range.upperBound - 1
            let model =
                last >= 0 ? scalars[last] : AlignedScalar(value: 0, start: origin, end: origin)
            for value in content { result.append(AlignedScalar(value: value, start: model.start, end: model.end)) }
            place = range.upperBound
        }
        result.append(contentsOf: scalars[place...])
        scalars = result
    }

    /// Whether all scalars are below `bound`, which lets most steps be skipped for most texts.
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

/// The number of bytes of a scalar value in UTF-8.
@inline(__always)
func utf8Width(_ value: UInt32) -> Int { value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4 }
