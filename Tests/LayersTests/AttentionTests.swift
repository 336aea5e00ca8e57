import Glibc
import Graphs
import Layers
import Testing

/// Attention and transformer blocks against the formulas of Vaswani et al. 2017 in float64.
@Suite struct AttentionTests {
    private let batch = 2
    private let length = 5
    private let width = 6
    private let heads = 3
    /// The second sequence is two tokens shorter.
    private let mask: [Float] = [0, 0, 0, 0, 0, 0, 0, 0, -1e9, -1e9]

    /// - Parameters:
    ///   - size: width of a head.
    ///   - base: of the rotation of queries and keys; nil for none.
    private func attended(
        _ x: [Double], _ path: String, _ trial: LayerTrial, size: Int = 2, bias: Bool = true, isScaled: Bool = true,
        base: Double? = nil
    ) throws -> [Double] {
        let all = linear(
            x, try trial.parameter("\(path).projection.weight"),
            bias ? try trial.parameter("\(path).projection.bias") : nil, inputs: width)
        let width = heads * size
        var mixed = [Double](repeating: 0, count: batch * length * width)
        for (n, head) in (0..<batch).flatMap({ n in (0..<heads).map { (n, $0) } }) {
            // Rows of the projection are query, key and value, one after the other, each head by head.
            func plain(_ part: Int, _ token: Int, _ i: Int) -> Double {
                all[(n * length + token) * 3 * width + part * width + head * size + i]
            }
            // Elements i and i + size/2 are the parts of a complex number, which is turned.
            func entry(_ part: Int, _ token: Int, _ i: Int) -> Double {
                guard let base, part < 2 else { return plain(part, token, i) }
                let pair = i % (size / 2)
                let angle = Double(token) * pow(base, -2 * Double(pair) / Double(size))
                let (a, b) = (plain(part, token, pair), plain(part, token, pair + size / 2))
                return i == pair ? a * cos(angle) - b * sin(angle) : a * sin(angle) + b * cos(angle)
            }
            for token in 0..<length {
                let scores = (0..<length).map { other in
                    (0..<size).reduce(0.0) { $0 + entry(0, token, $1) * entry(1, other, $1) }
                        / (isScaled ? Double(size).squareRoot() : 1) + Double(mask[n * length + other])
                }
                let powers = scores.map { exp($0 - (scores.max() ?? 0)) }
                let total = powers.reduce(0, +)
                for i in 0..<size {
                    mixed[(n * length + token) * width + head * size + i] = (0..<length).reduce(0) {
                        $0 + powers[$1] / total * entry(2, $1, i)
                    }
                }
            }
        }
        return linear(
            mixed, try trial.parameter("\(path).output.weight"),
            bias ? try trial.parameter("\(path).output.bias") : nil, inputs: width)
    }

    @Test func attentionIsTheWeightedSumOfValues() throws {
        var trial = LayerTrial()
        let x = trial.input("x", [batch * length, width])
        let mask = trial.input("mask", [batch, 1, 1, length], mask)
        let layer = SelfAttention(trial.root / "attention", width: width, heads: heads)
        let y = layer(x.tensor, batch: batch, length: length, mask: mask)
        try trial.setParameters()
        try trial.expect(y, try attended(x.values, "attention", trial), shape: [batch * length, width])
    }

    /// Heads of another width, without biases, without scaling, and with rotated queries and keys.
    @Test(arguments: [nil, 3.0, 10_000.0] as [Double?]) func attentionMayRotateAndNotScale(_ base: Double?) throws {
        var trial = LayerTrial()
        let size = 4
        let x = trial.input("x", [batch * length, width])
        let mask = trial.input("mask", [batch, 1, 1, length], mask)
        let layer = SelfAttention(
            trial.root / "attention", width: width, heads: heads, headWidth: size, bias: false, isScaled: false)
        let rotation = base.map { base in
            let table = RotaryEmbedding.table(length: length, size: size, base: base)
            return RotaryEmbedding(
                cosine: trial.input("cosine", [1, length, size / 2], table.cosine),
                sine: trial.input("sine", [1, length, size / 2], table.sine))
        }
        let y = layer(x.tensor, batch: batch, length: length, mask: mask, rotation: rotation)
        try trial.setParameters()
        #expect(trial.store.entries.map(\.path) == ["attention.projection.weight", "attention.output.weight"])
        let expected = try attended(x.values, "attention", trial, size: size, bias: false, isScaled: false, base: base)
        try trial.expect(y, expected, shape: [batch * length, width])
    }

