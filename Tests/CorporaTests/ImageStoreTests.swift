import Corpora
import FoundationEssentials
import Glibc
import Images
import TestSupport
import Testing

@Suite struct ImageStoreTests {
    @Test func holdsEveryImageInOrder() throws {
        let folder = try TemporaryFolder(shapes: 70)
        let corpus = try Corpus(folder: folder.path, split: nil)
        let store = ImageStore(corpus: corpus, preprocessing: ImagePreprocessing(side: 8))
        let drawn = ShapesCorpus.draw(count: 70, seed: 5, side: 8)
        #expect(store.decodedCount == 0)
        #expect(try store.pixels() == drawn.flatMap(\.image.pixels))
        #expect(try store.pixels() == drawn.flatMap(\.image.pixels))
        #expect(store.decodedCount == 70)
        #expect(store.skipped.total == 0 && store.takeNotices().isEmpty)
    }

    @Test func decodesEachOnceHoweverManyAsk() throws {
        let folder = try TemporaryFolder(shapes: 200)
        let store = ImageStore(
            corpus: try Corpus(folder: folder.path, split: nil), preprocessing: ImagePreprocessing(side: 8),
            cache: folder.path + "/images.cache")
        #expect(try store.readAll().isEmpty)
        #expect(try store.readAll().isEmpty)
        #expect(store.decodedCount == 200)
    }

    @Test func cutsTheCentreSquareAndScales() throws {
        let folder = try TemporaryFolder(metadata: [#"{"file_name": "wide.png", "text": "x"}"#])
        // White, with a red square of full height in the middle.
        let pixels = (0..<16 * 32).flatMap { (8..<24).contains($0 % 32) ? [255, 0, 0] : [255, 255, 255] as [UInt8] }
        try folder.write(Image(width: 32, height: 16, pixels: pixels).pngData(), to: "wide.png")
        let corpus = try Corpus(folder: folder.path, split: nil)
        let store = ImageStore(corpus: corpus, preprocessing: ImagePreprocessing(side: 4))
        #expect(try store.pixels() == (0..<16).flatMap { _ in [255, 0, 0] as [UInt8] })
        // The whole image, squeezed: white, red, red, white, except for ringing.
        let stretched = try ImageStore(corpus: corpus, preprocessing: ImagePreprocessing(side: 4, aspect: .stretch))
            .pixels()
        #expect((0..<4).map { stretched[$0 * 3 + 1] > 128 } == [true, false, false, true])
    }

    @Test func readsEverythingAndSaysWhatIsBad() throws {
        let folder = try TemporaryFolder(shapes: 200)
        let corpus = try Corpus(folder: folder.path, split: nil)
        for bad in [7, 150] { try folder.write("no image".utf8, to: corpus.examples[bad].path) }
        let preprocessing = ImagePreprocessing(side: 8)
        let store = ImageStore(corpus: corpus, preprocessing: preprocessing)
        #expect(try store.readAll() == [7, 150])
        #expect(try store.image(7) == nil)
        #expect(!(try store.isUsable(150)))
        #expect(store.skipped.total == 2)
        #expect(Set(store.skipped.first.map(\.kind)) == [.unreadableImage])
        #expect(store.skipped.first.contains { $0.description.contains("\(corpus.examples[7].path): not an image") })

        let strict = ImageStore(corpus: corpus, preprocessing: preprocessing, badFiles: .fail)
        let text = message { _ = try strict.readAll() }
        #expect(text.contains("not an image") && text.contains("(1 of 200 images cannot be decoded, "), "\(text)")
        // A store that has failed keeps failing.
        #expect(message { _ = try strict.image(0) } == text)

        try folder.write([], to: corpus.examples[9].path)
        #expect(
            message { _ = try ImageStore(corpus: corpus, preprocessing: preprocessing).readAll() }.contains("(3 of 200")
        )
        #expect(try ImageStore(corpus: corpus, preprocessing: preprocessing, badFiles: .skip).readAll() == [7, 9, 150])
    }

    @Test func decodesAnewWhatFindsNoRoom() throws {
        let folder = try TemporaryFolder(shapes: 20)
        let corpus = try Corpus(folder: folder.path, split: nil)
        let store = ImageStore(corpus: corpus, preprocessing: ImagePreprocessing(side: 8), memoryLimit: 5 * 192)
        let drawn = ShapesCorpus.draw(count: 20, seed: 5, side: 8).flatMap(\.image.pixels)
        #expect(try store.pixels() == drawn)
        #expect(try store.pixels() == drawn)
        #expect(store.decodedCount == 20 + 15)
    }
}

/// The cache file.
@Suite struct ImageFileTests {
    private let folder: TemporaryFolder
    private let corpus: Corpus
    private let drawn: [UInt8]
    private var path: String { folder.path + "/images.cache" }

