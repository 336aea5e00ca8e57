import Basics
import Files
import FoundationEssentials
import Images
import Inference

/// Assigns images to output files: a single file, which is a grid if there are several images, or a folder with one file per
/// image. A name that is chosen here never replaces the image of another prompt or seed, nor another grid, sheet with labels or
/// comparison.
struct OutputLayout {
    /// One file and the requests whose images it contains.
    struct File {
        let path: String
        let requests: Range<Int>
        let columns: Int
    }
    let files: [File]
    private let folder: String?

    /// Chooses the names that the plan leaves open.
    /// - Parameters:
    ///   - model: the model's name.
    ///   - side: width and height of one image in pixels.
    init(_ plan: OutputPlan, model: String, side: Int) {
        folder = plan.folder
        var names = FileNames(folder: folder)
        func chosenPath(_ members: Range<Int>) -> String {
            // A comparison is named as the edited image.
            let metadata = plan.metadata(of: members, model: model, side: side)
            let seed = plan.hasSeeds ? "-\(metadata.request.seed)" : ""
            return names.free(OutputLayout.slug(metadata.request.prompt) + seed, for: metadata)
        }
        files = plan.members.enumerated().map { index, members in
            let path = plan.paths?[index] ?? chosenPath(members)
            return File(path: path, requests: members, columns: plan.columns)
        }
    }

    /// One file per frame of a walk, `frame-00000.png` and so on.
    /// - Throws: `CommandError` if one is another image.
    init(frames requests: [GenerationRequest], folder: String) throws {
        let folder = Paths.withoutSlash(folder)
        self.folder = folder
        let names = FileNames(folder: folder)
        files = try requests.enumerated().map { index, request in
            let path = try names.numbered("frame-" + zeroPadded(index, width: 5), for: request)
            return File(path: path, requests: index..<index + 1, columns: 1)
        }
    }

    /// One file with all frames of a walk, in one row if they are few.
    /// - Throws: `CommandError` if `path` is not that of a PNG.
    init(strip requests: [GenerationRequest], path: String) throws {
        try Paths.requirePNG(path)
        folder = nil
        let columns = requests.count <= 10 ? requests.count : OutputLayout.side(of: requests.count)
        files = [File(path: path, requests: requests.indices, columns: columns)]
    }

    /// Throws if a file would be larger than the largest image that Limn reads.
    /// - Parameter side: width and height of one image.
    func requireGeneratable(side: Int) throws {
        for file in files {
            let columns = min(file.columns, file.requests.count)
            let rows = (file.requests.count + columns - 1) / columns
            try requireGeneratable(width: columns * side, height: rows * side)
        }
    }

    /// Likewise, for a single file of known size.
    func requireGeneratable(width: Int, height: Int) throws {
        guard max(width, height) <= Image.maximumSide, width * height <= Image.maximumPixels else {
            throw CommandError(
                .usage,
                "\(files[0].path) would have \(width)×\(height) pixels; use fewer images or a smaller --size")
        }
    }

    /// Creates the output folder, and says how many other images it already holds; throws if a single file cannot be written.
    func prepare() throws {
        guard let folder else {
            if files[0].path != "-" { try Paths.requireWritable(files[0].path) }
            return
        }
        try createFolder(folder)
        let own = Set(files.map { lastComponent(of: $0.path) })
        let others = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let count = others.count { $0.hasSuffix(".png") && !own.contains($0) }
        if count > 0 { Terminal.say("\(folder) already holds \(Measure.count(count, "other PNG"))") }
    }

    /// Prints what was written to standard error.
    func announce() {
        if let folder, files.count > 1 { return Terminal.say("\(files.count) images in \(folder)") }
        if files[0].path != "-" { Terminal.say(files[0].path) }
    }

    /// Number of images in a row of a square of `count`, of which the last row may be shorter.
    static func side(of count: Int) -> Int { Int(Double(count).squareRoot().rounded(.up)) }

    /// The first letters and digits of a prompt, joined by dashes: at most 60, and as many as a file name of 255 bytes has room for
    /// besides seed, number and suffix.
    private static func slug(_ prompt: String) -> String {
        let words = prompt.lowercased().split { !$0.isLetter && !$0.isNumber }
        var slug = ""
        for character in words.joined(separator: "-").prefix(60) {
            guard slug.utf8.count + character.utf8.count <= 200 else { break }
            slug.append(character)
        }
        return slug.isEmpty ? "image" : slug
    }
}

/// Chooses names of files in a folder.
struct FileNames {
    /// The folder; nil is the working directory.
    let folder: String?
    private var taken: Set<String> = []

    init(folder: String?) { self.folder = folder }

    /// `STEM.png`, or `STEM-2.png` and so on if that is another image.
    mutating func free(_ stem: String, for metadata: ImageMetadata) -> String {
        var number = 1
        while true {
            let path = path(number == 1 ? stem : "\(stem)-\(number)")
            if !taken.contains(path), FileNames.isFree(path, for: metadata) {
                taken.insert(path)
                return path
            }
            number += 1
        }
    }

    /// `STEM.png`.
    /// - Throws: `CommandError` if that is the image of another prompt or seed, or without metadata.
    func numbered(_ stem: String, for request: GenerationRequest) throws -> String {
        let path = path(stem)
        // The model does not matter for a single image.
        guard FileNames.isFree(path, for: ImageMetadata(request: request, model: "")) else {
            throw CommandError(
                .cannotWrite,
                "\(path): is the image of another prompt or seed, or does not say; choose an empty folder with --out")
        }
        return path
    }

    private func path(_ stem: String) -> String { (folder.map { "\($0)/" } ?? "") + stem + ".png" }

    /// Whether a file does not exist, or is a single image of the same prompt and seed, or the same grid. Another grid, or one with
    /// labels, shows what the new file lacks. Files without metadata are never replaced, since nothing says what they are.
    private static func isFree(_ path: String, for metadata: ImageMetadata) -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return true }
        guard let data = FileManager.default.contents(atPath: path), let texts = try? Image.pngText(in: [UInt8](data)),
            var found = ImageMetadata(pngText: texts)
        else { return false }
        if found.count > 1 || found.gridHash != nil {
            return found.gridHash != nil && found.gridHash == metadata.gridHash
        }
        found.request.truncation = metadata.request.truncation
        return found.request == metadata.request
    }
}
