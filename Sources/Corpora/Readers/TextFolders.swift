/// The captions of Reed et al. (2016) for CUB and Oxford: `text_c10/<class>/<image>.txt`, a caption a line, and the
/// images elsewhere in the folder (`images/<class>/<image>.jpg` of CUB, `jpg/image_00001.jpg` of Oxford).
///
/// The class is the folder. Beside `text_c10` may lie `trainclasses.txt`, `valclasses.txt` and `testclasses.txt`, lists
/// of classes that make up the splits.
enum TextFolders {
    private static let folder = Array("text_c10".utf8)

    static func areIn(_ contents: FolderContents) -> Bool {
        (0..<contents.texts.count).contains { className(contents.texts.utf8($0)) != nil }
    }

    /// The class of a text, nil for one that does not lie in `text_c10/<class>/`.
    private static func className(_ path: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let parts = path.split(separator: 0x2F)
        return parts.count >= 3 && parts[parts.count - 3].elementsEqual(folder) ? parts[parts.count - 2] : nil
    }

    static func read(_ contents: FolderContents, into listing: inout CorpusListing) throws {
        let (images, texts) = (contents.images, contents.texts)
        var finder = ImageFinder(images, by: stem)
        let splits = try splits(of: contents, listing.root)
        let captions = (0..<texts.count).filter { className(texts.utf8($0)) != nil }
        try TextFiles.read(captions, of: texts, in: listing.root) { text, content in
            let path = texts.utf8(text)
            let file = texts[text]
            guard let name = className(path) else { return }
            var found = finder.images(stem(path))
            if found.count > 1 { found = found.filter { images.utf8($0).dropLastPathPart.lastPathPart == name } }
            guard found.count == 1 else {
                let kind = found.isEmpty ? CorpusProblem.Kind.missingImage : .repeatedImage
                return listing.note(
                    kind, file, nil,
                    found.isEmpty ? "there is no image of that name" : "there are several images of that name")
            }
            finder.use(found[0])
            let bytes = try content.get()
            listing.addCaptions(ofText: bytes[...], file: file)
            listing.addRow(
                path: images.utf8(found[0]), className: Array(name), split: splits[Array(name)] ?? [], source: nil,
                line: nil)
        }
        listing.noteUnlisted(images, finder.isUsed)
    }

    /// The name of a file without what follows its last dot.
    private static func stem(_ path: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let name = path.lastPathPart
        return name.lastIndex(of: UInt8(ascii: ".")).map { name[..<$0] } ?? name
    }

    /// The split of each class that a list names.
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