    init() throws {
        folder = try TemporaryFolder(shapes: 50)
        corpus = try Corpus(folder: folder.path, split: nil)
        drawn = ShapesCorpus.draw(count: 50, seed: 5, side: 8).flatMap(\.image.pixels)
    }

    private func open(_ side: Int = 8, crop: CropMode = .center) -> ImageStore {
        ImageStore(corpus: corpus, preprocessing: ImagePreprocessing(side: side, crop: crop), cache: path)
    }

    /// Checks all images of a store; returns the number decoded and the notices.
    private func use(_ store: ImageStore) throws -> (decoded: Int, notices: [String]) {
        #expect(try store.pixels() == drawn)
        return (store.decodedCount, store.takeNotices())
    }

    @Test func aLaterProcessDecodesNothing() throws {
        let first = try use(open())
        #expect(first.decoded == 50 && first.notices.isEmpty)
        let second = try use(open())
        #expect(second.decoded == 0 && second.notices.isEmpty)
    }

    @Test func whatWasNotAskedForIsDecodedLater() throws {
        _ = try open().image(3)
        #expect(try use(open()).decoded == 49)
    }

    @Test func aChangedImageIsDecodedAgainAndReportedOnce() throws {
        _ = try use(open())
        let new = ShapesCorpus(seed: 99, side: 8).drawing(1).image
        for index in [4, 30] { try folder.write(new.pngData(), to: corpus.examples[index].path) }
        let store = open()
        #expect(try store.image(4) == new && store.image(30) == new)
        #expect(try store.image(5)?.pixels[...] == drawn[5 * 192..<6 * 192])
        #expect(store.decodedCount == 2)
        let notices = store.takeNotices()
        #expect(notices.count == 1)
        let words = "\(corpus.examples[4].path) has changed and is decoded again"
        #expect(notices.first?.hasPrefix(words) == true, "\(notices)")
        #expect(store.takeNotices().isEmpty)
    }

    @Test(arguments: [16, 4096, 4096 + 32 * 9 + 3, 8192 + 192 * 20 + 100, 8192 + 192 * 50 - 1])
    func oneWrongByteIsFoundToldAndMadeGood(place: Int) throws {
        _ = try use(open())
        try overwrite(at: place) { $0 ^ 0x40 }
        let damaged = try use(open())
        #expect(damaged.notices.count == 1 && damaged.notices[0].contains("damaged"), "\(damaged.notices)")
        #expect(damaged.decoded == (place < 4096 ? 50 : 1))
        let mended = try use(open())
        #expect(mended.decoded == 0 && mended.notices.isEmpty)
    }

    @Test func aFileCutShortIsMadeGood() throws {
        _ = try use(open())
        #expect(truncate(path, 8192 + 192 * 30) == 0)
        let cut = try use(open())
        #expect(cut.decoded == 20 && cut.notices.count == 1)
        #expect(try use(open()).decoded == 0)
    }

