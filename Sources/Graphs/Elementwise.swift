/// A function of each element, of one operand or of two with equal shapes.
package struct Elementwise: Operation {
    package enum Function: Hashable, Sendable {
        // Of one operand.
        case scale(Float), offset(Float), pow(Float)
        case exp, log, sqrt, reciprocal, tanh, sigmoid, softplus, erf
        /// x where x > 0, else slope · x.
        case leakyReLU(Float)
        /// x limited to low … high.
        case clamp(Float, Float)
        /// 1 where low < x < high, else 0.
        case between(Float, Float)
        // Of two.
        case add, subtract, multiply, divide
        /// a where b > 0, else slope · a.
        case leakyReLUGradient(Float)
    }
    package let function: Function

    package func shape(of inputs: [Shape]) -> Shape {
        precondition(inputs.allSatisfy { $0 == inputs[0] }, "\(function): operands of shapes \(inputs)")
        return inputs[0]
    }

    package func pullback(_ dy: Tensor, inputs: [Tensor], output y: Tensor) -> [Tensor?] {
        let x = inputs[0]
        switch function {
        case .scale(let factor): return [dy * factor]
        case .offset: return [dy]
        case .pow(let p): return [dy * (x.pow(p - 1) * p)]
        case .exp: return [dy * y]
        case .log: return [dy / x]
        case .sqrt: return [dy / y * 0.5]
        case .reciprocal: return [-(dy * y * y)]
        case .tanh: return [dy * (1 - y * y)]
        case .sigmoid: return [dy * (y * (1 - y))]
        case .softplus: return [dy * x.sigmoid()]
        case .erf: return [dy * ((x * x * -1).exp() * 1.128_379_2)]
        // The result has the sign of the operand and stays in memory for the next layer anyway.
        case .leakyReLU(let slope): return [dy.leakyReLUGradient(at: y, slope: slope)]
        // Likewise: a value inside the bounds equals its result.
        case .clamp(let low, let high): return [dy * y.map(.between(low, high))]
        // Piecewise constant: zero almost everywhere.
        case .between: return [nil]
        case .add: return [dy, dy]
        case .subtract: return [dy, -dy]
        case .multiply: return [dy * inputs[1], dy * x]
        case .divide: return [dy / inputs[1], -(dy * y / inputs[1])]
        case .leakyReLUGradient(let slope): return [dy.leakyReLUGradient(at: inputs[1], slope: slope), nil]
        }
    }
}

extension Tensor {
    package func map(_ function: Elementwise.Function) -> Tensor {
        graph.apply(Elementwise(function: function), [self])
    }

    /// Applies a function of two operands after broadcasting both to their common shape.
    private static func map(_ function: Elementwise.Function, _ a: Tensor, _ b: Tensor) -> Tensor {
        guard let shape = Shape.broadcast(a.shape, b.shape) else {
            preconditionFailure("\(function): shapes \(a.shape) and \(b.shape) do not agree")
        }
        return a.graph.apply(Elementwise(function: function), [a.broadcast(to: shape), b.broadcast(to: shape)])
    }

    /// The value of all elements if the tensor is a constant.
    private var constant: Float? { (node.operation as? Fill)?.value }

    private func absorbs(_ other: Tensor) -> Bool { Shape.broadcast(shape, other.shape) == shape }

    /// a + b, broadcast to the common shape.
    public static func + (a: Tensor, b: Tensor) -> Tensor {
        if let value = b.constant, a.absorbs(b) { return a + value }
        if let value = a.constant, b.absorbs(a) { return b + value }
        return map(.add, a, b)
    }
    /// a − b, broadcast to the common shape.
    public static func - (a: Tensor, b: Tensor) -> Tensor {
        if let value = b.constant, a.absorbs(b) { return a + -value }
        return map(.subtract, a, b)
    }
    /// a · b element by element, broadcast to the common shape.
    public static func * (a: Tensor, b: Tensor) -> Tensor {
        if let value = b.constant, a.absorbs(b) { return a * value }
        if let value = a.constant, b.absorbs(a) { return b * value }
        return map(.multiply, a, b)
    }
    /// a / b element by element, broadcast to the common shape.
    public static func / (a: Tensor, b: Tensor) -> Tensor { map(.divide, a, b) }

