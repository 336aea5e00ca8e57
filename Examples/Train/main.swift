// Draws a corpus of shapes and trains a small model on it, a few minutes on two cores:
//   swift run -c release example-train shapes runs/shapes
import CPUBackend
import Corpora
import Glibc
import Tasks

let arguments = CommandLine.arguments
guard arguments.count == 3 else {
    print("usage: example-train CORPUS RUN")
    exit(64)
}
let (folder, run) = (arguments[1], arguments[2])

if access(folder, F_OK) != 0 {
    try ShapesCorpus(seed: 1, side: 32).write(to: folder, count: 4000)
}
let recipe = try Recipe(
    yaml: """
        name: shapes
        data: {side: 32, mirror: false, vocabulary: 400}
        encoder: {width: 64, layers: 2, length: 24, embedding: 64, image_width: 12, batch: 128, images: 40000}
        generator: {width: 8, noise: 32}
        discriminator: {width: 8, learning_rate: 4.0e-4}
        gan: {batch: 32, images: 120000, augmentation: 0}
        """, named: "the recipe")
let training = TrainingRun(recipe, data: folder, path: run, resume: true, device: CPUDevice())
print(try training.train() == .finished ? "trained \(run)/model.safetensors" : "interrupted; start again to resume")
