import FoundationEssentials
import TestSupport
import Testing
import Tokenizers

/// Damaged tokenizer files are refused in one line, or they encode any text.
@Suite struct TokenizerFuzzTests {
    private static let texts = ["", " ", "a red  rose", "e\u{301}\u{301} ﬁ ① \r\n\u{1}", "花👩\u{200D}👩<unk>▁</s>"]

    @Test(arguments: ["t5", "unigram-bytes", "siglip", "bert", "llama", "roberta"])
    func damagedFilesAreRefusedOrUsable(_ name: String) throws {
        let file = [UInt8](try Data(contentsOf: Golden.folder.appending(path: "tokenizer-\(name).json")))
        // Damage near the ends, where the components are, and at values, rather than in the long vocabulary.
        let parts = [Array(file.prefix(1 << 12)), Array(file.suffix(1 << 11))]
        try withTemporaryFolder { folder in
            let path = folder + "/tokenizer.json"
            for number in 0..<fuzzCount {
                var mutator = Mutator(seed: 13, number: number)
                let bytes: [UInt8]
                if mutator.coin() {
                    bytes = mutator.damaged([file])
                } else if mutator.coin() {
                    bytes = mutator.damaged([parts[0]]) + file.dropFirst(parts[0].count)
                } else {
                    bytes = file.dropLast(parts[1].count) + mutator.damaged([parts[1]])
                }
                try put(bytes, path)
                let message = complaint {
                    let tokenizer = try Tokenizer(contentsOf: path)
                    for sequence in tokenizer.encode(Self.texts, limit: .max) {
                        #expect(sequence.ids.allSatisfy { (0..<Int32(tokenizer.count)).contains($0) })
                        _ = tokenizer.decode(sequence)
                    }
                }
                if let message { #expect(message.hasPrefix(path) && !message.contains("\n"), "\(message)") }
            }
        }
    }

    /// The bytes of a character map, each damaged in turn, in a file that is otherwise valid.
    @Test func damagedCharacterMapsAreRefusedOrUsable() throws {
        struct File: Decodable {
            struct Normalizer: Decodable { let precompiled_charsmap: String? }
            struct Sequence: Decodable { let normalizers: [Normalizer] }
            let normalizer: Sequence
        }
        let file = try Data(contentsOf: Golden.folder.appending(path: "tokenizer-t5.json"))
        let base64 = try JSONDecoder().decode(File.self, from: file).normalizer.normalizers[0].precompiled_charsmap
        let map = [UInt8](try #require(Data(base64Encoded: base64 ?? "")))
        try withTemporaryFolder { folder in
            let path = folder + "/tokenizer.json"
            for number in 0..<fuzzCount {
                var mutator = Mutator(seed: 14, number: number)
                let damaged = Data(mutator.damaged([map])).base64EncodedString()
                try put(
                    #"{"model":{"type":"Unigram","vocab":[["u",0]],"unk_id":0},"#
                        + #""normalizer":{"type":"Precompiled","precompiled_charsmap":"\#(damaged)"}}"#, path)
                let message = complaint {
                    _ = try Tokenizer(contentsOf: path).encode(Self.texts, limit: .max)
                }
                if let message { #expect(message.contains("precompiled_charsmap") && !message.contains("\n")) }
            }
            // Without its last byte, or without any number of them, it is always refused.
            for count in stride(from: 0, to: map.count, by: 37) {
                let cut = Data(map.prefix(map.count - 1 - count)).base64EncodedString()
                try put(
                    #"{"model":{"type":"Unigram","vocab":[["u",0]],"unk_id":0},"#
                        + #""normalizer":{"type":"Precompiled","precompiled_charsmap":"\#(cut)"}}"#, path)
                let message = complaint { _ = try Tokenizer(contentsOf: path) }
                #expect(message?.contains("damaged, download the file again") == true, "\(count): \(message ?? "read")")
            }
        }
    }
}
