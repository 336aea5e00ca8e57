import FoundationEssentials
import TestSupport
import Testing

@Suite struct EncoderTests {
    /// A safetensors file's header and its float32 numbers.
    private func embeddings(_ path: String) throws -> (header: String, values: [Float]) {
        let bytes = try #require(contents(path))
        let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let data = Array(bytes[(8 + length)...])
        let values = data.withUnsafeBytes { raw in
            (0..<data.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
        return (String(decoding: bytes[8..<8 + length], as: UTF8.self), values)
    }

    @Test func theModelThatShipsComparesSentences() throws {
        try withTemporaryFolder { folder in
            let outcome = try limn(
                "similarity", "a red flower", "a flower with red petals", "a white flower with a green stem", in: folder
            )
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            let lines = outcome.text.split(separator: "\n").map { $0.split(separator: " ") }
            #expect(lines.count == 4)
            #expect(lines[0] == ["1", "2", "3"])
            #expect(lines[1].prefix(4) == ["1", "a", "red", "flower"])
            let rows = lines.dropFirst().map { $0.suffix(3).compactMap { Float($0) } }
            for row in 0..<3 {
                #expect(rows[row][row] == 1)
                for column in 0..<3 { #expect(rows[row][column] == rows[column][row]) }
            }
            #expect(rows[0][1] > rows[0][2])
        }
    }

    @Test func tablesStayInLine() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let long = String(repeating: "very ", count: 100) + "long"
            let outcome = try limn(
                "similarity", long, "two\nlines\u{1b}[31m", "赤いバラ", "--encoder", tiny.encoders, in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            let lines = outcome.text.split(separator: "\n")
            #expect(lines.count == 4)
            #expect(lines[1].contains("…") && lines[1].count == lines[0].count)
            #expect(lines[2].hasPrefix("2 two lines[31m "))
            // Ideographs take two columns each.
            #expect(lines[3].count + 4 == lines[0].count)
            #expect(
                outcome.talk == ["sentence 1 has \(tokens(outcome)) tokens, but this encoder reads only the first 14"])
        }
    }

    private func tokens(_ outcome: Outcome) -> String {
        outcome.err.split(separator: " ").dropFirst(3).first.map(String.init) ?? ""
    }

    @Test func similarityAsJSON() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let outcome = try limn("similarity", "a \"red\" one", "blue", "--encoder", tiny.model, "--json", in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            struct Record: Decodable {
                let encoder: String
                let sentences: [String]
                let cosines: [[Float]]
            }
            let record = try JSONDecoder().decode(Record.self, from: Data(outcome.out))
            #expect(record.encoder == "tiny")
            #expect(record.sentences == ["a \"red\" one", "blue"])
            #expect(record.cosines.map(\.count) == [2, 2])
            #expect(abs(record.cosines[1][1] - 1) < 1e-5)
        }
    }

    @Test func everyLineHasItsRow() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let long = String(repeating: "blue square ", count: 50)
            try put("a red circle\r\n\n\(long)\na red circle\n\(long)", folder + "/lines.txt")
            let outcome = try limn(
                "encode", "--encoder", tiny.encoders, "--file", "lines.txt", "--out", "e.safetensors", in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            #expect(outcome.text == "e.safetensors: 5 rows of 16\n")
            #expect(
                outcome.talk == [
                    "lines.txt:3: the first of 2 lines truncated to 14 tokens, the most that this encoder reads"
                ])
            let (header, values) = try embeddings(folder + "/e.safetensors")
            #expect(header.contains(#""embeddings":{"dtype":"F32","shape":[5,16]"#))
            #expect(header.contains(#""format":"limn-embeddings""#) && header.contains(#""encoder":"tiny"#))
            #expect(header.contains(#""checksum":"#))
            let rows = (0..<5).map { Array(values[$0 * 16..<($0 + 1) * 16]) }
            for row in rows { #expect(abs(row.reduce(0) { $0 + $1 * $1 } - 1) < 1e-4) }
            for (a, b) in zip(rows[0], rows[3]) { #expect(abs(a - b) < 1e-5) }
            #expect(rows[0] != rows[1])
            // Standard input gives the same bytes as a file.
            let piped = try Child(
                ["encode", "--encoder", tiny.encoders, "--file", "-", "--out", "piped.safetensors"], in: folder,
                input: try #require(contents(folder + "/lines.txt"))
            ).finish()
            #expect(piped.ending == .exit(0), "\(piped.err)")
            #expect(haveEqualContents(folder + "/e.safetensors", folder + "/piped.safetensors"))
        }
    }