    /// Every element times `factor`.
    public static func * (a: Tensor, factor: Float) -> Tensor {
        if factor == 1 { return a }
        if let value = a.constant { return a.graph.fill(value * factor, a.shape) }
        if let inner = a.node.operation as? Elementwise, case .scale(let first) = inner.function {
            return Tensor(graph: a.graph, id: a.node.inputs[0]) * (first * factor)
        }
        return a.map(.scale(factor))
    }
    /// Every element times `factor`.
    public static func * (factor: Float, a: Tensor) -> Tensor { a * factor }
    /// Every element plus `value`.
    public static func + (a: Tensor, value: Float) -> Tensor {
        if value == 0 { return a }
        if let constant = a.constant { return a.graph.fill(constant + value, a.shape) }
        return a.map(.offset(value))
    }
    /// `value` plus every element.
    public static func + (value: Float, a: Tensor) -> Tensor { a + value }
    /// Every element minus `value`.
    public static func - (a: Tensor, value: Float) -> Tensor { a + -value }
    /// `value` minus every element.
    public static func - (value: Float, a: Tensor) -> Tensor { -a + value }
    /// Every element negated.
    public static prefix func - (a: Tensor) -> Tensor { a * -1 }

    /// xᵖ for x ≥ 0; for p = 2 any x.
    public func pow(_ p: Float) -> Tensor {
        if p == 0 { return graph.fill(1, shape) }
        if p == 1 { return self }
        if p == 2 { return self * self }
        return map(.pow(p))
    }
    /// eˣ.
    public func exp() -> Tensor { map(.exp) }
    /// Natural logarithm.
    public func log() -> Tensor { map(.log) }
    /// √x.
    public func sqrt() -> Tensor { map(.sqrt) }
    /// 1/x.
    public func reciprocal() -> Tensor { map(.reciprocal) }
    /// Hyperbolic tangent.
    public func tanh() -> Tensor { map(.tanh) }
    /// 1 / (1 + e⁻ˣ).
    public func sigmoid() -> Tensor { map(.sigmoid) }
    /// log(1 + eˣ), without overflow.
    public func softplus() -> Tensor { map(.softplus) }
    /// The error function, 2/√π · ∫₀ˣ e^(−t²) dt.
    public func erf() -> Tensor { map(.erf) }
    /// x where positive, else `slope` · x (Maas et al. 2013); `slope` must not be negative.
    public func leakyReLU(_ slope: Float = 0.2) -> Tensor { map(.leakyReLU(slope)) }
    /// max(x, 0).
    public func relu() -> Tensor { map(.leakyReLU(0)) }
    /// x limited to 0 … 6 (Howard et al. 2017, "MobileNets").
    public func relu6() -> Tensor { clamped(0, 6) }
    /// x limited to `low` … `high`.
    public func clamped(_ low: Float, _ high: Float) -> Tensor { map(.clamp(low, high)) }
    /// x · Φ(x), Φ the normal distribution function (Hendrycks and Gimpel 2016).
    public func gelu() -> Tensor { self * ((self * 0.707_106_8).erf() + 1) * 0.5 }
    /// x · σ(1.702 x), the sigmoid approximation of GELU in the same paper.
    public func quickGELU() -> Tensor { self * (self * 1.702).sigmoid() }
    /// The tanh approximation of x · Φ(x) in the same paper.
    public func geluTanh() -> Tensor {
        let inner = (self + self * self * self * 0.044715) * 0.797_884_6
        return self * (inner.tanh() + 1) * 0.5
    }

    /// `self` where `sign` is positive, else `slope` · `self`: the VJP of leaky ReLU, which is linear in `self`.
    package func leakyReLUGradient(at sign: Tensor, slope: Float) -> Tensor {
        graph.apply(Elementwise(function: .leakyReLUGradient(slope)), [self, sign])
    }
}
