/// Settings of one Adam step (Kingma and Ba 2015, algorithm 1).
public struct AdamStep: Sendable {
    /// Learning rate.
    public var learningRate: Float
    /// Decay rates of the first and second moment.
    public var beta1, beta2: Float
    /// Added to the denominator.
    public var epsilon: Float = 1e-8
    /// The number of this step, from 1, for the bias correction.
    public var number: Int
    /// Decay of the moving average a ← decay·a + (1 − decay)·p.
    public var averageDecay: Float

    /// One step's settings.
    public init(learningRate: Float, beta1: Float, beta2: Float, number: Int, averageDecay: Float) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.number = number
        self.averageDecay = averageDecay
    }
}

/// The buffers that an Adam step reads and updates; all have the same length.
public struct AdamState {
    /// Gradient of the loss; read only.
    public let gradient: any Buffer
    /// The values under training.
    public let parameters: any Buffer
    /// Moving averages of the gradient and of its square.
    public let first, second: any Buffer
    /// Moving average of the parameters.
    public let average: any Buffer

    /// The state of one network.
    public init(
        gradient: any Buffer, parameters: any Buffer, first: any Buffer, second: any Buffer, average: any Buffer
    ) {
        self.gradient = gradient
        self.parameters = parameters
        self.first = first
        self.second = second
        self.average = average
    }
}

/// A parameter under spectral normalization, as a matrix W [rows × columns] with estimates of its first singular vectors,
/// both of unit length (Miyato et al. 2018, section 2.1).
public struct SpectralFilter {
    /// W.
    public let weight: BufferSlice
    /// Singular vectors u [rows] and v [columns].
    public let u, v: BufferSlice
    /// W/σ with σ = uᵀWv, which programs read instead of W.
    public let normalized: BufferSlice
    /// The gradient with respect to W/σ, which `Device.correctGradients` converts to the gradient with respect to W.
    public let gradient: BufferSlice

    /// Rows and columns follow from the lengths of `u` and `v`.
    public init(weight: BufferSlice, u: BufferSlice, v: BufferSlice, normalized: BufferSlice, gradient: BufferSlice) {
        precondition(
            weight.count == u.count * v.count && normalized.count == weight.count,
            "the sizes of a spectral filter do not agree")
        self.weight = weight
        self.u = u
        self.v = v
        self.normalized = normalized
        self.gradient = gradient
    }
}
