import Corpora

/// A flaw of a shard, and the expected report.
struct ShardFlaw: Sendable, CustomStringConvertible {
    let kind: CorpusProblem.Kind
    let words: String
    /// Whether nothing after it can be read.
    let endsShard: Bool
    let spoil: @Sendable (inout TarBytes) -> Void

    init(
        _ kind: CorpusProblem.Kind, _ words: String, endsShard: Bool = false,
        _ spoil: @escaping @Sendable (inout TarBytes) -> Void
    ) {
        (self.kind, self.words, self.endsShard, self.spoil) = (kind, words, endsShard, spoil)
    }

    var description: String { words }

    static let names: [ShardFlaw] = [
        .init(.unsafePath, "a.tar/../up.jpg: ../up.jpg leaves the folder") { $0.add("../up.jpg", "x".utf8) },
        .init(.unsafePath, "/root.jpg is absolute") { $0.add("/root.jpg", "x".utf8) },
        .init(.unsafePath, "a.tar/soft.jpg: is a link; only files are read") { $0.add("soft.jpg", type: "2") },
        .init(.unsafePath, "is a link") { $0.add("hard.txt", type: "1") },
        .init(.damagedArchive, "is a sparse file") { $0.add("holes.jpg", type: "S") },
        .init(.damagedArchive, "a.tar/holes.png: is a sparse file") {
            $0.addPax([("GNU.sparse.major", "1"), ("path", "holes.png")])
            $0.add("x", "x".utf8)
        },
        .init(.repeatedImage, "a.tar/one.jpg: is there twice") { $0.add("one.jpg", "again".utf8) },
        .init(.repeatedImage, "in two formats") { $0.add("one.png", "other".utf8) },
        .init(.repeatedImage, "a.tar/one.txt: is there twice") { $0.add("one.txt", "again".utf8) },
        .init(.noCaption, "a.tar/lone.jpg: has no .txt, .caption or .json member beside it") {
            $0.add("lone.jpg", "x".utf8)
        },
        .init(.missingImage, "a.tar/lone.txt: has no image beside it") { $0.add("lone.txt", "x".utf8) },
        .init(.notUTF8, "has a name that is not UTF-8") {
            $0.add([0xFF] + Array(".jpg".utf8), [1], type: "0", size: nil)
        },
    ]

    static let texts: [ShardFlaw] = [
        .init(.noCaption, "a.tar/e.txt: holds no caption") { $0.addPair("e.txt", "\n".utf8) },
        .init(.controlCharacter, "a.tar/e.txt:2: holds a caption with the control character U+001B") {
            $0.addPair("e.txt", "good\nb\u{1b}[31m".utf8)
        },
        .init(.malformedRow, "a.tar/e.json: is not valid JSON") { $0.addPair("e.json", "{\"text\": ".utf8) },
        .init(.noCaption, "a.tar/e.json: has no \"text\" and no \"caption\"") { $0.addPair("e.json", "{}".utf8) },
        .init(.notUTF8, "a.tar/e.json: is not UTF-8") { $0.addPair("e.json", [0x22, 0xFF, 0x22]) },
        .init(.tooLong, "a.tar/e.txt: has 1048577 bytes; at most 1048576 are read") {
            $0.add("e.txt", [UInt8](repeating: 0x61, count: 1 << 20 + 1))
        },
    ]

    static let headers: [ShardFlaw] = [
        .init(.damagedArchive, "a.tar: has no header where one should be, at byte", endsShard: true) {
            $0.add("e.jpg", "x".utf8, checksum: "000001")
        },
        .init(.damagedArchive, "states a size that is no number", endsShard: true) {
            $0.add("e.jpg", "x".utf8, size: "-0000000001")
        },
        .init(.damagedArchive, "states a size that is no number", endsShard: true) {
            $0.add("e.jpg", "x".utf8, size: "12399")
        },
        .init(.damagedArchive, "which has 8589934591 bytes", endsShard: true) {
            $0.add("e.jpg", "x".utf8, size: "77777777777")
        },
        .init(.damagedArchive, "states a size that is no number", endsShard: true) {
            let size = [0x80, 0, 0, 0, 0x7F] + [UInt8](repeating: 0xFF, count: 7)
            $0.add(Array("e.jpg".utf8), [1], type: "0", size: size)
        },
        .init(.damagedArchive, "states a size that is no number", endsShard: true) {
            $0.add(Array("e.jpg".utf8), [1], type: "0", size: [UInt8](repeating: 0xFF, count: 12))
        },
        .init(.damagedArchive, "has a pax header that is damaged", endsShard: true) {
            $0.add("PaxHeaders/1", "99 path=x\n".utf8, type: "x")
        },
        .init(.damagedArchive, "has a pax header that is damaged", endsShard: true) {
            $0.add("PaxHeaders/1", "3 p\n".utf8, type: "x")
        },
        .init(.damagedArchive, "states a size that is no number", endsShard: true) {
            $0.addPax([("size", "-5")])
            $0.add("e.jpg", "x".utf8)
        },
        .init(.damagedArchive, "has a name or header of 131072 bytes", endsShard: true) {
            $0.add("L", [UInt8](repeating: 0x61, count: 1 << 17), type: "L")
        },
    ]
}

extension TarBytes {
    /// A text and its image.
    mutating func addPair(_ text: String, _ content: some Collection<UInt8>) {
        add(text, content)
        add("e.jpg", "x".utf8)
    }
}
