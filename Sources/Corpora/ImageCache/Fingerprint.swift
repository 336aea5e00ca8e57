import Images

/// A perceptual hash of an image, small enough to compare a million: two images are near-duplicates where both parts are.
package struct Fingerprint: Sendable, Equatable {
    /// The image is reduced to 9 × 8 grey levels; each bit says whether one is lighter than its left neighbour
    /// (the difference hash).
    let code: UInt64
    /// Mean colours of a 3 × 3 grid: plain images of different colours have equal codes.
    private let colors: SIMD32<UInt8>

    /// The codes of near-duplicates differ in at most this many bits of 64.
    static let nearBits = 4
    /// The mean colours of near-duplicates differ by at most this many levels of 255 on average.
    static let nearLevels = 8

    init(of image: Image) {
        let small = image.resized(width: 9, height: 8, filter: .bilinear).pixels
        var code: UInt64 = 0
        var sums = SIMD32<UInt16>()
        for y in 0..<8 {
            var left = 0
            for x in 0..<9 {
                let place = (y * 9 + x) * 3
                // The weights of Rec. 601.
                let grey = 299 * Int(small[place]) + 587 * Int(small[place + 1]) + 114 * Int(small[place + 2])
                if x > 0 { code = code << 1 | (grey > left ? 1 : 0) }
                left = grey
                for channel in 0..<3 { sums[(y * 3 / 8 * 3 + x / 3) * 3 + channel] += UInt16(small[place + channel]) }
            }
        }
        self.code = code
        var colors = SIMD32<UInt8>()
        // Of the eight rows the parts have three, three and two.
        for lane in 0..<27 { colors[lane] = UInt8(sums[lane] / (lane < 18 ? 9 : 6)) }
        self.colors = colors
    }

    /// Whether both parts are near.
    package func isNear(_ other: Fingerprint) -> Bool {
        (code ^ other.code).nonzeroBitCount <= Fingerprint.nearBits && levels(to: other) <= Fingerprint.nearLevels
    }

    /// The mean difference of the parts' colours, in levels of 255.
    func levels(to other: Fingerprint) -> Int {
        // A plain loop becomes one instruction or two; what SIMD vectors offer by name becomes a loop over lanes.
        withUnsafeBytes(of: colors) { a in
            withUnsafeBytes(of: other.colors) { b in
                var sum: Int32 = 0
                for lane in 0..<32 {
                    let difference = Int32(a[lane]) &- Int32(b[lane])
                    sum &+= difference < 0 ? 0 &- difference : difference
                }
                return Int(sum) / 27
            }
        }
    }
}
