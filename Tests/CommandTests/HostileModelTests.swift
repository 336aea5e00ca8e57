import FoundationEssentials
import Images
import Networks
import TestSupport
import Testing
import TinyModels

/// Files that are not models, and models that are damaged or manipulated.
@Suite struct HostileModelTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let words: String
        let make: @Sendable (_ model: [UInt8]) throws -> [UInt8]
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "empty", words: "it has 0 bytes") { _ in [] },
        Case(name: "text", words: "is not a valid safetensors file") { _ in Array("a rose is a rose\n".utf8) },
        Case(name: "image", words: "it is a PNG image") { _ in [0x89] + Array("PNG\r\n\u{1A}\n".utf8) },
        Case(name: "cut in its header", words: "it was cut short") { Array($0.prefix(1000)) },
        Case(name: "cut in its data", words: "it was cut short") { Array($0.dropLast(1000)) },
        Case(name: "followed by more", words: "3 bytes follow its last array") { $0 + [1, 2, 3] },
        Case(name: "longest header", words: "its header claims") { Array(repeating: 0xFF, count: 8) + $0.dropFirst(8) },
        Case(name: "no arrays", words: "is not a Limn model but a safetensors file of 0 arrays") { _ in
            [2, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8)
        },
        Case(name: "overlap", words: "overlaps the array before it") {
            try edit($0, /("generator.output.weight":\{[^}]*"data_offsets":\[)(\d+),(\d+)/) { match in
                "\(match.1)0,\((Int(match.3) ?? 0) - (Int(match.2) ?? 0))"
            }
        },
        Case(name: "wrong length", words: "where its shape takes") {
            try edit($0, /("generator.output.weight":\{[^}]*"shape":)\[[\d,]*\]/) { "\($0.1)[7]" }
        },
        Case(name: "absurd shape", words: "is larger than any file") {
            try edit($0, /("generator.output.weight":\{[^}]*"shape":)\[[\d,]*\]/) {
                "\($0.1)[1099511627776,1099511627776]"
            }
        },
        Case(name: "other shape", words: "of another shape: generator.output.weight") {
            try edit($0, /("generator.output.weight":\{[^}]*"shape":)\[([\d,]*)\]/) { "\($0.1)[\($0.2),1]" }
        },
        Case(name: "whole numbers", words: "holds I16 numbers") {
            try edit($0, /("generator.output.weight":\{[^}]*)"BF16"/) { "\($0.1)\"I16\"" }
        },
        Case(name: "absurd side", words: "side: is 4611686018427387904") {
            try edit($0, /(\\"side\\":)\d+/) { "\($0.1)4611686018427387904" }
        },
        Case(name: "more layers", words: "are not this network's parameters (missing:") {
            try edit($0, /(\\"layers\\":)\d+/) { "\($0.1)2" }
        },
        Case(name: "no configuration", words: "configuration is not the JSON of a Limn text-to-image model") {
            try edit($0, /("configuration":")/) { "\($0.1)[[[" }
        },
        Case(name: "later version", words: "use the Limn that wrote it") {
            try edit($0, /"version":"1"/) { _ in "\"version\":\"2\"" }
        },
        Case(name: "vocabulary", words: "is not a usable vocabulary") { try edit($0, /"vocabulary":"/) { "\($0)x" } },
    ]

    /// The file with the first match in its header replaced and the header's length corrected.
    private static func edit<Captures>(
        _ model: [UInt8], _ pattern: Regex<Captures>, with replacement: (Captures) -> String
    ) throws -> [UInt8] {
        let length = model.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        var header = String(decoding: model[8..<8 + length], as: UTF8.self)
        let match = try #require(try pattern.firstMatch(in: header))
        header.replaceSubrange(match.range, with: replacement(match.output))
        let bytes = Array(header.utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes + model[(8 + length)...]
    }

    @Test(arguments: cases) func isRefusedInOneLine(_ hostile: Case) throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            try put(hostile.make(try #require(contents(tiny.model))), folder + "/hostile")
            let outcome = try limn("generate", "red", "--model", "hostile", "--out", "red.png", in: folder)
            expectRefusal(outcome, 65, hostile.words)
            #expect(try files(below: folder) == ["hostile"])
        }
    }

    /// What the file is, or a line that says what is wrong with it.
    @Test(arguments: cases) func isDescribedOrRefusedInOneLine(_ hostile: Case) throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            for name in ["hostile", "hostile.safetensors"] {
                try put(hostile.make(try #require(contents(tiny.model))), "\(folder)/\(name)")
                let outcome = try limn("info", name, in: folder)
                if outcome.ending != .exit(0) { expectRefusal(outcome, 65, name) }
            }
        }
    }

    /// Its way back would need a sentence that nothing gives it.
    @Test func aTranslatorOfTextAndBackIsRefused() throws {
        let network = TranslatorConfiguration(width: 4, maximumWidth: 8, blocks: 1, halvings: 1, condition: 8)
        try withTemporaryFolder { folder in
            try tinyTranslationModel(network, hasReverse: true).write(to: folder + "/m.safetensors")
            try put(try Image(width: 16, height: 16, color: .white).pngData(), folder + "/a.png")
            let outcome = try limn("translate", "m.safetensors", "a.png", "--out", "b.png", "--reverse", in: folder)
            expectRefusal(outcome, 65, "m.safetensors: its configuration is invalid: hasReverse: is true")
        }
    }

    @Test func otherFilesOfARunAreCalledByTheirName() throws {
        let tiny = try Tiny.shared()
        let checkpoint = try #require(try files(below: tiny.run).first { $0.hasPrefix("checkpoint-") })
        for (file, words) in [
            (tiny.encoders, "a Limn pair of encoders"), ("\(tiny.run)/\(checkpoint)", "a Limn training checkpoint"),
        ] {
            expectRefusal(try limn("generate", "red", "--model", file, "--out", "-", in: tiny.folder), 65, words)
        }
    }

    @Test func whatIsNotThereOrNoFileIsNoInput() throws {
        try withTemporaryFolder { folder in
            expectRefusal(
                try limn("generate", "red", "--model", "absent", in: folder), 66, "absent: no such model")
            expectRefusal(
                try limn("generate", "red", in: folder, environment: ["LIMN_MODEL": "absent"]), 66,
                "absent: no such model")
            expectRefusal(
                try limn("generate", "red", "--model", ".", in: folder), 66, "is a folder without model.safetensors")
            expectRefusal(try limn("generate", "red", "--model", "/dev/zero", in: folder), 66, "not a file")
        }
    }
}
