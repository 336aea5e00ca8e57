/// The captions of Reed et al. (2016) for CUB and Oxford flowers: `text_c10/<class>/<image>.txt`, one caption per line.
/// Images are elsewhere in the folder (CUB: `images/<class>/<image>.jpg`, Oxford: `jpg/image_00001.jpg`).
///
/// The folder is the class. Optional files `trainclasses.txt`, `valclasses.txt` and `testclasses.txt` list the classes
/// of each split.
enum TextFolders {
    private static let folder = Array("text_c10".utf8)

    /// Whether there are captions in this layout.
    static func areIn(_ contents: FolderContents) -> Bool {
        (0..<contents.texts.count).contains { className(contents.texts.utf8($0)) != nil }
    }

    /// The class of a text file; nil if it is not in `text_c10/<class>/`.
    private static func className(_ path: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard path.hasSuffix(".txt") else { return nil }
        let parts = path.split(separator: 0x2F)
        return parts.count >= 3 && parts[parts.count - 3].elementsEqual(folder) ? parts[parts.count - 2] : nil
    }

    /// Reads all rows into `listing`.
    static func read(_ contents: FolderContents, into listing: inout CorpusListing) throws {
        let (images, texts) = (contents.images, contents.texts)
        var finder = ImageFinder(images) { ImagePath.stem($0).lastPathPart }
        let splits = try splits(of: contents, listing.root)
        let captions = (0..<texts.count).filter { className(texts.utf8($0)) != nil }
        try TextFiles.read(captions, of: texts, in: listing.root) { text, content in
            let path = texts.utf8(text)
            let file = texts[text]
            guard let name = className(path) else { return }
            var found = finder.images(ImagePath.stem(path).lastPathPart)
            if found.count > 1 { found = found.filter { images.utf8($0).dropLastPathPart.lastPathPart == name } }
            guard found.count == 1 else {
                let kind = found.isEmpty ? CorpusProblem.Kind.missingImage : .repeatedImage
                return listing.note(
                    kind, file, nil,
                    found.isEmpty ? "there is no image of that name" : "there are several images of that name")
            }
            finder.use(found[0])
            switch content {
            case .success(let bytes): listing.addCaptions(ofText: bytes[...], file: file)
            case .failure(let error): listing.note(.noCaption, file, nil, error.reason)
            }
            listing.addRow(
                path: images.utf8(found[0]), className: Array(name), split: splits[Array(name)] ?? [], source: nil,
                line: nil)
        }
        listing.noteUnlisted(images, finder.isUsed)
    }

    /// The split of each listed class.
    private static func splits(of contents: FolderContents, _ root: String) throws -> [[UInt8]: [UInt8]] {
        var splits: [[UInt8]: [UInt8]] = [:]
        for text in 0..<contents.texts.count {
            for split in ["train", "val", "test"]
            where contents.texts.utf8(text).lastPathPart.elementsEqual("\(split)classes.txt".utf8) {
                let list = try CorpusFile.contents("\(root)/\(contents.texts[text])", limit: TextFiles.largest)
                for line in list.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
                    splits[Array(line)] = Array(split.utf8)
                }
            }
        }
        return splits
    }
}
