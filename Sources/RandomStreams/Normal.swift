import Glibc

extension RandomStream {
    /// Two independent standard normal numbers (Box and Muller, 1958).
    public mutating func normalPair() -> (Float, Float) {
        // 1 − u is in (0, 1], where the logarithm is finite.
        let radius = (-2 * log(Double(1 - uniform()))).squareRoot()
        let angle = 2 * Double.pi * Double(uniform())
        return (Float(radius * cos(angle)), Float(radius * sin(angle)))
    }

    /// `count` standard normal numbers.
    public mutating func normals(_ count: Int) -> [Float] {
        var values = [Float]()
        values.reserveCapacity(count + 1)
        while values.count < count {
            let (a, b) = normalPair()
            values.append(a)
            values.append(b)
        }
        if values.count > count { values.removeLast() }
        return values
    }

    /// `count` numbers of the standard normal distribution truncated at ±`bound`; numbers beyond it are drawn again
    /// (the truncation trick of Brock et al., 2019). `bound` must be positive.
    public mutating func truncatedNormals(_ count: Int, bound: Float) -> [Float] {
        precondition(bound > 0, "a bound of \(bound) leaves no numbers")
        var values = [Float]()
        values.reserveCapacity(count)
        while values.count < count {
            let (a, b) = normalPair()
            if abs(a) <= bound { values.append(a) }
            if abs(b) <= bound && values.count < count { values.append(b) }
        }
        return values
    }
}
