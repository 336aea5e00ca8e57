import Corpora
import FoundationEssentials
import TestSupport
import Testing

@Suite struct DivisionTests {
    private static let parts = [
        CorpusSplit.Part(name: "train", fraction: 0.8), CorpusSplit.Part(name: "test", fraction: 0.2),
    ]

    /// `count` different images, except for `copies`, in classes of unequal size.
    private func corpus(_ count: Int, copies: [Int: Int] = [:], classes: Int = 6) throws -> TemporaryFolder {
        let lines = (0..<count).map { number in
            let label = classes == 0 ? "" : #", "class": "c\#(number * number % classes)""#
            return
                #"{"file_name": "\#(number).png", "text": ["image \#(number)"]\#(label), "note": [1, {"split": 2}]}"#
        }
        let folder = try TemporaryFolder(metadata: lines)
        for number in 0..<count { try folder.write("bytes \(copies[number] ?? number)".utf8, to: "\(number).png") }
        return folder
    }

    /// The new split of each image according to the written metadata.
    private func splits(_ division: CorpusSplit, in folder: TemporaryFolder) throws -> [Int: String] {
        try folder.write(division.metadata(), to: "metadata.jsonl")
        let corpus = try Corpus(folder: folder.path, split: nil)
        var result: [Int: String] = [:]
        for split in corpus.splits {
            for example in try Corpus(folder: folder.path, split: split).examples {
                result[Int(example.path.dropLast(4)) ?? -1] = split
            }
        }
        return result
    }

    private func divide(
        _ folder: TemporaryFolder, by rule: CorpusSplit.Rule, seed: UInt64 = 1,
        parts: [CorpusSplit.Part] = DivisionTests.parts
    ) throws -> CorpusSplit {
        try CorpusSplit(Corpus(folder: folder.path, split: nil), into: parts, by: rule, seed: seed)
    }

    @Test func partsGetTheirShareOfTheWholeAndOfEachClass() throws {
        let folder = try corpus(500)
        let division = try divide(folder, by: .random)
        #expect(division.counts.map(\.images) == [400, 100])
        let splits = try splits(division, in: folder)
        for label in Set((0..<500).map { $0 * $0 % 6 }) {
            let members = (0..<500).filter { $0 * $0 % 6 == label }
            let test = members.count { splits[$0] == "test" }
            #expect(abs(Double(test) - 0.2 * Double(members.count)) <= 1, "class \(label)")
        }
        #expect(try self.splits(divide(folder, by: .random), in: folder) == splits)
        #expect(try self.splits(divide(folder, by: .random, seed: 2), in: folder) != splits)
    }

    @Test(arguments: CorpusSplit.Rule.allCases)
    func equalImagesStayTogether(rule: CorpusSplit.Rule) throws {
        // Few copies connect classes; otherwise all classes would form one unit.
        let copied = rule == .random ? 40 : 2
        let copies = Dictionary(uniqueKeysWithValues: (0..<copied).map { ($0 * 5 + 103, $0) })
        let folder = try corpus(400, copies: copies, classes: rule == .random ? 0 : 60)
        let division = try divide(folder, by: rule)
        #expect(division.duplicateImages == 2 * copied)
        let splits = try splits(division, in: folder)
        for (copy, original) in copies { #expect(splits[copy] == splits[original]) }
        #expect(Set(splits.values) == ["train", "test"])
    }

    @Test func classesAreInOnePart() throws {
        let folder = try corpus(300, classes: 41)
        let splits = try splits(divide(folder, by: .class), in: folder)
        let byClass = Dictionary(grouping: splits.keys) { $0 * $0 % 41 }
        #expect(byClass.values.allSatisfy { members in Set(members.map { splits[$0] }).count == 1 })
        #expect((30...90).contains(splits.values.count { $0 == "test" }))
    }

    @Test func whatCannotBeDivided() throws {
        let folder = try corpus(10, classes: 0)
        #expect(message { _ = try divide(folder, by: .class) }.contains("its images have no classes"))
        let same = try corpus(9, copies: Dictionary(uniqueKeysWithValues: (1..<9).map { ($0, 0) }), classes: 0)
        #expect(message { _ = try divide(same, by: .random) }.contains("fewer different images than splits"))
        let one = try corpus(9, classes: 1)
        #expect(
            message { _ = try divide(one, by: .class) }.contains("fewer classes without a common image than splits"))
        // A small fraction of a small corpus is not empty.
        let thin = [CorpusSplit.Part(name: "a", fraction: 0.99), CorpusSplit.Part(name: "b", fraction: 0.01)]
        #expect(try divide(folder, by: .random, parts: thin).counts.map(\.images) == [9, 1])
    }

