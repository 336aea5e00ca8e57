// Generates an image from a prompt:
//   swift run -c release example-generate "a red rose" models/flowers-64.safetensors rose.png
import CPUBackend
import Files
import Glibc
import Images
import Inference
import Models

let arguments = CommandLine.arguments
guard arguments.count == 4 else {
    print("usage: example-generate PROMPT MODEL FILE.png")
    exit(64)
}
let (prompt, path, file) = (arguments[1], arguments[2], arguments[3])

let model = try Model(contentsOf: path)
let generator = try ImageGenerator(model, device: CPUDevice())
let request = GenerationRequest(prompt: prompt, seed: 7)
let image = try generator.generate([request])[0]
// Text chunks, by which `limn info` and `limn edit` know how the image was made.
let metadata = ImageMetadata(request: request, model: generator.name)
try AtomicFile.write(image.pngData(text: metadata.pngText), to: file)
print("\(file): \(image.width)×\(image.height), \(prompt), seed \(request.seed)")
