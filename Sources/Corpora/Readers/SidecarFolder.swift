/// The layout of images with text files of the same name: `1.txt` or `1.caption` with captions, or `1.json`. Folders named
/// `train`, `test` and the like are splits; the innermost other folder is the class, if there are several. If captions are
/// not required, images need no text files.
struct SidecarFolder {
    private let contents: FolderContents
    private let finder: TextFileFinder
    /// The text files of each image.
    private let matches: [TextFileFinder.Match]

    init(_ contents: FolderContents) {
        self.contents = contents
        finder = TextFileFinder(contents)
        matches = (0..<contents.images.count).map { [finder] in finder.match(contents.images.utf8($0)) }
    }

    /// Whether some image has a text file.
    var hasTexts: Bool { !matches.allSatisfy(\.isEmpty) }

    /// Whether some image is of a format that is read.
    var hasImages: Bool { matches.indices.contains { advice($0) == nil } }

    /// How to convert an image of a format that is not read; nil for others.
    private func advice(_ image: Int) -> String? { ImagePath.format(contents.images.utf8(image))?.advice }

    /// Whether some image has a `.json` file.
    var hasRecords: Bool { matches.contains { $0.record != nil } }

    /// Reads all rows into `listing`.
    func read(into listing: inout CorpusListing) throws {
        let images = contents.images
        let needsText = listing.options.requiresCaptions
        let listed = matches.indices.filter { !matches[$0].isEmpty || !needsText && advice($0) == nil }
        // A single folder of all images is not a class.
        var folders = Set<[UInt8]>()
        for image in listed where folders.count < 2 {
            folders.insert(Array(FolderNames.className(of: images.utf8(image))))
        }

        for image in matches.indices where matches[image].isEmpty {
            // A drawing's source beside its PNG, for example.
            if let advice = advice(image) {
                listing.note(
                    .unusedFile, images[image], nil, "has no captions and is of a format that is not read; \(advice)")
                continue
            }
            let name = String(decoding: ImagePath.stem(images.utf8(image)), as: UTF8.self)
            listing.note(.noCaption, images[image], nil, "there is no \(name).txt, .caption or .json")
        }
        var isUsed = [Bool](repeating: false, count: finder.files.count)
        for match in matches { for file in [match.captions, match.record] { if let file { isUsed[file] = true } } }
        try listing.readTexts(of: listed.map { matches[$0] }, in: finder) { listing, number, texts in
            let image = images.utf8(listed[number])
            var draft = RowDraft(listing.options)
            listing.addCaptions(of: texts, to: &draft)
            if draft.className.isEmpty, folders.count > 1 { draft.className = Array(FolderNames.className(of: image)) }
            listing.add(draft, path: image, source: nil, line: nil)
        }
        for file in finder.superseded {
            isUsed[file] = true
            listing.note(
                .unusedFile, finder.files[file], nil, "is not read, since there is another text file of that name")
        }
        for file in isUsed.indices where !isUsed[file] {
            listing.note(.unpairedText, finder.files[file], nil, "has no image beside it")
        }
    }
}
