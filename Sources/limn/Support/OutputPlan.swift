import Basics
import Inference

/// Which images go into which files, as far as that is known before a model is loaded: all but the names that are chosen. These
/// depend on what existing files contain, and so on the model.
struct OutputPlan {
    /// The images of each file, of all that were requested.
    let members: [Range<Int>]
    /// The path of each file, if the user named it or its number is that of a line; nil if names are to be chosen.
    let paths: [String]?
    /// The folder of the files; nil for a single file.
    let folder: String?
    /// Whether names that are chosen end in seeds, since a prompt has several images.
    let hasSeeds: Bool
    /// Number of images in a row of a file.
    let columns: Int
    private let sheet: ImageMetadata.Sheet
    private let requests: [GenerationRequest]

    /// - Parameters:
    ///   - requests: the images, prompt by prompt; of a comparison, the image as it was and the edited one.
    ///   - perPrompt: number of images of each prompt.
    ///   - sheet: what all images are put together as in one file; nil if a folder gets a file for each.
    ///   - lines: for prompts from a file, their lines from 0, by which files are numbered; nil for others.
    ///   - out: the path that the user named: a folder if it is one, ends in a slash or has no suffix; else a PNG.
    /// - Throws: `CommandError` if several images need a folder, the path is not that of a PNG, or the file of a line is another
    ///   image.
    init(
        _ requests: [GenerationRequest], perPrompt: Int, sheet: ImageMetadata.Sheet?, lines: [Int]?, out: String?
    ) throws {
        let prompts = requests.count / perPrompt
        let isSingle = sheet != nil || (prompts == 1 && lines == nil)
        let folder = out.flatMap { Paths.isFolder($0, ofMany: !isSingle) ? Paths.withoutSlash($0) : nil }
        guard isSingle || folder != nil else {
            throw CommandError(
                .usage,
                (lines == nil ? "several prompts need" : "prompts from a file need")
                    + " --out DIR for their images, or --grid for a single image")
        }
        if let out, folder == nil { try Paths.requirePNG(out) }
        (self.requests, self.folder, self.sheet) = (requests, folder, sheet ?? .grid)
        guard folder != nil, sheet == nil else {
            hasSeeds = false
            // One row per prompt; the images of a single prompt form a square.
            columns = prompts > 1 && perPrompt > 1 ? perPrompt : OutputLayout.side(of: requests.count)
            members = [requests.indices]
            paths = folder == nil ? out.map { [$0] } : nil
            return
        }
        (hasSeeds, columns) = (perPrompt > 1, 1)
        members = requests.indices.map { $0..<$0 + 1 }
        guard let lines else {
            paths = nil
            return
        }
        let names = FileNames(folder: folder)
        paths = try requests.enumerated().map { index, request in
            let number = zeroPadded(lines[index / perPrompt], width: 5)
            return try names.numbered(number + (perPrompt > 1 ? "-\(request.seed)" : ""), for: request)
        }
    }

    /// What a file says about itself.
    /// - Parameters:
    ///   - members: its images.
    ///   - model: the model's name.
    ///   - side: width and height of one image in pixels.
    func metadata(of members: Range<Int>, model: String, side: Int) -> ImageMetadata {
        ImageMetadata(
            requests: Array(requests[members]), sheet: sheet, columns: columns, model: model, side: side)
    }
}
