import RandomStreams

extension RandomStream {
    /// Factors that drop half of the hidden values of a head in training, and double the others so that sums keep their size.
    mutating func dropoutFactors(_ count: Int) -> [Float] {
        (0..<count).map { _ in uniform() < 0.5 ? 2 : 0 }
    }
}
