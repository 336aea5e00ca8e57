import Basics
import Compression
import Files

/// The contents of a shard: the positions of its images, and the texts that belong to them.
///
/// Members belong together if their names agree up to the first dot; they need not be adjacent.
struct ShardContents: Sendable {
    /// Indices of the members of a group; -1 where there is none.
    struct Group: Sendable {
        var image: Int32 = -1
        var text: Int32 = -1
        var json: Int32 = -1
    }

    /// In the order in which the first member of each came.
    private(set) var groups: [Group] = []
    private(set) var keys = TextColumn()
    private(set) var images = TextColumn()
    private(set) var places: [Range<Int>] = []
    /// Contents of .txt and .json members.
    private(set) var texts = TextColumn()
    private(set) var problems: SkippedItems
    private(set) var index: GzipIndex?
    private var table = PathTable()
    private let name: String

    private static let largestText = 1 << 20

    /// Lists a shard: of a plain one only headers and texts are read, a gzipped one is decompressed once.
    /// - Parameters:
    ///   - name: name of the shard, for messages.
    ///   - points: the most access points of a gzip file.
    ///   - named: the most problems that are kept by name.
    /// - Throws: `CorpusError.cannotRead`; problems of its contents go to `problems`.
    init(_ path: String, name: String, points: Int, keeping named: Int) throws(CorpusError) {
        self.name = name
        problems = SkippedItems(keeping: named)
        let file: OpenFile
        var start: [UInt8] = []
        do throws(FileError) {
            file = try OpenFile(path)
            try file.read(2, at: 0, into: &start)
        } catch {
            throw CorpusError(error)
        }
        do throws(TarFault) {
            if GzipStream.isGzip(start) {
                var reader = TarReader(try ZippedTar(file, points: points))
                defer { index = reader.source.stream.index }
                try read(&reader)
            } else {
                var reader = TarReader(PlainTar(file))
                try read(&reader)
            }
        } catch {
            // The next header cannot be located: what was found until here is used.
            problems.add(.init(kind: .damagedArchive, file: name, line: nil, detail: error.reason))
        }
        table = PathTable()
    }

    private mutating func note(_ kind: CorpusProblem.Kind, _ member: ArraySlice<UInt8>, _ detail: String) {
        let file = "\(name)/\(String(decoding: member, as: UTF8.self))"
        problems.add(CorpusProblem(kind: kind, file: file, line: nil, detail: detail))
    }

    private mutating func read<Source>(_ reader: inout TarReader<Source>) throws(TarFault) {
        while let member = try reader.next() {
            let path = ImagePath.normalized(member.name[...])
            let base = path.lastPathPart
            guard member.kind != .other, let dot = base.firstIndex(of: UInt8(ascii: ".")), dot > base.startIndex else {
                continue
            }
            let isImage = ImagePath.extensions.contains {
                base.count == dot - base.startIndex + 1 + $0.utf8.count && ImagePath.isImage(path)
            }
            let isText = base[dot...].hasSuffix(".txt") && base.endIndex - dot == 4
            let isJSON = base[dot...].hasSuffix(".json") && base.endIndex - dot == 5
            guard isImage || isText || isJSON else { continue }
            if let fault = ImagePath.fault(member.name[...]) {
                note(.unsafePath, member.name[...], fault)
            } else if !isUTF8(path) {
                note(.notUTF8, path, "has a name that is not UTF-8")
            } else if member.kind == .link {
                note(.unsafePath, path, "is a link; only files are read")
            } else if member.kind == .sparse {
                note(.damagedArchive, path, "is a sparse file; only plain ones are read")
            } else {
                let group = group(path[..<dot])
                if isImage {
                    addImage(path, member, to: group)
                } else if member.size > Self.largestText {
                    note(.tooLong, path, "has \(member.size) bytes; at most \(Self.largestText) are read")
                } else {
                    addText(try reader.contents(of: member), path, isText ? \.text : \.json, to: group)
                }
            }
        }
    }

    private mutating func group(_ key: ArraySlice<UInt8>) -> Int {
        if let last = keys.count > 0 ? keys.count - 1 : nil, keys.utf8(last) == key { return last }
        if let known = table.row(of: key, in: keys) { return known }
        keys.append(key)
        groups.append(Group())
        table.insert(keys.count - 1, in: keys)
        return keys.count - 1
    }

    private mutating func addImage(_ path: ArraySlice<UInt8>, _ member: TarMember, to group: Int) {
        guard groups[group].image < 0 else {
            return note(.repeatedImage, path, "is there twice, or in two formats")
        }
        guard member.size <= Corpus.largestImage else {
            return note(.tooLong, path, "has \(member.size) bytes; at most \(Corpus.largestImage) are read")
        }
        groups[group].image = Int32(images.count)
        images.append(path)
        places.append(member.offset..<member.offset + member.size)
    }

    private mutating func addText(
        _ content: ArraySlice<UInt8>, _ path: ArraySlice<UInt8>, _ kind: WritableKeyPath<Group, Int32>,
        to group: Int
    ) {
        guard groups[group][keyPath: kind] < 0 else { return note(.repeatedImage, path, "is there twice") }
        groups[group][keyPath: kind] = Int32(texts.count)
        texts.append(content)
    }
}
