import FoundationEssentials
import Tokenizers
import Testing
import TestSupport

/// The files under `Golden`, which scripts/golden/tokenizers_golden.py writes.
enum Golden {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

    static func path(_ name: String) -> String { folder.appending(path: name).path }

    /// The tokenizer of this kind, whose file may be compressed.
    static func tokenizer(_ name: String) throws -> Tokenizer {
        let plain = path("tokenizer-\(name).json")
        return try Tokenizer(contentsOf: FileManager.default.fileExists(atPath: plain) ? plain : plain + ".gz")
    }

    static func read<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: folder.appending(path: name)))
    }

    /// FNV-1a over ids and offsets, 64 bits at a time.
    static func digest(_ sequence: TokenSequence, _ start: UInt64 = 0xCBF2_9CE4_8422_2325) -> UInt64 {
        var value = start
        for (id, offsets) in zip(sequence.ids, sequence.offsets) {
            for number in [Int(id), offsets.lowerBound, offsets.upperBound] {
                value = (value ^ UInt64(number)) &* 0x100_0000_01B3
            }
        }
        return value
    }
}

/// The results of Hugging Face's `tokenizers`.
private struct Values: Decodable {
    /// Digest of ids and offsets of each text.
    let digests: [String]
    /// Index, ids, offsets and decoded text.
    let whole: [Whole]
    /// Ids of the first texts, truncated to seven.
    let truncated: [[Int32]]
    /// Digests of whole sets of captions, which are not in the repository.
    let corpora: [String: String]

    struct Whole: Decodable {
        let index: Int
        let ids: [Int32]
        let offsets: [[Int]]
        let text: String

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            index = try list.decode(Int.self)
            ids = try list.decode([Int32].self)
            offsets = try list.decode([[Int]].self)
            text = try list.decode(String.self)
        }
    }
}

/// Equality with Hugging Face's `tokenizers`, string by string.
@Suite struct GoldenTokenizerTests {
    static let names = [
        "bert", "bert-cased", "clip", "gpt2", "roberta", "llama", "metaspace", "llama3", "words", "xlm-roberta", "t5",
        "siglip", "unigram-bytes", "mpnet", "modernbert",
    ]

    private static let captions = URL(filePath: repositoryRoot + "/../shared/data")

    @Test(arguments: names)
    func idsAndOffsetsAreEqual(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        let texts = try Golden.read([String].self, "texts.json")
        let values = try Golden.read(Values.self, "values-\(name).json")
        try #require(texts.count == values.digests.count && texts.count > 3000)
        for whole in values.whole {
            let sequence = tokenizer.encode(texts[whole.index], limit: .max)
            #expect(sequence.ids == whole.ids, "\(texts[whole.index].debugDescription)")
            #expect(
                sequence.offsets.map { [$0.lowerBound, $0.upperBound] } == whole.offsets,
                "\(texts[whole.index].debugDescription)")
        }
        // Words are cached from text to text, which must not change results.
        let sequences = tokenizer.encode(texts, limit: .max)
        let different = texts.indices.filter { Golden.digest(sequences[$0]) != UInt64(values.digests[$0], radix: 16) }
        #expect(different.isEmpty, "\(different.count): \(different.prefix(5).map { texts[$0].debugDescription })")
        #expect(texts.indices.allSatisfy { tokenizer.encode(texts[$0], limit: .max) == sequences[$0] })
    }

    @Test(arguments: names)
    func decodingIsEqual(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        for whole in try Golden.read(Values.self, "values-\(name).json").whole {
            var expected = whole.text
            if name == "clip" {
                // `tokenizers` keeps end-of-word suffixes; Limn decodes them as `transformers` does.
                let words = expected.unicodeScalars.split(
                    separator: "</w>".unicodeScalars, omittingEmptySubsequences: false)
                expected = words.map { String($0) }.joined(separator: " ")
                if expected.hasSuffix(" ") { expected.removeLast() }
            }
            #expect(Array(tokenizer.decode(whole.ids).utf8) == Array(expected.utf8), "\(whole.index)")
        }
    }

    @Test(arguments: names)
    func cuttingIsEqual(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        let texts = try Golden.read([String].self, "texts.json")
        for (text, ids) in zip(texts, try Golden.read(Values.self, "values-\(name).json").truncated) {
            let sequence = tokenizer.encode(text, limit: 7)
            #expect(sequence.ids == ids)
            #expect(sequence.isTruncated == (tokenizer.encode(text, limit: .max).ids.count > 7))
        }
    }

    /// All captions of the two corpora, if present on the machine.
    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: captions.path)),
        arguments: ["bert", "clip", "gpt2"], ["flowers102", "emoji"])
    func captionsAreEqual(_ name: String, _ set: String) throws {
        struct Row: Decodable { let text: [String] }
        let digests = try Golden.read(Values.self, "values-\(name).json").corpora
        let file = Self.captions.appending(path: "\(set)/metadata.jsonl")
        guard let expected = digests[set], let data = try? Data(contentsOf: file) else {
            try Test.cancel("there are no captions of \(set), or no digest of them by \(name)")
        }
        let tokenizer = try Golden.tokenizer(name)
        let texts = try data.split(separator: 0x0A).flatMap { try JSONDecoder().decode(Row.self, from: $0).text }
        let value = tokenizer.encode(texts, limit: .max).reduce(0xCBF2_9CE4_8422_2325) { Golden.digest($1, $0) }
        #expect(value == UInt64(expected, radix: 16))
    }

    @Test func trainerLearnsWhatHuggingFaceLearns() throws {
        struct Training: Decodable {
            let texts: [String]
            let merges: [[Int]]
        }
        let training = try Golden.read(Training.self, "merges.json")
        let vocabulary = try VocabularyTrainer(size: 259 + 700).train(on: training.texts, name: "n", provenance: "p")
        struct File: Decodable { let merges: [[Int]] }
        let merges = try JSONDecoder().decode(File.self, from: Data(vocabulary.json())).merges
        #expect(merges.map { $0.map { $0 - 3 } } == training.merges)
        #expect(merges.count == 700)
    }

    /// Quadratic time would be hours.
    @Test(.timeLimit(.minutes(10)), arguments: names.filter { $0 != "mpnet" && $0 != "modernbert" })
    func aMillionCharactersOnALine(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        for part in ["red petals ", "ab", "\u{301}", "花", "👩\u{200D}", " ", "[MASK]", "<mask> "] {
            // Only this tokenizer uses Swift's Regex, which takes quadratic time within a grapheme cluster.
            if name == "llama3", part.count == 1,
                part.unicodeScalars.contains(where: { $0 == "\u{301}" || $0 == "\u{200D}" })
            {
                continue
            }
            let text = String(repeating: part, count: 1_000_000 / part.unicodeScalars.count)
            let sequence = tokenizer.encode(text, limit: .max)
            #expect(sequence.offsets.allSatisfy { $0.upperBound <= 1_000_000 })
            #expect(!sequence.isTruncated)
        }
    }
}
