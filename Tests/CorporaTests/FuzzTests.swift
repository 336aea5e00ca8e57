import Corpora
import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// The processor time of this thread in seconds, which other tests do not lengthen as they do the time that passes.
private func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Readers of all layouts on damaged files: they may refuse them, but must not crash.
@Suite(.serialized) struct FuzzedCorpora {
    /// Lists folders in which one of `files` is damaged, and reads the images found.
    /// - Parameters:
    ///   - mutant: makes a damaged file.
    ///   - least: at least one in this many images must be readable despite the damage.
    private func fuzz(
        _ name: String, beside files: [(String, String)] = [], seed: UInt64, least: Int = 4,
        sourceLocation: SourceLocation = #_sourceLocation,
        mutant: (inout Mutator) -> [UInt8]
    ) throws {
        let folder = try TemporaryFolder()
        for (path, text) in files { try folder.write(text.utf8, to: path) }
        var (read, refused) = (0, 0)
        for number in 0..<fuzzCount {
            var mutator = Mutator(seed: seed, number: number)
            try folder.write(mutant(&mutator), to: name)
            let begin = threadSeconds()
            do {
                let corpus = try Corpus(folder: folder.path, split: nil, badFiles: .skip)
                for example in corpus.examples.indices {
                    let captions = corpus.examples[example].captions
                    #expect(
                        !captions.isEmpty && !captions.contains(""), "mutant \(number)",
                        sourceLocation: sourceLocation)
                    if (try? corpus.encodedImage(example)) != nil { read += 1 }
                }
                refused += corpus.skipped.total
            } catch let error as CorpusError {
                #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
                refused += 1
            } catch {
                Issue.record("mutant \(number): \(error)", sourceLocation: sourceLocation)
            }
            #expect(threadSeconds() - begin < 20, "mutant \(number)", sourceLocation: sourceLocation)
        }
        // Damage that is never or always detected would test nothing.
        #expect(
            read > fuzzCount / least && refused > fuzzCount / 4, "\(read) read, \(refused) refused",
            sourceLocation: sourceLocation)
    }

    private static let images = ["a.png", "b c.jpg", "in/d.webp"]
    private static let empty = images.map { ($0, "") }

    @Test func metadataLines() throws {
        let text = """
            {"file_name": "a.png", "text": ["one \\u00e9", "two"], "class": "x", "split": "train"}
            {"file_name": "b c.jpg", "text": "three", "n": [1.5e3, {"deep": [true, false, null]}]}
            {"file_name": "in/d.webp", "caption": "\\ud83c\\udf38 four", "class": null}
            """
        try fuzz("metadata.jsonl", beside: Self.empty, seed: 1) { $0.damaged([Array(text.utf8)]) }
    }

    @Test func metadataTable() throws {
        let text =
            "file_name,text,text_2,class,split\r\na.png,\"one, \"\"two\"\"\",,x,train\r\n"
            + "b c.jpg,\"[\"\"a\"\", \"\"b\"\"]\",c,,\r\nin/d.webp,\"line\nbreak\",ä,y,test\r\n"
        try fuzz("metadata.csv", beside: Self.empty, seed: 2) { $0.damaged([Array(text.utf8)]) }
    }

    @Test func captionsJSON() throws {
        let text = """
            {"images": [{"id": 1, "file_name": "a.png"}, {"id": 20, "file_name": "b c.jpg"},
              {"id": -3, "file_name": "d.webp"}],
             "annotations": [{"image_id": 20, "caption": "x"}, {"image_id": 1, "caption": "y\\n"},
              {"image_id": -3, "caption": "z"}]}
            """
        // A single wrong byte can make the whole file invalid.
        try fuzz("annotations/captions_train2017.json", beside: Self.empty, seed: 3, least: 50) {
            $0.damaged([Array(text.utf8)])
        }
    }

    private static let lines = Array("a caption\nanother é\n\n third\r\n".utf8)

    @Test func textFolders() throws {
        try fuzz("text_c10/x/a.txt", beside: Self.empty + [("text_c10/y/d.txt", "of d")], seed: 4) {
            $0.damaged([Self.lines])
        }
    }

    @Test func sidecars() throws {
        try fuzz("a.txt", beside: Self.empty + [("in/d.txt", "of d")], seed: 5) { $0.damaged([Self.lines]) }
    }

    private static let shard: [UInt8] = {
        var tar = TarBytes()
        tar.add("d/", type: "5")
        tar.add("d/a.jpg", [UInt8](repeating: 9, count: 700))
        tar.add("d/a.txt", "one\ntwo\n".utf8)
        tar.addPax([("path", String(repeating: "long/", count: 30) + "b.png"), ("size", "3")])
        tar.add("b", "123".utf8)
        tar.add("L", Array((String(repeating: "long/", count: 30) + "b.json\0").utf8), type: "L")
        tar.add("b", #"{"caption": ["x", "y"], "class": "z"}"#.utf8)
        tar.add("c.webp", "image".utf8, prefix: "pre")
        tar.add("pre/c.txt", "three".utf8)
        return tar.ended
    }()

    @Test func shards() throws { try fuzz("s.tar", seed: 6) { $0.damaged([Self.shard]) } }

    @Test func packedShards() throws {
        let packed = [gzipped(Self.shard), gzipped(Self.shard, level: 0)]
        // Damage before or after compression.
        try fuzz("s.tar.gz", seed: 7) { $0.coin() ? gzipped($0.damaged([Self.shard])) : $0.damaged(packed) }
    }
}
