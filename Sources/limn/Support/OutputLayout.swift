import Basics
import Checkpoints
import FoundationEssentials
import Layers
import Synthesis

/// Which images go into which file.
struct OutputLayout {
    /// One file and the requests it shows.
    struct File {
        let path: String
        let requests: Range<Int>
        let columns: Int
    }
    let files: [File]
    private let folder: String?

    /// - Parameter isList: prompts come from a file, so that files are numbered by its lines.
    init(_ prompts: [String], perPrompt: Int, grid: Bool, isList: Bool, out: String?) throws {
        let total = prompts.count * perPrompt
        if grid || (prompts.count == 1 && !isList) {
            // A prompt's images lie in a row; those of a single prompt in a square.
            let columns = prompts.count > 1 && perPrompt > 1 ? perPrompt : OutputLayout.side(of: total)
            folder = nil
            files = [File(path: out ?? OutputLayout.name(prompts[0]), requests: 0..<total, columns: columns)]
            return
        }
        guard let out, out != "-" else {
            throw CommandError(
                .usage, "several prompts need --out DIR for their images, or --grid for one image")
        }
        folder = out
        files = prompts.indices.map { index in
            File(
                path: "\(out)/\(zeroPadded(index, width: 5)).png",
                requests: index * perPrompt..<(index + 1) * perPrompt,
                columns: OutputLayout.side(of: perPrompt))
        }
    }

    /// Throws when a file would have more pixels than Limn reads back: 32768 a side, 64 million in all.
    /// - Parameter side: that of one image.
    func requireGeneratable(side: Int) throws {
        for file in files {
            let columns = min(file.columns, file.requests.count)
            let rows = (file.requests.count + columns - 1) / columns
            let (width, height) = (columns * side, rows * side)
            guard max(width, height) <= 32768, width * height <= 64_000_000 else {
                throw CommandError(
                    .usage,
                    "\(file.path) would have some \(width)×\(height) pixels; ask for fewer images or a smaller --size"
                )
            }
        }
    }

    /// Makes the folder that files go into.
    func prepare() throws {
        guard let folder else { return }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw CommandError(
                .cannotWrite, "\(folder): the folder cannot be made; is there a file of that name?")
        }
    }

    /// Tells people what was written.
    func announce() {
        if let folder { return Terminal.say("\(files.count) images in \(folder)") }
        if files[0].path != "-" { Terminal.say(files[0].path) }
    }

    private static func side(of count: Int) -> Int { Int(Double(count).squareRoot().rounded(.up)) }

    /// A file name from a prompt: its first letters and digits, joined by dashes.
    private static func name(_ prompt: String) -> String {
        let words = prompt.lowercased().split { !$0.isLetter && !$0.isNumber }
        let slug = words.joined(separator: "-").prefix(60)
        return (slug.isEmpty ? "image" : String(slug)) + ".png"
    }
}

/// What a file was generated from: for its PNG text and for `--json`.
struct GenerationRecord: Encodable {
    let file: String
    let prompt: String
    let seed: UInt64
    let count: Int
    let truncation: Float?
    let model: String
    let milliseconds: Double

    init(file: String, request: GenerationRequest, count: Int, model: String, milliseconds: Duration) {
        self.file = file
        prompt = request.prompt
        seed = request.seed
        self.count = count
        truncation = request.truncation.isFinite ? request.truncation : nil
        self.model = model
        let parts = milliseconds.components
        self.milliseconds = (Double(parts.seconds) * 1e3 + Double(parts.attoseconds) * 1e-15).rounded()
    }

    /// `parameters` is the line that other painters read; the rest is for programs. Prompts are cut to 10,000 letters.
    var pngText: [(keyword: String, text: String)] {
        let prompt = String(prompt.prefix(10_000))
        let bound = truncation.map { ", Truncation: \($0)" } ?? ""
        var text = [
            (keyword: "parameters", text: "\(prompt)\nSeed: \(seed)\(bound), Model: \(model)"),
            (keyword: "prompt", text: prompt),
            (keyword: "seed", text: "\(seed)"), (keyword: "model", text: model), (keyword: "Software", text: "Limn"),
        ]
        if let truncation { text.append((keyword: "truncation", text: "\(truncation)")) }
        return text
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

/// Where a model is looked for.
enum ModelLocation {
    private static let shipped = "models/flowers-64.safetensors"

    /// Does `body`, whose failures about a model's arrays do not know the file they are from.
    static func naming<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let failure as ParameterMismatch {
            throw CommandError(.badData, "\(path): \(failure)")
        }
    }

    /// The path given, that of `LIMN_MODEL`, or the model that ships, above the executable or below this folder.
    static func find(_ given: String?) throws -> String {
        if let path = given ?? ProcessInfo.processInfo.environment["LIMN_MODEL"] {
            guard FileManager.default.fileExists(atPath: path) else {
                throw CommandError(.noInput, "\(path): no such model; is the path right?")
            }
            return path
        }
        var folder = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        var tried: [String] = []
        while let slash = folder.lastIndex(of: "/") {
            folder = String(folder[..<slash])
            tried.append("\(folder)/\(shipped)")
        }
        tried.append(shipped)
        guard let path = tried.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw CommandError(.noInput, "no \(shipped) here or above the executable; name a model with --model")
        }
        return path
    }
}
