/// At most 256 colours that represent an image.
struct Palette {
    /// The colours, by ascending green.
    let colors: [SIMD3<Int>]

    /// The colours of an image if they are few, else those of the cells into which they are divided (median cut, Heckbert, 1982):
    /// the cell with the largest sum of squared errors is divided at the mean of the channel that contributes most (Wan, Wong and
    /// Prusinkiewicz, 1988).
    init(of image: Image, count: Int = 256) {
        precondition((1...256).contains(count), "an index has 8 bits")
        var cells = [Cell(Palette.histogram(of: image)[...])]
        while cells.count < count, let worst = cells.indices.max(by: { cells[$0].error < cells[$1].error }),
            cells[worst].error > 0
        {
            let (low, high) = cells[worst].divided()
            cells[worst] = low
            cells.append(high)
        }
        self.colors = cells.map(\.color).sorted { ($0.y, $0.x, $0.z) < ($1.y, $1.x, $1.z) }
    }

    /// The colours of an image, each once, with the numbers of their pixels.
    private static func histogram(of image: Image) -> [(color: SIMD3<Int>, weight: Int)] {
        let pixels = image.pixels
        var packed: [Int] = []
        packed.reserveCapacity(pixels.count / 3)
        for at in stride(from: 0, to: pixels.count, by: 3) {
            packed.append(Int(pixels[at]) << 16 | Int(pixels[at + 1]) << 8 | Int(pixels[at + 2]))
        }
        packed.sort()
        var colors: [(color: SIMD3<Int>, weight: Int)] = []
        var start = 0
        for end in packed.indices where end + 1 == packed.count || packed[end + 1] != packed[end] {
            let color = packed[end]
            colors.append((SIMD3(color >> 16, color >> 8 & 255, color & 255), end + 1 - start))
            start = end + 1
        }
        return colors
    }

    /// The indices of an image's pixels. The error of each pixel is spread over its neighbours (Floyd and Steinberg, 1976), in
    /// rows of alternating direction.
    func indices(of image: Image) -> [UInt8] {
        let (width, height) = (image.width, image.height)
        var indices = [UInt8](repeating: 0, count: width * height)
        // Errors in sixteenths, of this row and the next one, with a place beyond either end.
        var (row, below) = ([SIMD3<Int>](), [SIMD3<Int>](repeating: .zero, count: width + 2))
        for y in 0..<height {
            (row, below) = (below, [SIMD3<Int>](repeating: .zero, count: width + 2))
            let step = y % 2 == 0 ? 1 : -1
            for column in 0..<width {
                let x = step > 0 ? column : width - 1 - column
                let at = (y * width + x) * 3
                let color = SIMD3(Int(image.pixels[at]), Int(image.pixels[at + 1]), Int(image.pixels[at + 2]))
                // The shift rounds down, also below zero.
                let wanted = (color &+ (row[x + 1] &+ 8) &>> 4).clamped(
                    lowerBound: .zero, upperBound: SIMD3(repeating: 255))
                let index = nearest(to: wanted)
                indices[y * width + x] = UInt8(index)
                let error = wanted &- colors[index]
                row[x + 1 + step] &+= 7 &* error
                below[x + 1 - step] &+= 3 &* error
                below[x + 1] &+= 5 &* error
                below[x + 1 + step] &+= error
            }
        }
        return indices
    }

    /// The index of the nearest colour, the first one of several. The search begins at the same green and ends where green alone is
    /// farther than the best.
    private func nearest(to color: SIMD3<Int>) -> Int {
        var (low, high) = (0, colors.count)
        while low < high {
            let middle = (low + high) / 2
            if colors[middle].y < color.y { low = middle + 1 } else { high = middle }
        }
        var (best, index) = (Int.max, 0)
        func consider(_ candidate: Int) -> Bool {
            let difference = colors[candidate] &- color
            guard difference.y * difference.y <= best else { return false }
            let distance = (difference &* difference).wrappedSum()
            if distance < best || distance == best && candidate < index { (best, index) = (distance, candidate) }
            return true
        }
        var above = low
        while above < colors.count, consider(above) { above += 1 }
        var under = low - 1
        while under >= 0, consider(under) { under -= 1 }
        return index
    }
}

/// Colours that share an entry of a palette.
private struct Cell {
    private var members: ArraySlice<(color: SIMD3<Int>, weight: Int)>
    private let mean: SIMD3<Double>
    /// The sum of squared differences from the mean, by channel.
    private let errors: SIMD3<Double>
    var error: Double { errors.sum() }

    init(_ members: ArraySlice<(color: SIMD3<Int>, weight: Int)>) {
        self.members = members
        var (weight, sum, squares) = (0, SIMD3<Int>.zero, SIMD3<Int>.zero)
        for member in members {
            weight += member.weight
            sum &+= member.color &* member.weight
            squares &+= member.color &* member.color &* member.weight
        }
        mean = SIMD3<Double>(sum) / Double(weight)
        errors = members.count == 1 ? .zero : SIMD3<Double>(squares) - SIMD3<Double>(sum) * mean
    }

    /// The colour of the palette.
    var color: SIMD3<Int> { SIMD3<Int>(mean, rounding: .toNearestOrAwayFromZero) }

    /// Both halves; there are at least two colours.
    func divided() -> (Cell, Cell) {
        let channel = (0..<3).max { errors[$0] < errors[$1] } ?? 0
        var sorted = members
        let middle = sorted.partition { Double($0.color[channel]) > mean[channel] }
        return (Cell(sorted[..<middle]), Cell(sorted[middle...]))
    }
}
