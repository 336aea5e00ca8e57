import Basics
import FoundationEssentials

/// Assigns images to output files.
struct OutputLayout {
    /// One file and the requests whose images it contains.
    struct File {
        let path: String
        let requests: Range<Int>
        let columns: Int
    }
    let files: [File]
    private let folder: String?

    /// - Parameter lines: for prompts from a file, their lines from 0, by which files are numbered; nil for others.
    init(_ prompts: [String], perPrompt: Int, grid: Bool, lines: [Int]?, out: String?) throws {
        let total = prompts.count * perPrompt
        if grid || (prompts.count == 1 && lines == nil) {
            // One row per prompt; the images of a single prompt form a square.
            let columns = prompts.count > 1 && perPrompt > 1 ? perPrompt : OutputLayout.side(of: total)
            folder = nil
            files = [File(path: out ?? OutputLayout.name(prompts[0]), requests: 0..<total, columns: columns)]
            return
        }
        guard let out, out != "-" else {
            throw CommandError(
                .usage, "several prompts need --out DIR for their images, or --grid for a single image")
        }
        folder = out
        files = prompts.indices.map { index in
            File(
                path: "\(out)/\(zeroPadded(lines?[index] ?? index, width: 5)).png",
                requests: index * perPrompt..<(index + 1) * perPrompt,
                columns: OutputLayout.side(of: perPrompt))
        }
    }

    /// Throws if a file would be larger than the largest image that Limn reads: 32768 pixels wide or high, 64 million in all.
    /// - Parameter side: width and height of one image.
    func requireGeneratable(side: Int) throws {
        for file in files {
            let columns = min(file.columns, file.requests.count)
            let rows = (file.requests.count + columns - 1) / columns
            let (width, height) = (columns * side, rows * side)
            guard max(width, height) <= 32768, width * height <= 64_000_000 else {
                throw CommandError(
                    .usage,
                    "\(file.path) would have \(width)×\(height) pixels; use fewer images or a smaller --size"
                )
            }
        }
    }

    /// Creates the output folder.
    func prepare() throws {
        guard let folder else { return }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw CommandError(
                .cannotWrite, "\(folder): the folder cannot be created; is there a file of that name?")
        }
    }

    /// Prints what was written to standard error.
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
