import Basics
import Files
import FoundationEssentials
import Images
import Inference

/// Assigns files to translate to output files: a single file, or a folder in which the folders of the input are kept.
struct TranslationLayout {
    /// A file to translate.
    struct Item {
        let source: String
        /// The file to write; in a folder without its suffix, which depends on what the source is.
        fileprivate let target: String
    }
    let items: [Item]
    /// The folder to write to; nil for a single file.
    let folder: String?
    /// Number of files in the input folders that are neither images nor videos.
    let others: Int
    private let overwrites: Bool

    /// - Parameters:
    ///   - inputs: files, and folders that are read with all folders in them.
    ///   - out: a file if there is one input file and the path has a suffix, or is `-`; otherwise a folder.
    ///   - overwrites: whether files that are already in the folder are replaced.
    /// - Throws: `CommandError`.
    init(_ inputs: [String], out: String, overwrites: Bool) throws {
        let sources = try inputs.map { input in
            var isFolder = false
            guard FileManager.default.fileExists(atPath: input, isDirectory: &isFolder) else {
                throw CommandError(.noInput, "\(input): no such file")
            }
            return (path: Paths.withoutSlash(input), isFolder: isFolder)
        }
        self.overwrites = overwrites
        let isSingle = sources.count == 1 && !sources[0].isFolder
        guard Paths.isFolder(out, ofMany: !isSingle) else {
            guard isSingle else {
                throw CommandError(
                    .usage, "\(out): is a file, and there may be several images; name a folder with --out")
            }
            (items, folder, others) = ([Item(source: sources[0].path, target: out)], nil, 0)
            return
        }
        let folder = Paths.withoutSlash(out)
        let results = resolvedPath(folder)
        var (items, others) = ([Item](), 0)
        for source in sources {
            // Results in a folder within that of the sources are not translated again.
            let isAround =
                results.flatMap { out in resolvedPath(source.path).map { out.hasPrefix($0 + "/") } } ?? false
            let names = source.isFolder ? try TranslationLayout.files(in: source.path) : [nil]
            for name in names {
                let path = name.map { "\(source.path)/\($0)" } ?? source.path
                if name != nil {
                    if isAround, let results, resolvedPath(path)?.hasPrefix(results + "/") ?? false {
                        continue
                    }
                    let suffix = Paths.suffix(path)
                    guard ImageFormat(suffix: suffix) != nil || VideoFile.suffixes.contains(suffix) else {
                        others += 1
                        continue
                    }
                }
                let relative = name ?? lastComponent(of: path)
                let suffix = Paths.suffix(relative)
                let stem = suffix.isEmpty ? relative[...] : relative.dropLast(suffix.count + 1)
                items.append(Item(source: path, target: "\(folder)/\(stem)"))
            }
        }
        var sourceOf: [String: String] = [:]
        for item in items {
            guard let other = sourceOf.updateValue(item.source, forKey: item.target) else { continue }
            throw CommandError(
                .usage,
                "\(other) and \(item.source) would both become \(item.target); write them to different folders")
        }
        guard !items.isEmpty else {
            throw CommandError(.noInput, "\(inputs.joined(separator: ", ")): no images")
        }
        (self.items, self.folder, self.others) = (items, folder, others)
    }

    /// The file to write for an item, in a folder that exists now.
    /// - Parameter suffix: its suffix in a folder.
    /// - Throws: `CommandError` if a file would be replaced that should not be.
    func target(of item: Item, suffix: String) throws -> String {
        guard folder != nil else {
            if item.target != "-" { try Paths.requireDistinct(item.target, from: item.source, name: "source") }
            return item.target
        }
        let path = "\(item.target).\(suffix)"
        try Paths.requireDistinct(path, from: item.source, name: "source")
        try createFolder(parentFolder(of: path))
        if !overwrites, FileManager.default.fileExists(atPath: path), !isTranslation(path, of: item) {
            throw CommandError(
                .cannotWrite, "\(path): exists, and does not say that it was made from \(item.source); add --overwrite")
        }
        return path
    }

    /// Whether an image says that it is the translation of a file of that name, so that a command can be repeated.
    private func isTranslation(_ path: String, of item: Item) -> Bool {
        guard let data = FileManager.default.contents(atPath: path),
            let text = try? Image.text(in: [UInt8](data), named: path), let found = TranslationMetadata(pngText: text)
        else { return false }
        return found.source == item.name
    }

    /// The files below a folder, in order, without hidden ones.
    private static func files(in folder: String) throws -> [String?] {
        let names: [String]
        do {
            names = try FileManager.default.subpathsOfDirectory(atPath: folder)
        } catch {
            throw CommandError(.noInput, "\(folder): the folder cannot be read")
        }
        return names.sorted().filter { name in
            var isFolder = false
            return !name.split(separator: "/").contains { $0.hasPrefix(".") }
                && FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder) && !isFolder
        }
    }
}

extension TranslationLayout.Item {
    /// The name of the source without folders.
    var name: String { lastComponent(of: source) }
}