    @Test func anotherFormBeginsTheFileAnew() throws {
        _ = try use(open())
        for (side, crop) in [(16, CropMode.center), (8, .random), (8, .center)] {
            let store = open(side, crop: crop)
            #expect(store.takeNotices() == ["\(path) is damaged or belongs to other images; it is rebuilt"])
            #expect(try store.image(0) != nil)
            #expect(store.decodedCount == 1)
        }
    }

    @Test func twoAtATimeDoNotMeet() throws {
        let first = open()
        let second = open()
        #expect(second.takeNotices().map { $0.contains("is in use by another process") } == [true])
        #expect(try second.pixels() == drawn)
        #expect(second.decodedCount == 50)
        #expect(try use(first).decoded == 50)
    }

    /// Ranks of one training read what another has decoded.
    @Test func processesMayShareTheFile() throws {
        func shared(_ side: Int = 8) -> ImageStore {
            ImageStore(corpus: corpus, preprocessing: ImagePreprocessing(side: side), cache: path, isShared: true)
        }
        var first: ImageStore? = shared()
        let second = shared()
        #expect(try first?.pixels() == drawn && first?.decodedCount == 50)
        // The release of the store waits for its writer.
        first = nil
        #expect(try second.pixels() == drawn)
        #expect(second.decodedCount == 0 && second.takeNotices().isEmpty)
        #expect(open().takeNotices().map { $0.contains("is in use by another process") } == [true])
        #expect(shared(16).takeNotices().map { $0.contains("belongs to other images") } == [true])
    }

    @Test func whatIsNoFileIsReplacedByMemory() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        for place in [path, "/nowhere/at/all/images.cache", "/dev/null"] {
            let store = ImageStore(corpus: corpus, preprocessing: ImagePreprocessing(side: 8), cache: place)
            let (decoded, notices) = try use(store)
            #expect(decoded == 50 && notices.count == 1)
            #expect(notices[0].hasPrefix(place) && notices[0].hasSuffix("decoded images are kept in memory"))
        }
    }

    @Test(.enabled(if: TinyDisk.isPossible, "only root may mount a disk that is small enough"))
    func aFullDiskIsToldOnceAndReplacedByMemory() throws {
        // The disk holds the header, the entries and a few images; the file is sparse.
        let disk = try TinyDisk(folder.path + "/disk", size: "16k")
        do {
            let store = ImageStore(
                corpus: corpus, preprocessing: ImagePreprocessing(side: 8), cache: disk.path + "/images.cache")
            #expect(try store.pixels() == drawn)
            var notices: [String] = []
            #expect(
                eventually {
                    notices += store.takeNotices()
                    return !notices.isEmpty
                })
            #expect(
                notices == [
                    "the image cache cannot be written: No space left on device; further images are kept in memory"
                ])
            #expect(try store.pixels() == drawn)
            #expect(store.decodedCount == 50 && store.takeNotices().isEmpty)
        }
        // Images that fitted are in the file.
        let again = ImageStore(
            corpus: corpus, preprocessing: ImagePreprocessing(side: 8), cache: disk.path + "/images.cache")
        #expect(try again.pixels() == drawn)
        #expect((1..<50).contains(again.decodedCount))
    }

    private func overwrite(at place: Int, _ change: (UInt8) -> UInt8) throws {
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        bytes[place] = change(bytes[place])
        try Data(bytes).write(to: URL(filePath: path))
    }
}

/// A small file system.
final class TinyDisk {
    let path: String

    init(_ path: String, size: String) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try #require(mount("tmpfs", path, "tmpfs", 0, "size=\(size)") == 0)
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }

    static var isPossible: Bool {
        guard let folder = try? TemporaryFolder() else { return false }
        return (try? TinyDisk(folder.path + "/disk", size: "16k")) != nil
    }
}

/// Whether a condition becomes true within a minute.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<6000 {
        if condition() { return true }
        usleep(10_000)
    }
    return condition()
}
