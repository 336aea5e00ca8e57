import Corpora
import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// Corpora from untrusted sources, and the reports about them.
@Suite struct TrustTests {
    /// The only problem of a folder with some valid rows and this one.
    private func problem(_ row: String, _ prepare: (TemporaryFolder) throws -> Void = { _ in }) throws -> String {
        let folder = try TemporaryFolder(
            metadata: [#"{"file_name": "ok.png", "text": "x"}"#, row, #"{"file_name": "ok2.png", "text": "x"}"#],
            images: ["ok.png", "ok2.png", "a.png"])
        try prepare(folder)
        let corpus = try Corpus(folder: folder.path, split: nil, badFiles: .skip)
        #expect(corpus.examples.first?.path == "ok.png" && corpus.examples.last?.path == "ok2.png")
        #expect(corpus.skipped.total == 1)
        return corpus.skipped.first.first.map { "\($0.kind.rawValue) \($0)" } ?? "none"
    }

    private func link(_ name: String, to target: String, in folder: TemporaryFolder) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/\(name)", withDestinationPath: target)
    }

    @Test func linksOutOfTheFolderAreRefused() throws {
        let elsewhere = try TemporaryFolder()
        try elsewhere.write([1], to: "secret.png")
        let row = #"{"file_name": "in/secret.png", "text": "x"}"#
        let folder = try problem(row) { try link("in", to: elsewhere.path, in: $0) }
        #expect(
            folder
                == "unsafe-path metadata.jsonl:2: in/secret.png leaves the folder through a link; --follow-links reads it"
        )
        let file = try problem(#"{"file_name": "l.png", "text": "x"}"#) {
            try link("l.png", to: elsewhere.path + "/secret.png", in: $0)
        }
        #expect(file == "unsafe-path metadata.jsonl:2: l.png leaves the folder through a link; --follow-links reads it")
        let loose = try problem(#"{"file_name": "l.png", "text": "x"}"#) { try link("l.png", to: "nowhere", in: $0) }
        #expect(loose == "missing-image metadata.jsonl:2: l.png does not exist")
        let circle = try problem(#"{"file_name": "l/l/l/gone.png", "text": "x"}"#) { try link("l", to: ".", in: $0) }
        #expect(circle == "missing-image metadata.jsonl:2: l/l/l/gone.png does not exist")

        // The same with sidecars.
        let sidecars = try TemporaryFolder()
        for name in ["a.png", "a.txt", "b.txt"] { try sidecars.write("x".utf8, to: name) }
        try link("b.png", to: elsewhere.path + "/secret.png", in: sidecars)
        let corpus = try Corpus(folder: sidecars.path, split: nil, badFiles: .skip)
        #expect(corpus.examples.map(\.path) == ["a.png"])
        #expect(
            corpus.skipped.first.map { "\($0)" } == ["b.png: leaves the folder through a link; --follow-links reads it"]
        )
    }

