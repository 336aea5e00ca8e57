import CPUBackend
import Execution
import Graphs
import Testing

/// Derivatives of derivatives where training needs them: the gradient penalties of a small discriminator, R1 (Mescheder
/// et al. 2018) and the matching-aware penalty (Tao et al. 2022), differentiated by the parameters.
///
/// Golden values are PyTorch's double backward in float64, from `scripts/golden/penalties.py`.
@Suite struct PenaltyTests {
    /// The graph of `penalties.py`: element i of each value is scale · sin(i + phase).
    private struct Discriminator {
        static let filters: [(path: String, shape: Shape)] = [
            ("down", [4, 4, 4, 3]), ("joint", [6, 3, 3, 9]), ("logit", [1, 4, 4, 6]), ("residual", [4, 3, 3, 4]),
        ]
        let graph = Graph()
        let parameters: [String: Tensor]
        let logits: Tensor
        /// mean ‖∇ₓD‖².
        let r1: Tensor
        /// 2 · mean (‖∇ₓD‖² + ‖∇ₛD‖²)³.
        let matching: Tensor
        let values: [String: [Double]]

        init() {
            let x = graph.input("x", [2, 8, 8, 3])
            let s = graph.input("s", [2, 5])
            var values = ["x": waves(2 * 8 * 8 * 3, phase: 0.1), "s": waves(10, phase: 0.2)]
            var parameters: [String: Tensor] = [:]
            for (index, (path, shape)) in Discriminator.filters.enumerated() {
                parameters[path] = graph.parameter(path, shape)
                values[path] = waves(shape.count, phase: 0.3 + Double(index)).map { $0 * 0.4 }
            }
            func convolution(_ h: Tensor, _ path: String, stride: Int = 1, padding: Int) -> Tensor {
                guard let filter = parameters[path] else { preconditionFailure("no filter \(path)") }
                return h.convolution(filter, .init(stride: stride, padding: padding))
            }
            var h = convolution(x, "down", stride: 2, padding: 1).leakyReLU(0.2)
            h = h + 0.5 * convolution(h, "residual", padding: 1).leakyReLU(0.2)
            h = Tensor.concatenated([h, s.reshaped([2, 1, 1, 5]).broadcast(to: [2, 4, 4, 5])], axis: 3)
            h = convolution(h, "joint", padding: 1).leakyReLU(0.2)
            logits = convolution(h, "logit", padding: 0).reshaped([2])
            let derivatives = gradients(of: logits.sum(), withRespectTo: [x, s])
            let byImage = (derivatives[0] * derivatives[0]).sum(along: [1, 2, 3]).reshaped([2])
            let bySentence = (derivatives[1] * derivatives[1]).sum(along: [1]).reshaped([2])
            r1 = byImage.mean()
            matching = 2 * (byImage + bySentence).pow(3).mean()
            (self.parameters, self.values) = (parameters, values)
        }
    }

    /// A penalty, and of its derivative by each filter the norm and the first elements.
    private struct Golden {
        let value: Double
        let derivatives: [String: (norm: Double, first: [Double])]
    }

    private static let logits = [-0.8550275831941385, 1.698677323555074]
    private static let r1 = Golden(
        value: 0.8207895090182973,
        derivatives: [
            "down": (
                0.7406797012429189,
                [-0.0030334695758695257, -0.027664933745066077, -0.026861385412427274, 0.0019766371325173437]
            ),
            "joint": (
                6.473547306846155, [0.0778671273621425, 0.3012268506208696, -0.830378885462457, 0.3410632978715302]
            ),
            "logit": (
                1.804009802570567,
                [-0.06566752312867677, -0.07165130035729636, -0.20049156587596687, 0.0038267426674855206]
            ),
            "residual": (
                1.3727741111677159,
                [0.04843555520670485, -0.00539178032324586, -0.01859140377852235, 0.00757222409815004]
            ),
        ])
    private static let matching = Golden(
        value: 15.888217173295672,
        derivatives: [
            "down": (
                19.166110000915086, [-0.20017840805326392, -0.836950597498146, -0.7042342673986612, 0.131746198847032]
            ),
            "joint": (
                389.7578132634494, [1.526833812284729, 8.265564451253454, -19.348702643226826, 8.242935001228465]
            ),
            "logit": (
                102.12494313110929, [-4.5851664102341685, -4.147794803039536, -8.50373780892757, 6.308911567781481]
            ),
            "residual": (
                36.01628443186377, [1.298113460408164, -0.06939371727556487, -0.5258354619686745, 0.21108329667044284]
            ),
        ])