    /// All bytes other than the splits are preserved.
    @Test func metadataKeepWhatTheyHold() throws {
        let before = [
            "\u{FEFF}{\"split\" : \"old\" , \"file_name\": \"a.png\", \"text\": \"one\", \"z\": 1.50}\r",
            #"{"file_name": "./b.png", "text": ["split", "\"split\""], "more": {"split": "x"} }"#, "", "no row",
            #"{"text": "c", "file_name": "c.png", "split": null, "split": "twice"}"#,
        ]
        let folder = try TemporaryFolder(metadata: before, images: [])
        for name in ["a", "b", "c"] { try folder.write(name.utf8, to: "\(name).png") }
        let corpus = try Corpus(folder: folder.path, split: nil, badFiles: .skip)
        let halves = [CorpusSplit.Part(name: "A", fraction: 0.7), CorpusSplit.Part(name: "B", fraction: 0.3)]
        let text = String(
            decoding: try CorpusSplit(corpus, into: halves, by: .random, seed: 1).metadata(), as: UTF8.self)
        let expected = [
            "\u{FEFF}{\"split\" : \"?\" , \"file_name\": \"a.png\", \"text\": \"one\", \"z\": 1.50}\r",
            #"{"file_name": "./b.png", "text": ["split", "\"split\""], "more": {"split": "x"}, "split": "?"}"#, "",
            "no row",
            #"{"text": "c", "file_name": "c.png", "split": "?", "split": "?"}"#,
        ].joined(separator: "\n")
        let masked = text.replacing(#""A""#, with: #""?""#).replacing(#""B""#, with: #""?""#)
        #expect(Array(masked.utf8) == Array(expected.utf8), "\(text)")
        #expect(text.contains(#""A""#) && text.contains(#""B""#))
    }

    /// The image may be in a column of another known name, and a row may hold `NaN`.
    @Test func rowsAreFoundByAnyNameOfTheirImage() throws {
        let rows = [#"{"image": "a.png", "text": "one"}"#, #"{"path": "b.png", "text": "two", "score": NaN}"#]
        let folder = try TemporaryFolder(metadata: rows, images: [])
        for name in ["a", "b"] { try folder.write(name.utf8, to: "\(name).png") }
        let halves = [CorpusSplit.Part(name: "A", fraction: 0.5), CorpusSplit.Part(name: "B", fraction: 0.5)]
        let division = try CorpusSplit(Corpus(folder: folder.path, split: nil), into: halves, by: .random, seed: 1)
        try folder.write(division.metadata(), to: "metadata.jsonl")
        let after = try Corpus(folder: folder.path, split: nil)
        #expect(after.splits == ["A", "B"] && after.examples.indices.allSatisfy { after.splitNumber(of: $0) != nil })
    }

    /// Of a `metadata.jsonl` per split, and of a table of another name: the new file takes their place, so that it has their captions.
    @Test(arguments: [
        (["train/metadata.jsonl", "test/metadata.jsonl"], "test/metadata.jsonl, train/metadata.jsonl"),
        (["captions.jsonl"], "captions.jsonl"),
    ])
    func captionsOfOtherFilesAreCopied(tables: [String], source: String) throws {
        let folder = try TemporaryFolder()
        for table in tables {
            let inside = table.dropLast(table.split(separator: "/").last?.count ?? 0)
            let rows = (0..<10).map {
                #"{"file_name": "\#($0).png", "text": ["one", "two \#($0)"], "class": "c\#($0 % 2)"}"#
            }
            for number in 0..<10 { try folder.write("\(table) \(number)".utf8, to: "\(inside)\(number).png") }
            try folder.write(rows.joined(separator: "\n").utf8, to: table)
        }
        let before = try Corpus(folder: folder.path, split: nil)
        let division = try divide(folder, by: .random, parts: DivisionTests.parts)
        #expect(division.copiedFrom == source)
        try folder.write(division.metadata(), to: "metadata.jsonl")
        let after = try Corpus(folder: folder.path, split: nil)
        #expect(after.splits == ["test", "train"] && after.examples.count == 10 * tables.count)
        #expect(Array(after.examples) == Array(before.examples) && after.classes == before.classes)
        // The next division edits that file.
        #expect(try divide(folder, by: .random, seed: 2).copiedFrom == nil)
    }

    @Test func aFolderWithoutMetadataGetsSome() throws {
        let folder = try TemporaryFolder()
        for number in 0..<10 {
            try folder.write("bytes \(number)".utf8, to: "c\(number % 2)/\(number).png")
            try folder.write("one\ntwo \(number)".utf8, to: "c\(number % 2)/\(number).txt")
        }
        let before = try Corpus(folder: folder.path, split: nil)
        try folder.write(divide(folder, by: .random).metadata(), to: "metadata.jsonl")
        let after = try Corpus(folder: folder.path, split: nil)
        #expect(
            after.splits == ["test", "train"] && Array(after.examples) == Array(before.examples)
                && after.classes == before.classes)
    }
}
