import Images

/// A perceptual hash of an image, small enough to compare a million images. Two images are near-duplicates if both
/// parts of their hashes are close.
package struct Fingerprint: Sendable, Equatable, BitwiseCopyable {
    /// The difference hash (dHash): the image is reduced to 9 × 8 grey levels; each bit says whether a level is greater
    /// than its left neighbour.
    let code: UInt64
    /// Mean colours of a 3 × 3 grid, since plain images of different colours have equal codes. The last 5 lanes are 0.
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
                let offset = (y * 9 + x) * 3
                // The weights of Rec. 601.
                let grey = 299 * Int(small[offset]) + 587 * Int(small[offset + 1]) + 114 * Int(small[offset + 2])
                if x > 0 { code = code << 1 | (grey > left ? 1 : 0) }
                left = grey
                for channel in 0..<3 { sums[(y * 3 / 8 * 3 + x / 3) * 3 + channel] += UInt16(small[offset + channel]) }
            }
        }
        self.code = code
        var colors = SIMD32<UInt8>()
        // The grid divides the eight rows into three, three and two.
        for lane in 0..<27 { colors[lane] = UInt8(sums[lane] / (lane < 18 ? 9 : 6)) }
        self.colors = colors
    }

    /// Whether both parts are close: the images are near-duplicates.
    package func isNear(_ other: Fingerprint) -> Bool {
        (code ^ other.code).nonzeroBitCount <= Fingerprint.nearBits && levels(to: other) <= Fingerprint.nearLevels
    }

    /// The mean difference of the grids' colours, in levels of 255.
    func levels(to other: Fingerprint) -> Int {
        // The compiler vectorizes this plain loop, but not the SIMD types' own operations.
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
