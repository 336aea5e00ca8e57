// Defines a network, and trains it to remove noise from drawings:
//   swift run -c release example-network
import CPUBackend
import Corpora
import Execution
import Graphs
import Layers
import RandomStreams

/// Predicts the noise in an image and subtracts it.
struct Denoiser {
    private let layers: [Convolution]

    init(_ scope: ParameterScope, width: Int) {
        layers = [(3, width), (width, width), (width, 3)].enumerated().map { index, channels in
            Convolution(scope / index, inputChannels: channels.0, outputChannels: channels.1, kernelSize: 3)
        }
    }

    /// [batch, height, width, 3] → the same shape.
    func callAsFunction(_ images: Tensor) -> Tensor {
        var noise = images
        for layer in layers.dropLast() { noise = layer(noise).leakyReLU() }
        return images - layers[layers.count - 1](noise)
    }
}

let (batch, side, device) = (16, 32, CPUDevice())
let (graph, store) = (Graph(), ParameterStore())
let network = Denoiser(ParameterScope(graph, store) / "denoiser", width: 16)
let clean = graph.input("clean", [batch, side, side, 3])
let noisy = graph.input("noisy", [batch, side, side, 3])
let difference = network(noisy) - clean
let loss = (difference * difference).mean()

let state = AdamState(
    gradient: try device.makeBuffer(count: store.length), parameters: try store.allocate(on: device, seed: 1),
    first: try device.makeBuffer(count: store.length), second: try device.makeBuffer(count: store.length),
    average: try device.makeBuffer(count: store.length))
let variables = store.entries.map { ParameterScope(graph, store, path: $0.path).parameter($0.shape, $0.initializer) }
let derivatives = gradients(of: loss, withRespectTo: variables)
let program = try device.compile(
    Outputs(
        results: ["loss": loss],
        writes: zip(store.entries, derivatives).map { ($1, store.slice($0, of: state.gradient)) }),
    parameters: ParameterMap(store.slices(of: state.parameters)))

let corpus = ShapesCorpus(seed: 1, side: side)
for step in 1...300 {
    let images = (0..<batch).flatMap { corpus.drawing(step * batch + $0).image.values }
    var stream = RandomStream(seed: 1, purpose: "noise", index: UInt64(step))
    let damaged = zip(images, stream.normals(images.count)).map { $0 + 0.2 * $1 }
    let results = try program.run(["clean": .floats(images), "noisy": .floats(damaged)])
    device.adam(
        AdamStep(learningRate: 2e-3, beta1: 0.9, beta2: 0.99, number: step, averageDecay: 0.99), on: state)
    if step == 1 || step % 100 == 0 { print("step \(step): mean squared error \(results.mean("loss"))") }
}
