import Glibc

/// A basic colour of flowers, recognized in captions and in pixels without a network.
package enum NamedColor: String, CaseIterable, Hashable, Sendable {
    case red, orange, yellow, green, blue, purple, pink, white

    /// The dominant colour of an image's centre, or nil if all of it is dark or grey.
    ///
    /// Each pixel has the colour of its hue; it is white if pale and bright, and has no colour if dark or grey. Its weight is the
    /// square root of its saturation (0.8 for white) times a Gaussian of its distance from the centre, where the flower is.
    /// The constants were tuned on real flowers of a training split and their captions (coordinate search on the share of
    /// agreement, averaged over images and over colours with equal weight).
    ///
    /// - Parameters:
    ///   - pixels: sRGB bytes, `side × side × 3`, rows from the top.
    ///   - side: width and height in pixels, at least 1.
    ///   - countsGreen: whether the result may be green, which leaves are behind flowers of every colour.
    /// - Throws: ``EvaluationError`` for another number of bytes.
    package static func dominant(pixels: [UInt8], side: Int, countsGreen: Bool) throws -> NamedColor? {
        guard side >= 1 else { throw EvaluationError.tooFew("pixels on a side of an image", found: side, needed: 1) }
        let (row, first) = side.multipliedReportingOverflow(by: 3)
        let (count, second) = row.multipliedReportingOverflow(by: side)
        guard !first, !second, pixels.count == count else {
            throw EvaluationError.mismatch("bytes of an image", expected: count, found: pixels.count)
        }
        let spread = 0.22 * Double(side)
        let weights = (0..<side).map { position in
            let offset = (Double(position) - Double(side - 1) / 2) / spread
            return exp(-offset * offset / 2)
        }
        var shares = [NamedColor: Double]()
        for y in 0..<side {
            for x in 0..<side {
                let index = (y * side + x) * 3
                let color = HueSaturationValue(red: pixels[index], green: pixels[index + 1], blue: pixels[index + 2])
                guard let name = color.name, name != .green || countsGreen else { continue }
                let vividness = name == .white ? 0.8 : color.saturation.squareRoot()
                shares[name, default: 0] += weights[y] * weights[x] * vividness
            }
        }
        // In the order of cases, so that ties are resolved deterministically.
        return allCases.filter { shares[$0] != nil }.max { shares[$0, default: 0] < shares[$1, default: 0] }
    }
}

/// A pixel as hue in degrees, 0 ..< 360, and saturation and value, 0…1 (Smith 1978).
private struct HueSaturationValue {
    let hue: Double
    let saturation: Double
    let value: Double

    init(red: UInt8, green: UInt8, blue: UInt8) {
        let (r, g, b) = (Double(red) / 255, Double(green) / 255, Double(blue) / 255)
        value = max(r, g, b)
        let range = value - min(r, g, b)
        saturation = value > 0 ? range / value : 0
        let sixth: Double
        if range == 0 {
            sixth = 0
        } else if value == r {
            sixth = (g - b) / range
        } else if value == g {
            sixth = (b - r) / range + 2
        } else {
            sixth = (r - g) / range + 4
        }
        hue = sixth < 0 ? sixth * 60 + 360 : sixth * 60
    }

    /// The colour's name, or nil for dark and grey.
    var name: NamedColor? {
        if value < 0.4 { return nil }
        if saturation < 0.15 { return value > 0.65 ? .white : nil }
        switch hue {
        case 10..<36: return .orange
        case 36..<55: return .yellow
        case 55..<190: return .green
        case 190..<252: return .blue
        case 252..<315: return .purple
        case 315..<345: return .pink
        // A pale red is pink.
        default: return saturation < 0.6 && value > 0.5 ? .pink : .red
        }
    }
}
