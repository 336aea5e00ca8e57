import Glibc

/// A colour that people name flowers by and that pixels can be asked for, without any network.
package enum NamedColor: String, CaseIterable, Codable, Hashable, Sendable {
    case red, orange, yellow, green, blue, purple, pink, white

    /// The colour that most of an image's middle has, or `nil` where it has none (all dark or grey).
    ///
    /// Each pixel is given a colour by its hue, or white where it is pale and bright, or none where it is dark or grey.
    /// It counts by the root of its saturation (white by 0.8) and by a normal curve over its place, since the flower is
    /// in the middle. The constants were tuned on real flowers of a training split and their captions (coordinate
    /// search on the share of agreement, half over images and half over colours).
    ///
    /// - Parameters:
    ///   - pixels: sRGB bytes, `side × side × 3`, rows from the top.
    ///   - side: width and height in pixels, at least 1.
    ///   - countsGreen: whether green may win; leaves are green behind flowers of every colour.
    /// - Throws: ``EvaluationError`` when the count of bytes is another.
    package static func dominant(pixels: [UInt8], side: Int, countsGreen: Bool) throws -> NamedColor? {
        guard side >= 1 else { throw EvaluationError.tooFew("pixels on a side of an image", found: side, needed: 1) }
        let (row, first) = side.multipliedReportingOverflow(by: 3)
        let (count, second) = row.multipliedReportingOverflow(by: side)
        guard !first, !second, pixels.count == count else {
            throw EvaluationError.mismatch("bytes of an image", expected: count, found: pixels.count)
        }
        let spread = 0.22 * Double(side)
        let weights = (0..<side).map { place in
            let offset = (Double(place) - Double(side - 1) / 2) / spread
            return exp(-offset * offset / 2)
        }
        var shares = [NamedColor: Double]()
        for y in 0..<side {
            for x in 0..<side {
                let place = (y * side + x) * 3
                let color = HueSaturationValue(red: pixels[place], green: pixels[place + 1], blue: pixels[place + 2])
                guard let name = color.name, name != .green || countsGreen else { continue }
                let vividness = name == .white ? 0.8 : color.saturation.squareRoot()
                shares[name, default: 0] += weights[y] * weights[x] * vividness
            }
        }
        // In order of the cases, so that a tie has one outcome.
        return allCases.filter { shares[$0] != nil }.max { shares[$0, default: 0] < shares[$1, default: 0] }
    }
}

/// A pixel by hue in degrees, 0 ..< 360, and saturation and value, 0…1 (Smith 1978).
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

    /// What people call it, or `nil` for dark and grey.
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
