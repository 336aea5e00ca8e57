/// The sidecar layout: beside each picture a `.txt` file of the same name with one caption a line.
enum SidecarFolder {
    static func isIn(_ contents: FolderContents) -> Bool {
        let table = PathTable(contents.texts)
        return (0..<contents.pictures.count).contains {
            table.row(of: sidecar(contents.pictures.utf8($0))[...], in: contents.texts) != nil
        }
    }

    static func read(_ contents: FolderContents, into listing: inout CorpusListing) throws {
        let (pictures, texts) = (contents.pictures, contents.texts)
        let table = PathTable(texts)
        // A single folder that holds everything (`images/`) says nothing about the pictures.
        var folders = Set<[UInt8]>()
        for picture in 0..<pictures.count where folders.count < 2 {
            folders.insert(Array(folder(pictures.utf8(picture))))
        }

        var paired: [(picture: Int, text: Int)] = []
        paired.reserveCapacity(pictures.count)
        for picture in 0..<pictures.count {
            let sidecar = sidecar(pictures.utf8(picture))
            if let text = table.row(of: sidecar[...], in: texts) {
                paired.append((picture, text))
            } else {
                let name = String(decoding: sidecar, as: UTF8.self)
                listing.note(.noCaption, pictures[picture], nil, "there is no \(name)")
            }
        }
        var isPaired = [Bool](repeating: false, count: texts.count)
        var next = 0
        try TextFiles.read(paired.map(\.text), of: texts, in: listing.root) { text, content in
            isPaired[text] = true
            let picture = pictures.utf8(paired[next].picture)
            next += 1
            let bytes = try content.get()
            listing.addCaptions(ofText: bytes[...], file: texts[text])
            listing.addRow(
                path: picture, className: folders.count > 1 ? Array(folder(picture)) : [], split: [], source: nil,
                line: nil)
        }
        for text in isPaired.indices where !isPaired[text] {
            listing.note(.unpairedText, texts[text], nil, "has no picture beside it")
        }
    }

    private static func sidecar(_ picture: ArraySlice<UInt8>) -> [UInt8] {
        picture[..<(picture.lastIndex(of: UInt8(ascii: ".")) ?? picture.endIndex)] + Array(".txt".utf8)
    }

    /// Name of the folder that a picture lies in; empty at the top.
    private static func folder(_ picture: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        picture.dropLastPathPart.lastPathPart
    }
}
