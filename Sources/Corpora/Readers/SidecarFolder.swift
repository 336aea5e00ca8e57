/// The sidecar layout: images with a `.txt` file of the same name, one caption per line.
enum SidecarFolder {
    /// Whether some image has a text file.
    static func isIn(_ contents: FolderContents) -> Bool {
        let table = PathTable(contents.texts)
        return (0..<contents.images.count).contains {
            table.row(of: sidecar(contents.images.utf8($0))[...], in: contents.texts) != nil
        }
    }

    /// Reads all rows into `listing`.
    static func read(_ contents: FolderContents, into listing: inout CorpusListing) throws {
        let (images, texts) = (contents.images, contents.texts)
        let table = PathTable(texts)
        // A single folder of all images (`images/`) is not a class.
        var folders = Set<[UInt8]>()
        for image in 0..<images.count where folders.count < 2 {
            folders.insert(Array(folder(images.utf8(image))))
        }

        var paired: [(image: Int, text: Int)] = []
        paired.reserveCapacity(images.count)
        for image in 0..<images.count {
            let sidecar = sidecar(images.utf8(image))
            if let text = table.row(of: sidecar[...], in: texts) {
                paired.append((image, text))
            } else {
                let name = String(decoding: sidecar, as: UTF8.self)
                listing.note(.noCaption, images[image], nil, "there is no \(name)")
            }
        }
        var isPaired = [Bool](repeating: false, count: texts.count)
        var next = 0
        try TextFiles.read(paired.map(\.text), of: texts, in: listing.root) { text, content in
            isPaired[text] = true
            let image = images.utf8(paired[next].image)
            next += 1
            let bytes = try content.get()
            listing.addCaptions(ofText: bytes[...], file: texts[text])
            listing.addRow(
                path: image, className: folders.count > 1 ? Array(folder(image)) : [], split: [], source: nil,
                line: nil)
        }
        for text in isPaired.indices where !isPaired[text] {
            listing.note(.unpairedText, texts[text], nil, "has no image beside it")
        }
    }

    /// Path of an image's text file.
    private static func sidecar(_ image: ArraySlice<UInt8>) -> [UInt8] {
        image[..<(image.lastIndex(of: UInt8(ascii: ".")) ?? image.endIndex)] + Array(".txt".utf8)
    }

    /// Name of the folder that contains an image; empty at the top.
    private static func folder(_ image: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        image.dropLastPathPart.lastPathPart
    }
}
