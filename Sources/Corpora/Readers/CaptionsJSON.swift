import Basics
import Files
import JSON

/// COCO captions (https://cocodataset.org/#format-data): a JSON file with a list of `images`, each with `id` and
/// `file_name`, and a list of `annotations`, each with `image_id` and `caption`.
enum CaptionsJSON {
    /// Maximum size of a file in bytes; it is read into memory.
    private static let largestFile = 1 << 31

    /// The contents of one file, in file order.
    private struct Contents {
        var imageIDs: [Int] = []
        var imageNames = TextColumn()
        var captionIDs: [Int] = []
        var captions = TextColumn()
    }

    /// The files of a folder that may hold captions: those whose names begin with `captions`, or else those in
    /// `annotations/`.
    static func candidates(_ contents: FolderContents) -> [String] {
        let texts = contents.texts
        let paths = (0..<texts.count).filter { TextFileFinder.Kind(texts.utf8($0)) == .record }.map { texts[$0] }
        let named = paths.filter { lastComponent(of: $0).lowercased().hasPrefix("captions") }
        return named.isEmpty ? paths.filter { "/\($0)".contains("/annotations/") } : named
    }

    /// Reads the files that hold captions; false if none does.
    static func read(_ names: [String], _ folder: FolderContents, into listing: inout CorpusListing) throws -> Bool {
        var finder = ImageFinder(folder.images) { $0.lastPathPart }
        var found = false
        for name in names {
            var file = Contents()
            let bytes: [UInt8]
            do throws(CorpusError) {
                bytes = try CorpusFile.contents("\(listing.root)/\(name)", limit: largestFile)
            } catch {
                listing.note(.malformedRow, name, nil, error.reason)
                found = true
                continue
            }
            guard isUTF8(bytes[...]) else {
                listing.note(.notUTF8, name, nil, "is not UTF-8; save the file as UTF-8")
                found = true
                continue
            }
            do throws(JSONScanner.Fault) {
                var scanner = JSONScanner(bytes)
                try read(&scanner, into: &file)
                try scanner.finish()
            } catch {
                listing.note(.malformedRow, name, nil, error.problem)
                found = true
                continue
            }
            // Files such as `instances_train2017.json` have images and other annotations.
            guard !file.captionIDs.isEmpty else { continue }
            found = true
            add(file, named: name, folder, &finder, into: &listing)
        }
        if found { listing.noteUnlisted(folder.images, finder.isUsed) }
        return found
    }

    private static func read(_ scanner: inout JSONScanner, into file: inout Contents) throws(JSONScanner.Fault) {
        guard scanner.isNext("{") else { throw scanner.mismatch("is not a JSON object") }
        var text: [UInt8] = []
        try scanner.members { (scanner, name) throws(JSONScanner.Fault) in
            let isImages = name.isEqual(to: "images")
            guard isImages || name.isEqual(to: "annotations"), scanner.isNext("[") else {
                return try scanner.skip()
            }
            try scanner.elements { (scanner) throws(JSONScanner.Fault) in
                guard scanner.isNext("{") else {
                    throw scanner.mismatch("has something that is no object among its images or annotations")
                }
                var id: Int?
                var hasText = false
                text.removeAll(keepingCapacity: true)
                try scanner.members { (scanner, name) throws(JSONScanner.Fault) in
                    if name.isEqual(to: isImages ? "id" : "image_id"), !scanner.isNext("\"") {
                        id = try scanner.integer()
                    } else if name.isEqual(to: isImages ? "file_name" : "caption"), scanner.isNext("\"") {
                        text.removeAll(keepingCapacity: true)
                        try scanner.string(into: &text)
                        hasText = true
                    } else {
                        try scanner.skip()
                    }
                }
                guard let id, hasText else { return }
                if isImages {
                    file.imageIDs.append(id)
                    file.imageNames.append(text)
                } else {
                    file.captionIDs.append(id)
                    file.captions.append(text)
                }
            }
        }
    }

    private static func add(
        _ file: Contents, named name: String, _ folder: FolderContents, _ finder: inout ImageFinder,
        into listing: inout CorpusListing
    ) {
        var indexOfID = [Int: Int](minimumCapacity: file.imageIDs.count)
        for (index, id) in file.imageIDs.enumerated() where indexOfID.updateValue(index, forKey: id) != nil {
            listing.note(.repeatedImage, name, nil, "image \(id) is there twice")
        }
        // For each image a linked list of its captions, in file order.
        var (first, last) = (
            [Int](repeating: -1, count: file.imageIDs.count), [Int](repeating: -1, count: file.imageIDs.count)
        )
        var next = [Int](repeating: -1, count: file.captionIDs.count)
        for (caption, id) in file.captionIDs.enumerated() {
            guard let index = indexOfID[id] else {
                listing.note(.missingImage, name, nil, "has a caption of image \(id), which it does not list")
                continue
            }
            if last[index] < 0 { first[index] = caption } else { next[last[index]] = caption }
            last[index] = caption
        }
        let source = listing.addSource(name)
        let split = SplitName.of(name)
        let splitBytes = Array((split ?? "").utf8)
        for index in file.imageIDs.indices where indexOfID[file.imageIDs[index]] == index {
            let image = file.imageNames.utf8(index)
            func called() -> String { String(decoding: image, as: UTF8.self) }
            guard first[index] >= 0 || !listing.options.requiresCaptions else {
                listing.note(.noCaption, name, nil, "\(called()) has no caption")
                continue
            }
            if let fault = ImagePath.fault(image) {
                listing.note(.unsafePath, name, nil, fault)
                continue
            }
            guard let path = find(ImagePath.normalized(image), split, folder, &finder, name, &listing) else {
                continue
            }
            var caption = first[index]
            while caption >= 0 {
                listing.addCaption(
                    file.captions.utf8(caption), file: name, line: nil, subject: "\(called()) has")
                caption = next[caption]
            }
            listing.addRow(path: path, className: [], split: splitBytes, source: source, line: nil)
        }
    }

    /// The path of the image of this name: at the top, else in any folder (`images/`, `train2017/`). If several match,
    /// the one in a folder named after the split.
    private static func find(
        _ name: ArraySlice<UInt8>, _ split: String?, _ folder: FolderContents, _ finder: inout ImageFinder,
        _ file: String, _ listing: inout CorpusListing
    ) -> ArraySlice<UInt8>? {
        let images = folder.images
        var found = finder.images(name.lastPathPart).filter {
            let path = images.utf8($0)
            return path.count == name.count || path.dropLast(name.count).last == 0x2F && path.suffix(name.count) == name
        }
        if let exact = found.first(where: { images.utf8($0) == name }) { found = [exact] }
        if found.count > 1, let split { found = found.filter { SplitName.of(images[$0]) == split } }
        if found.count == 1 {
            finder.use(found[0])
            return images.utf8(found[0])
        }
        let called = String(decoding: name, as: UTF8.self)
        if found.isEmpty {
            let hidden = folder.outside.isEmpty ? "" : "; links that leave the folder are not followed"
            listing.note(.missingImage, file, nil, "\(called) does not exist, in whatever folder\(hidden)")
        } else {
            listing.note(.repeatedImage, file, nil, "\(called) is there \(found.count) times, in different folders")
        }
        return nil
    }
}