    private func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    private func expect(_ found: [String: [Double]], _ value: Double, _ golden: Golden, tolerance: Double) {
        #expect(abs(value - golden.value) <= tolerance * golden.value)
        for (path, (wantedNorm, first)) in golden.derivatives {
            let derivative = found[path] ?? []
            #expect(abs(norm(derivative) - wantedNorm) <= tolerance * wantedNorm, "norm of \(path)")
            for (value, wanted) in zip(derivative, first) {
                #expect(abs(value - wanted) <= tolerance * wantedNorm, "\(path): \(value), PyTorch finds \(wanted)")
            }
        }
    }

    /// The traced derivatives, evaluated in float64; slopes and factors are float32 constants.
    @Test func derivativesAgreeWithPyTorch() {
        let discriminator = Discriminator()
        var reference = Reference(discriminator.values)
        for (value, wanted) in zip(reference(discriminator.logits), PenaltyTests.logits) {
            #expect(abs(value - wanted) < 1e-7)
        }
        for (penalty, golden) in [(discriminator.r1, PenaltyTests.r1), (discriminator.matching, PenaltyTests.matching)]
        {
            let paths = Discriminator.filters.map(\.path)
            let derivatives = gradients(of: penalty, withRespectTo: paths.compactMap { discriminator.parameters[$0] })
            let found = Dictionary(uniqueKeysWithValues: zip(paths, derivatives.map { reference($0) }))
            expect(found, reference(penalty)[0], golden, tolerance: 1e-6)
        }
    }

    /// The same in a compiled float32 program.
    @Test func programsAgreeWithPyTorch() throws {
        let discriminator = Discriminator()
        let parameters = try CPUDevice().makeBuffer(count: Discriminator.filters.reduce(0) { $0 + $1.shape.count })
        let derived = try CPUDevice().makeBuffer(count: parameters.count)
        for (penalty, golden) in [(discriminator.r1, PenaltyTests.r1), (discriminator.matching, PenaltyTests.matching)]
        {
            let variables = Discriminator.filters.compactMap { discriminator.parameters[$0.path] }
            var slices: [String: BufferSlice] = [:]
            var writes: [(tensor: Tensor, destination: BufferSlice)] = []
            var offset = 0
            var weights: [Float] = []
            for ((path, shape), tensor) in zip(Discriminator.filters, gradients(of: penalty, withRespectTo: variables))
            {
                slices[path] = BufferSlice(parameters, offset: offset, count: shape.count)
                writes.append((tensor, BufferSlice(derived, offset: offset, count: shape.count)))
                weights += (discriminator.values[path] ?? []).map { Float($0) }
                offset += shape.count
            }
            parameters.values = weights
            let program = try CPUDevice(library: .openBLAS).compile(
                Outputs(results: ["penalty": penalty], writes: writes), parameters: ParameterMap(slices))
            let inputs = discriminator.values.filter { slices[$0.key] == nil }.mapValues {
                HostArray.floats($0.map { Float($0) })
            }
            let value = try program.run(inputs)["penalty"].first ?? .nan
            let found = slices.mapValues { slice in
                derived.values[slice.offset..<slice.offset + slice.count].map(Double.init)
            }
            expect(found, Double(value), golden, tolerance: 1e-4)
        }
    }

    /// Central differences for a few elements of each filter. No activation is close to the kink of leaky ReLU.
    @Test func derivativesAgreeWithCentralDifferences() {
        let discriminator = Discriminator()
        let paths = Discriminator.filters.map(\.path)
        for penalty in [discriminator.r1, discriminator.matching] {
            let derivatives = gradients(of: penalty, withRespectTo: paths.compactMap { discriminator.parameters[$0] })
            var reference = Reference(discriminator.values)
            for (path, derivative) in zip(paths, derivatives) {
                let found = reference(derivative)
                for index in stride(from: 0, to: found.count, by: found.count / 5) {
                    func value(moved step: Double) -> Double {
                        var values = discriminator.values
                        values[path]?[index] += step
                        var reference = Reference(values)
                        return reference(penalty)[0]
                    }
                    let expected = (value(moved: 1e-6) - value(moved: -1e-6)) / 2e-6
                    #expect(abs(found[index] - expected) <= 1e-6 * norm(found), "\(path)[\(index)]")
                }
            }
        }
    }
}
