/// How an image is divided into overlapping tiles of one size, and how their results are joined.
///
/// The image is first extended to the right and downward until its extents are multiples of what the network needs, at least two of
/// them: the mirror image of a map at the lowest resolution needs two pixels. Tiles begin at multiples too, so that a network with
/// strides samples the same positions as in the whole image.
package struct TilePlan: Equatable {
    package let columns: TileAxis
    package let rows: TileAxis

    /// The number of tiles.
    package var count: Int { columns.starts.count * rows.starts.count }

    /// The division that computes the fewest pixels; one tile if the image has at most `area` pixels.
    /// - Parameters:
    ///   - width: the image's width in pixels.
    ///   - height: its height.
    ///   - multiple: what the extents of a tile are multiples of.
    ///   - margin: the width, along each inner edge of a tile, of the pixels that do not count, since they depend on what is
    ///     beyond the edge.
    ///   - ramp: the width over which one tile replaces the next, at least 1.
    ///   - area: the most pixels of a tile; exceeded if the overlaps alone are larger.
    package init(width: Int, height: Int, multiple: Int, margin: Int, ramp: Int, area: Int) {
        /// One tile, two, and so on, until a tile of the whole height or width is small enough.
        func axes(_ extent: Int, across: Int) -> [TileAxis] {
            var axes: [TileAxis] = []
            while axes.last.map({ $0.tile * across > area }) ?? true,
                let axis = TileAxis(
                    extent: extent, multiple: multiple, count: axes.count + 1, overlap: 2 * margin + ramp, ramp: ramp)
            { axes.append(axis) }
            return axes
        }
        let (columns, rows) = (axes(width, across: height), axes(height, across: width))
        var best = (columns: columns[columns.count - 1], rows: rows[rows.count - 1])
        var fewest = Int.max
        for column in columns {
            // More rows than are necessary only add overlaps.
            guard let row = rows.first(where: { $0.tile * column.tile <= area }) else { continue }
            let pixels = column.pixels * row.pixels
            if pixels < fewest { (best, fewest) = ((column, row), pixels) }
        }
        (self.columns, self.rows) = best
    }
}

/// Tiles along one axis of an image.
package struct TileAxis: Equatable {
    /// The extent of each tile in pixels.
    package let tile: Int
    /// Where the tiles begin, in ascending order.
    package let starts: [Int]
    private let ramp: Int

    /// `count` tiles, as short as possible; nil if several would be shorter than twice their overlap.
    fileprivate init?(extent: Int, multiple: Int, count: Int, overlap: Int, ramp: Int) {
        func units(_ pixels: Int) -> Int { (pixels + multiple - 1) / multiple }
        let (whole, shared) = (max(2, units(extent)), units(overlap))
        let part = (whole + (count - 1) * shared + count - 1) / count
        guard count == 1 || part >= 2 * shared && whole - part >= count - 1 else { return nil }
        tile = part * multiple
        starts = (0..<count).map { count == 1 ? 0 : $0 * (whole - part) / (count - 1) * multiple }
        self.ramp = ramp
    }

    /// The pixels that all tiles have.
    fileprivate var pixels: Int { tile * starts.count }

    /// The weight of each pixel of a tile. Weights rise and fall linearly in the middle of each overlap, and those of all tiles add up
    /// to 1 everywhere.
    package func weights(ofTile index: Int) -> [Float] {
        /// The weight that the later one of two neighbours has at a position in their overlap.
        func later(_ position: Int, overlap: Int) -> Float {
            let first = (overlap - ramp) / 2
            return max(0, min(1, (Float(position - first) + 0.5) / Float(ramp)))
        }
        func overlap(before index: Int) -> Int { starts[index - 1] + tile - starts[index] }
        return (0..<tile).map { position in
            let rise = index == 0 ? 1 : later(position, overlap: overlap(before: index))
            guard index + 1 < starts.count else { return rise }
            let shared = overlap(before: index + 1)
            return min(rise, 1 - later(position - (tile - shared), overlap: shared))
        }
    }
}

/// The position within an extent that `position` has when the extent is continued by mirror images of itself, which do not repeat the
/// pixel at the edge.
package func reflected(_ position: Int, in extent: Int) -> Int {
    guard extent > 1 else { return 0 }
    let period = 2 * (extent - 1)
    let offset = position % period
    return offset < extent ? offset : period - offset
}
