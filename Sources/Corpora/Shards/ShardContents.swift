import Basics
import Compression
import Files

/// The contents of a shard: the byte ranges of its images, and the associated texts.
///
/// Members belong to a group if their names agree up to the first dot; they need not be adjacent.
struct ShardContents: Sendable {
    /// Indices of the members of a group in `images` and `texts`; -1 if there is none.
    struct Group: Sendable {
        var image: Int32 = -1
        var text: Int32 = -1
        var json: Int32 = -1
        var caption: Int32 = -1
        /// The member with the class.
        var cls: Int32 = -1

        /// The member with captions: `.txt`, or else `.caption`.
        var captions: Int32 { text >= 0 ? text : caption }
    }

    /// Groups in the order of their first members.
    private(set) var groups: [Group] = []
    /// The common part of the members' names, by group.
    private(set) var keys = TextColumn()
    private(set) var images = TextColumn()
    /// The byte range of each image.
    private(set) var ranges: [Range<Int>] = []
    /// Contents of `.txt`, `.caption`, `.json` and `.cls` members.
    private(set) var texts = TextColumn()
    private(set) var problems: SkippedItems
    /// Access points of a gzipped shard.
    private(set) var index: GzipIndex?
    private var table = PathTable()
    private let name: String

    private static let largestText = 1 << 20

    /// Lists a shard. Of a plain tar file, only headers and texts are read; a gzipped one is decompressed once.
    /// - Parameters:
    ///   - name: name of the shard, for messages.
    ///   - points: maximum number of access points of a gzip file.
    ///   - named: maximum number of problems kept in detail.
    /// - Throws: `CorpusError.cannotRead`; problems of its contents are recorded in `problems`.
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
                var reader = TarReader(try GzippedTar(file, points: points))
                defer { index = reader.source.stream.index }
                try read(&reader)
            } else {
                var reader = TarReader(PlainTar(file))
                try read(&reader)
            }
        } catch {
            // The next header cannot be located; the members before it are used.
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
            let isImage = base.lastIndex(of: UInt8(ascii: ".")) == dot && ImagePath.isImage(path)
            let part = isImage ? nil : Self.part(base[dot...])
            guard isImage || part != nil else { continue }
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
                if let part {
                    guard member.size <= Self.largestText else {
                        note(.tooLong, path, "has \(member.size) bytes; at most \(Self.largestText) are read")
                        continue
                    }
                    addText(try reader.contents(of: member), path, part, to: group)
                } else {
                    addImage(path, member, to: group)
                }
            }
        }
    }

    /// The part of a group that a member with this suffix is; nil if it is none.
    private static func part(_ suffix: ArraySlice<UInt8>) -> WritableKeyPath<Group, Int32>? {
        for (name, part) in [(".txt", \Group.text), (".caption", \.caption), (".json", \.json), (".cls", \.cls)]
            as [(StaticString, WritableKeyPath<Group, Int32>)]
        where suffix.count == name.utf8CodeUnitCount && suffix.hasSuffix(name) { return part }
        return nil
    }

    /// Index of the group with this key, which is created if necessary.
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
        guard member.size <= CorpusFile.largestImage else {
            return note(.tooLong, path, "has \(member.size) bytes; at most \(CorpusFile.largestImage) are read")
        }
        groups[group].image = Int32(images.count)
        images.append(path)
        ranges.append(member.offset..<member.offset + member.size)
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
