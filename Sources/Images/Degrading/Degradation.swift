import Basics
import RandomStreams

/// One step of a synthetic degradation: one of several alternatives, at a strength drawn from a range, with a probability.
///
/// The text form is `KIND RANGE [or KIND RANGE]… [p PROBABILITY]`. A range is two numbers, `0-55`, or one, which is fixed:
///
///     noise 25
///     haze 0.3-0.8 or underwater 2-10
///     jpeg 30-95 p 0.5
///
/// ``DegradationKind`` lists the kinds and the units of their strengths. Alternatives are equally likely, and a strength is
/// uniform in its range.
public struct Degradation: Equatable, Sendable, CustomStringConvertible {
    /// The text form.
    public let description: String
    private let alternatives: [Alternative]
    private let probability: Float

    private struct Alternative: Equatable {
        let kind: DegradationKind
        let strengths: ClosedRange<Float>
    }

    /// Reads the text form.
    ///
    /// - Throws: ``DegradationError`` for a text of another form, for a strength that its kind does not have, and for
    ///   `jpeg` if libjpeg-turbo is not installed.
    public init(_ text: String) throws(DegradationError) {
        try self.init(text, libraries: CodecLibraries())
    }

    /// The same with other codecs.
    package init(_ text: String, libraries: CodecLibraries) throws(DegradationError) {
        func failure(_ reason: String) -> DegradationError { DegradationError(text: text, reason: reason) }
        let words = text.split(whereSeparator: \.isWhitespace)
        description = words.joined(separator: " ")
        var rest = words[...]
        if rest.dropLast().last == "p" {
            let (word, range) = (words[words.count - 1], ClosedRange<Float>(degradation: words[words.count - 1]))
            guard let range, range.lowerBound == range.upperBound, range.upperBound <= 1 else {
                throw failure("the probability after \"p\" is a number from 0 to 1, not \"\(word)\"")
            }
            probability = range.lowerBound
            rest.removeLast(2)
        } else {
            probability = 1
        }
        var alternatives: [Alternative] = []
        for words in rest.split(separator: "or", omittingEmptySubsequences: false) {
            guard let name = words.first else {
                throw failure("a kind and its strength are missing, such as \"noise 0-55\"")
            }
            guard let kind = DegradationKind(rawValue: String(name)) else {
                let known = DegradationKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw failure("\"\(name)\" is not a kind of degradation; the kinds are \(known)")
            }
            let limits = "\(kind.limits.lowerBound.plain) to \(kind.limits.upperBound.plain)"
            guard words.count > 1 else {
                throw failure("\(kind) needs \(kind.quantity) from \(limits), such as \"\(kind.example)\"")
            }
            guard words.count == 2 else {
                throw failure(
                    "\"\(words.dropFirst(2).joined(separator: " "))\" is unexpected after \"\(name) \(words[words.startIndex + 1])\"; "
                        + "alternatives are joined by \"or\", and \"p\" with a probability comes last")
            }
            let range = words[words.startIndex + 1]
            guard let strengths = ClosedRange<Float>(degradation: range) else {
                throw failure(
                    "\"\(range)\" is neither a number nor a range from low to high, such as \"\(kind.example)\"")
            }
            guard kind.limits.contains(strengths.lowerBound), kind.limits.contains(strengths.upperBound) else {
                throw failure("\(range) is not \(kind.quantity) from \(limits)")
            }
            if kind == .jpeg {
                do {
                    _ = try Image(width: 1, height: 1, color: .white).jpegData(quality: 100, libraries: libraries)
                } catch { throw failure("\(error)") }
            }
            alternatives.append(Alternative(kind: kind, strengths: strengths))
        }
        self.alternatives = alternatives
    }

    fileprivate func applied(to image: Image, _ stream: inout RandomStream) -> Image {
        // All three are drawn in any case, so that the strengths of a step do not depend on its probability.
        let (chance, choice, position) = (stream.uniform(), stream.index(below: alternatives.count), stream.uniform())
        guard chance < probability else { return image }
        let (kind, strengths) = (alternatives[choice].kind, alternatives[choice].strengths)
        let strength = strengths.lowerBound + (strengths.upperBound - strengths.lowerBound) * position
        return kind.applied(to: image, strength: strength, &stream)
    }
}

extension [Degradation] {
    /// The image after all degradations, in their order; each yields 8-bit samples, as if it were saved between them.
    ///
    /// One 64-bit number of `stream` is drawn per degradation, whatever the degradation and the image. The result is a
    /// function of these numbers and the image.
    ///
    /// - Precondition: for `jpeg`, the image has at most 32,768 pixels a side and 64 million in all.
    public func applied(to image: Image, _ stream: inout RandomStream) -> Image {
        reduce(image) { image, degradation in
            var own = RandomStream(seed: stream.next(), purpose: "degradation")
            return degradation.applied(to: image, &own)
        }
    }
}

/// Why a text is not a ``Degradation``, or one that this machine cannot apply.
public struct DegradationError: ClassifiedError, Equatable {
    /// The text.
    public let text: String
    /// What is wrong with it, and what to write instead.
    public let reason: String
    /// An invalid argument.
    public var kind: ErrorKind { .usage }
    /// One line: the text and the reason, of which very long ones are cut.
    public var description: String {
        func cut(_ text: String, _ limit: Int) -> String { text.count > limit ? "\(text.prefix(limit))…" : text }
        return "degradation \"\(cut(text, 200))\": \(cut(reason, 600))"
    }
}

extension ClosedRange<Float> {
    /// `low-high`, or one number, which is both; numbers are written with digits and a point.
    fileprivate init?(degradation text: Substring) {
        let bounds = text.split(separator: "-", omittingEmptySubsequences: false).map { bound in
            bound.allSatisfy { $0.isASCII && $0.isNumber || $0 == "." } ? Float(bound) : nil
        }
        guard bounds.count <= 2, let low = bounds[0], let high = bounds[bounds.count - 1], low <= high, high.isFinite
        else { return nil }
        self = low...high
    }
}

extension Float {
    /// Without a fraction if it is a whole number.
    fileprivate var plain: String { self == rounded() ? String(Int(self)) : String(self) }
}