    @Test func linksWithinTheFolderAreFollowed() throws {
        let folder = try TemporaryFolder(
            metadata: [#"{"file_name": "l/a.png", "text": "x"}"#, #"{"file_name": "b.png", "text": "y"}"#])
        try folder.write([1, 2], to: "real/a.png")
        try link("l", to: "real", in: folder)
        try link("b.png", to: "real/a.png", in: folder)
        let corpus = try Corpus(folder: folder.path, split: nil)
        #expect(corpus.examples.map(\.path) == ["l/a.png", "b.png"])
        #expect(try corpus.encodedImage(0) == [1, 2])
        // The folder itself may be a link.
        try link("whole", to: folder.path, in: folder)
        #expect(try Corpus(folder: folder.path + "/whole", split: nil).examples.count == 2)
    }

    @Test func pipesAndFoldersAreNotImages() throws {
        let pipe = try problem(#"{"file_name": "p.png", "text": "x"}"#) {
            #expect(mkfifo($0.path + "/p.png", 0o600) == 0)
        }
        #expect(pipe == "missing-image metadata.jsonl:2: p.png does not exist")
        let folder = try problem(#"{"file_name": "f.png", "text": "x"}"#) { try $0.write([], to: "f.png/x") }
        #expect(folder == "missing-image metadata.jsonl:2: f.png does not exist")
        let listing = try TemporaryFolder()
        #expect(mkfifo(listing.path + "/metadata.jsonl", 0o600) == 0)
        #expect(message { _ = try Corpus(folder: listing.path, split: nil) }.contains("it is a device or a pipe"))
    }

    @Test func rowsThatNestOrRunOnForeverAreRefused() throws {
        for bracket in ["[", #"{"a":"#] {
            let nested =
                #"{"file_name": "a.png", "text": "x", "more": "#
                + String(repeating: bracket, count: 400_000 / bracket.count)
            #expect(try problem(nested) == "malformed-row metadata.jsonl:2: nests deeper than 64 levels")
        }
        let long = #"{"file_name": "a.png", "text": "x", "more": ""# + String(repeating: "y", count: 5 << 20) + #""}"#
        #expect(try problem(long) == "too-long metadata.jsonl:2: is longer than 1048576 bytes")
        let caption = #"{"file_name": "a.png", "text": ""# + String(repeating: "y", count: 1 << 16 + 1) + #""}"#
        #expect(
            try problem(caption)
                == "too-long metadata.jsonl:2: a.png has a caption of 65537 bytes; at most 65536 are read")
    }

    @Test func onlyTheLineThatIsTooLongIsLost() throws {
        // At all offsets around the end of the reader's buffer.
        for length in [1 << 20 - 1, 1 << 20, 1 << 20 + 1, 2 << 20 - 1, 2 << 20, 2 << 20 + 1, 5 << 20] {
            let row = #"{"file_name": "a.png", "text": "x"}"#
            let folder = try TemporaryFolder(
                metadata: [
                    #"{"file_name": "ok.png", "text": "x"}"#,
                    row + String(repeating: " ", count: length - row.utf8.count),
                    #"{"file_name": "ok2.png", "text": "last"}"#,
                ], images: ["ok.png", "ok2.png", "a.png"])
            let corpus = try Corpus(folder: folder.path, split: nil, badFiles: .skip)
            #expect(corpus.examples.count == (length > 1 << 20 ? 2 : 3), "\(length)")
            #expect(corpus.captions.last == "last")
            #expect(corpus.skipped.first.map(\.line) == (length > 1 << 20 ? [2] : []))
        }
    }

    @Test func captionsWithControlCharactersAreRefused() throws {
        for (escape, code) in [
            ("\\u0000", "0000"), ("\\u001b[2J", "001B"), ("\\u007f", "007F"), ("\\u0085y", "0085"),
            ("\u{9B}1m", "009B"),
        ] {
            let text = try problem(#"{"file_name": "a.png", "text": "a \#(escape) b"}"#)
            #expect(
                text == "control-character metadata.jsonl:2: a.png has a caption with the control character U+\(code)")
        }
        let folder = try TemporaryFolder(
            metadata: [#"{"file_name": "a.png", "text": "\t a\tb\r\nc é \ud83c\udf38 \u00a0\n"}"#], images: ["a.png"])
        #expect(try Corpus(folder: folder.path, split: nil).examples[0].captions == ["a b  c é 🌸"])
    }

    @Test(arguments: [
        #"{"file_name": "a.png", "text": "x"} trailing"#, #"{"file_name": "a.png", "text": "x",}"#,
        #"{"file_name": "a.png", "text": "\ud800"}"#, #"{"file_name": "a.png", "text": "\udc00\ud800"}"#,
        #"{"file_name": "a.png", "text": "\u12"}"#, #"{"file_name": "a.png", "text": "\x"}"#,
        #"{"file_name": "a.png", "n": 01}"#,
        #"{"file_name": "a.png", "n": 1.}"#, #"{"file_name": "a.png", "n": tru}"#, #"{"file_name": "a.png" "n": 1}"#,
        "{\"file_name\": \"a.png\", \"text\": \"a\tb\"}", #"{"file_name": "a.png", "text": "x\"}"#, "{", "nul",
    ]) func onlyJSONIsJSON(row: String) throws {
        let text = try problem(row)
        #expect(text.hasPrefix("malformed-row metadata.jsonl:2: is not"), "\(text)")
    }

    @Test func pathsThatMeanTheSameAreTheSame() throws {
        let text = try problem(#"{"file_name": ".//./ok.png", "text": "x", "split": "y"}"#)
        #expect(text == "repeated-image metadata.jsonl:2: ok.png is already listed on line 1 with another split")
    }

    @Test func imagesWithoutARowGiveANoticeOnly() throws {
        let folder = try TemporaryFolder(shapes: 3)
        try folder.write([], to: "images/extra.jpeg")
        try folder.write([], to: "images/.hidden.png")
        #expect(try Corpus(folder: folder.path, split: nil, badFiles: .fail).examples.count == 3)
        let inspection = try CorpusInspection(folder: folder.path)
        #expect(
            inspection.problems.map { "\($0.kind.rawValue) \($0)" } == [
                "unlisted-image images/extra.jpeg: is listed by no row"
            ])
    }

    @Test func missingAndOversizedImagesAreNamed() throws {
        let folder = try TemporaryFolder(shapes: 2)
        let corpus = try Corpus(folder: folder.path, split: nil)
        let path = folder.path + "/" + corpus.examples[0].path
        let stamp = try corpus.imageStamp(0)
        try FileManager.default.removeItem(atPath: path)
        #expect(message { _ = try corpus.encodedImage(0) }.hasPrefix("\(path): cannot be read: No such file"))
        #expect(message { _ = try corpus.imageStamp(0) }.hasPrefix("\(path): cannot be read: No such file"))
        // A sparse file of two gigabytes.
        try folder.write([1], to: corpus.examples[0].path)
        #expect(truncate(path, 2 << 30) == 0)
        #expect(message { _ = try corpus.encodedImage(0) }.contains("it has 2147483648 bytes; at most"))
        #expect(try corpus.imageStamp(0) != stamp)
    }

    @Test func namesThatAreNotUTF8AreNamed() throws {
        let folder = try TemporaryFolder()
        try folder.write("x".utf8, to: "a.png")
        try folder.write("x".utf8, to: "a.txt")
        for end in [".png", ".txt"] {
            let name = Array("\(folder.path)/b".utf8) + [0xFF] + Array(end.utf8) + [0]
            let file = open(name.map { CChar(bitPattern: $0) }, O_CREAT | O_WRONLY, 0o600)
            #expect(file >= 0 && write(file, "x", 1) == 1)
            close(file)
        }
        let corpus = try Corpus(folder: folder.path, split: nil, badFiles: .skip)
        #expect(corpus.examples.map(\.path) == ["a.png"])
        #expect(corpus.skipped.counts == [.notUTF8: 2])
    }
}
