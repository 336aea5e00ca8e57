import Basics
import FoundationEssentials

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
