/// The extents of a tensor, outermost first. Images are NHWC: batch, height, width, channels.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// Extents, each at least 1; empty for a scalar.
    public let dimensions: [Int]

    /// Creates a shape; every extent must be positive.
    public init(_ dimensions: [Int]) {
        precondition(dimensions.allSatisfy { $0 > 0 }, "extents must be positive: \(dimensions)")
        self.dimensions = dimensions
    }

    /// A shape from its extents, such as `[32, 64, 64, 3]`.
    public init(arrayLiteral elements: Int...) { self.init(elements) }

    /// The number of dimensions.
    public var rank: Int { dimensions.count }

    /// The number of elements.
    public var count: Int { dimensions.reduce(1, *) }

    /// The extent along `axis`; negative axes count from the end.
    public subscript(axis: Int) -> Int { dimensions[axis < 0 ? rank + axis : axis] }

    /// The same shape with extent `size` along `axis`.
    public func replacing(_ axis: Int, with size: Int) -> Shape {
        var result = dimensions
        result[axis < 0 ? rank + axis : axis] = size
        return Shape(result)
    }

    /// Strides of the dense row-major layout, in elements.
    package var strides: [Int] {
        var result = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) {
            result[axis] = result[axis + 1] * dimensions[axis + 1]
        }
        return result
    }

    /// The common shape of two operands under NumPy's broadcasting rules, or `nil` if they are incompatible.
    package static func broadcast(_ a: Shape, _ b: Shape) -> Shape? {
        let rank = max(a.rank, b.rank)
        let left = a.padded(to: rank).dimensions
        let right = b.padded(to: rank).dimensions
        var result: [Int] = []
        for (x, y) in zip(left, right) {
            guard x == y || x == 1 || y == 1 else { return nil }
            result.append(max(x, y))
        }
        return Shape(result)
    }

    /// The shape with leading extents of 1 added up to `rank`.
    package func padded(to rank: Int) -> Shape { Shape([Int](repeating: 1, count: rank - self.rank) + dimensions) }

    /// The extents, such as `[32×64×64×3]`.
    public var description: String { "[" + dimensions.map(String.init).joined(separator: "×") + "]" }
}

/// The element type of a tensor in the graph. A device may *store* float32 values as bfloat16; that is a property of
/// the compiled program.
public enum ElementType: Hashable, Sendable {
    /// Numbers of 32 bits (IEEE 754 binary32).
    case float32
    /// Whole numbers of 32 bits, such as ids of tokens.
    case int32
}