    @Test func badInputIsToldInOneLine() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            try put([0x61, 0x0a, 0xff, 0xfe, 0x0a], folder + "/latin.txt")
            try put("", folder + "/empty.txt")
            try put("a\n", folder + "/good.txt")
            try FileManager.default.createDirectory(atPath: folder + "/plain", withIntermediateDirectories: true)
            func encode(_ more: String...) throws -> Outcome {
                try Child(["encode", "--out", "out.safetensors"] + more, in: folder).finish()
            }
            let judge = tiny.encoders
            // A pipe, as from <(…) of a shell, can be read once and has no size.
            let piped = try limn(
                "encode", "--encoder", judge, "--out", "piped.safetensors", "--file", "/dev/fd/3", in: folder,
                shell: #"printf 'red\nblue\n' | { exec 3<&0 0</dev/null; exec "$@"; }"#)
            #expect(piped.ending == .exit(0), "\(piped.err)")
            #expect(try embeddings(folder + "/piped.safetensors").header.contains("[2,"))
            expectRefusal(try encode("--encoder", judge, "--file", "latin.txt"), 65, "latin.txt:2: is not UTF-8")
            expectRefusal(try encode("--encoder", judge, "--file", "empty.txt"), 65, "empty.txt: contains no lines")
            expectRefusal(try encode("--encoder", judge, "--file", "absent.txt"), 66, "absent.txt: no such file")
            expectRefusal(try encode("--encoder", "absent", "--file", "good.txt"), 66, "absent: no such encoder")
            expectRefusal(try encode("--encoder", "good.txt", "--file", "good.txt"), 65, "good.txt is not a valid")
            expectRefusal(try encode("--encoder", "plain", "--file", "good.txt"), 65, "plain: has no config.json")
            expectRefusal(
                try encode("--encoder", judge, "--pooling", "cls", "--file", "good.txt"), 65,
                "a pooling can be set only for pretrained encoders")
            try put(#"{"model_type": "gpt2"}"#, folder + "/plain/config.json")
            expectRefusal(
                try encode("--encoder", "plain", "--file", "good.txt"), 65,
                "\"model_type\" is \"gpt2\", which Limn does not")
            let nowhere = try limn(
                "encode", "--encoder", judge, "--file", "good.txt", "--out", "no/such/out", in: folder)
            expectRefusal(nowhere, 73, "no/such/out")
            #expect(!exists(folder + "/out.safetensors"))
        }
    }

    @Test func badUseIsToldWithItsRemedy() throws {
        try withTemporaryFolder { folder in
            for (arguments, words) in [
                (["similarity", "alone"], "Expected 2 to 1000 sentences"),
                (["similarity", "a", " "], "Sentence 2 is empty"),
                (["similarity", "a", "b", "--pooling", "max"], "expected mean, cls or eos"),
                (["encode", "--file", "-", "--out", ""], "--out is empty"),
                (["generate", "a", "--encoder", ""], "--encoder is empty"),
                (["export", "m", "--onnx", "m.onnx", "--encoder", ""], "--encoder is empty"),
                (["translate", "m", "a.png", "--out", "b.png", "--encoder", ""], "--encoder is empty"),
                (["evaluate", "m", "--data", "d", "--encoder", ""], "--encoder is empty"),
                (["serve", "--encoder", ""], "--encoder is empty"),
            ] {
                let outcome = try Child(arguments, in: folder).finish()
                #expect(outcome.ending == .exit(64), "\(arguments): \(outcome.err)")
                #expect(outcome.err.contains(words), "\(outcome.err)")
            }
            let latin = try Child(
                ["similarity", "a"], in: folder, shell: #"exec "$@" "$(printf '\377')""#
            ).finish()
            #expect(latin.ending == .exit(64), "\(latin.err)")
            #expect(latin.err.contains("not UTF-8"), "\(latin.err)")
        }
    }
}