    @Test(arguments: [true, false], [true, false]) func mlpsMayBeGated(isGated: Bool, bias: Bool) throws {
        var trial = LayerTrial()
        let x = trial.input("x", [4, width])
        let y = MLP(trial.root / "mlp", width: width, hidden: 5, activation: .gelu, isGated: isGated, bias: bias)(
            x.tensor)
        try trial.setParameters()
        func parameter(_ name: String) throws -> [Double]? {
            name.hasSuffix("weight") || bias ? try trial.parameter("mlp.\(name)") : nil
        }
        let expanded = linear(
            x.values, try #require(try parameter("expand.weight")), try parameter("expand.bias"), inputs: width)
        let rows = stride(from: 0, to: expanded.count, by: isGated ? 10 : 5).flatMap { start in
            (start..<start + 5).map { activated(.gelu, expanded[$0]) * (isGated ? expanded[$0 + 5] : 1) }
        }
        let expected = linear(
            rows, try #require(try parameter("contract.weight")), try parameter("contract.bias"), inputs: 5)
        try trial.expect(y, expected, shape: [4, width])
    }

    @Test func maskedTokensChangeNothing() throws {
        func outputs(_ change: Float) throws -> [Float] {
            var trial = LayerTrial()
            var numbers = trial.input("unused", [batch * length, width]).values.map { Float($0) }
            // The last two tokens of the second sequence.
            for index in 8 * width..<10 * width { numbers[index] += change }
            let x = trial.input("x", [batch * length, width], numbers)
            let mask = trial.input("mask", [batch, 1, 1, length], mask)
            let layer = SelfAttention(trial.root / "attention", width: width, heads: heads)
            let y = layer(x, batch: batch, length: length, mask: mask)
            try trial.setParameters()
            return try trial.run(y)
        }
        let (plain, changed) = (try outputs(0), try outputs(3))
        #expect(plain[..<(8 * width)] == changed[..<(8 * width)])
        #expect(plain[(8 * width)...] != changed[(8 * width)...])
    }

    private func activated(_ activation: Activation, _ x: Double) -> Double {
        switch activation {
        case .gelu: x * (1 + erf(x / 2.0.squareRoot())) / 2
        case .geluTanh: x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) / 2
        case .quickGELU: x / (1 + exp(-1.702 * x))
        case .relu: max(x, 0)
        }
    }

    @Test(arguments: Activation.allCases, [true, false])
    func blocksAddAttentionAndMLP(activation: Activation, normalizesFirst: Bool) throws {
        var trial = LayerTrial()
        let x = trial.input("x", [batch * length, width])
        let mask = trial.input("mask", [batch, 1, 1, length], mask)
        let block = TransformerBlock(
            trial.root / "block" / 3, width: width, heads: heads, hidden: 10, activation: activation, epsilon: 1e-3,
            order: normalizesFirst ? .normalizationFirst : .normalizationLast)
        let y = block(x.tensor, batch: batch, length: length, mask: mask)
        try trial.setParameters()

        let trialNow = trial
        func norm(_ name: String, _ x: [Double]) throws -> [Double] {
            normalized(
                x, gain: try trialNow.parameter("block.3.\(name).gain"),
                bias: try trialNow.parameter("block.3.\(name).bias"), epsilon: 1e-3)
        }
        func layer(_ name: String, _ x: [Double], inputs: Int) throws -> [Double] {
            linear(
                x, try trialNow.parameter("block.3.\(name).weight"), try trialNow.parameter("block.3.\(name).bias"),
                inputs: inputs)
        }
        func attend(_ x: [Double]) throws -> [Double] { try attended(x, "block.3.attention", trialNow) }
        func transform(_ x: [Double]) throws -> [Double] {
            let hidden = try layer("expand", x, inputs: width).map { activated(activation, $0) }
            return try layer("contract", hidden, inputs: 10)
        }
        func sum(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 + $1 } }
        let expected: [Double]
        if normalizesFirst {
            let mixed = sum(x.values, try attend(norm("norm1", x.values)))
            expected = sum(mixed, try transform(norm("norm2", mixed)))
        } else {
            let mixed = try norm("norm1", sum(x.values, attend(x.values)))
            expected = try norm("norm2", sum(mixed, transform(mixed)))
        }
        try trial.expect(y, expected, shape: [batch * length, width])
    }

    @Test func theMLPIsFourTimesAsWideByDefault() {
        let trial = LayerTrial()
        _ = TransformerBlock(trial.root, width: 8, heads: 2)
        let shapes = Dictionary(uniqueKeysWithValues: trial.store.entries.map { ($0.path, $0.shape) })
        #expect(shapes["expand.weight"] == [32, 8] && shapes["contract.weight"] == [8, 32])
        #expect(shapes["attention.projection.weight"] == [24, 8])
    }
}
