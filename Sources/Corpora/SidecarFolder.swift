/// The sidecar layout: beside each picture a `.txt` file of the same name with one caption a line.
enum SidecarFolder {
    /// No file of captions is larger.
    private static let largestFile = 1 << 20

    static func read(into listing: inout CorpusListing) throws {
        var pictures: [[UInt8]] = []
        var texts = Set<[UInt8]>()
        try FolderWalk.visit(listing.root) { path, kind in
            guard kind == .file, !PicturePath.isHidden(path) else { return }
            if PicturePath.isPicture(path) {
                pictures.append(Array(path))
            } else if path.suffix(4) == Array(".txt".utf8)[...] {
                texts.insert(Array(path))
            }
        }
        guard pictures.contains(where: { texts.contains(sidecar($0)) }) else {
            throw CorpusError.noCaptionsFound(folder: listing.root)
        }
        pictures.sort { $0.lexicographicallyPrecedes($1) }
        // A single folder that holds everything (`images/`) says nothing about the pictures.
        let hasClasses = Set(pictures.map(parent)).count > 1

        for picture in pictures {
            let sidecar = sidecar(picture)
            let file = String(decoding: sidecar, as: UTF8.self)
            guard texts.contains(sidecar) else {
                listing.note(.noCaption, String(decoding: picture, as: UTF8.self), nil, "there is no \(file)")
                continue
            }
            let text = try OpenFile.contents("\(listing.root)/\(file)", limit: largestFile)
            if !addCaptions(text, file, into: &listing) { listing.note(.noCaption, file, nil, "holds no caption") }
            listing.addRow(
                path: picture[...], className: hasClasses ? parent(picture) : [], split: [], source: nil, line: nil)
        }
    }

    /// Adds a caption for each line that is not blank; false where there is none.
    private static func addCaptions(_ text: [UInt8], _ file: String, into listing: inout CorpusListing) -> Bool {
        var rest = text[...]
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        var number = 0
        var found = false
        for line in rest.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            found = true
            if !isUTF8(line) {
                listing.note(.notUTF8, file, number, "is not UTF-8; save the file in that encoding")
            } else {
                listing.addCaption(line, file: file, line: number, subject: "holds")
            }
        }
        return found
    }

    private static func sidecar(_ picture: [UInt8]) -> [UInt8] {
        let dot = picture.lastIndex(of: UInt8(ascii: ".")) ?? picture.count
        return picture[..<dot] + Array(".txt".utf8)
    }

    /// Name of the folder that a picture lies in; empty at the top.
    private static func parent(_ picture: [UInt8]) -> [UInt8] {
        Array(picture.split(separator: 0x2F).dropLast().last ?? [])
    }
}
