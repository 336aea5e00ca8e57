import Checkpoints
import FoundationEssentials
import TestSupport
import Testing

@Suite struct HostileFileTests {
    private static func file(_ header: String, data: Int = 0) -> [UInt8] { file(Array(header.utf8), data: data) }

    private static func file(_ header: [UInt8], data: Int = 0, claiming length: UInt64? = nil) -> [UInt8] {
        let length = length ?? UInt64(header.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + header
            + [UInt8](repeating: 0, count: data)
    }

    /// An array `a` of one float32, with these fields instead of the valid ones.
    private static func array(
        dtype: String = "\"F32\"", shape: String = "[1]", offsets: String = "[0,4]", more: String = ""
    ) -> [UInt8] {
        file("{\"a\":{\"dtype\":\(dtype),\"shape\":\(shape),\"data_offsets\":\(offsets)\(more)}}", data: 4)
    }

    private static func two(_ first: String, _ second: String, data: Int) -> [UInt8] {
        file(
            """
            {"a":{"dtype":"U8","shape":[4],"data_offsets":\(first)},"b":{"dtype":"U8","shape":[4],\
            "data_offsets":\(second)}}
            """, data: data)
    }

    static let hostile: [(bytes: [UInt8], expected: String)] = [
        ([], "it has 0 bytes, and the length of the header alone takes 8"),
        ([1, 2, 3], "it has 3 bytes, and the length of the header alone takes 8"),
        (file([], claiming: 0), "the header does not begin with \"{\""),
        (file([], claiming: .max), "its header claims 18446744073709551615 bytes, and 100000000 are allowed"),
        (file([], claiming: 100_000_001), "its header claims 100000001 bytes, and 100000000 are allowed"),
        (file([0x7b], claiming: 40), "its header claims 40 bytes, and 1 follow: it was cut short"),
        (file(" {}"), "the header does not begin with \"{\""),
        (file("[]"), "the header does not begin with \"{\""),
        (file("{"), "expected \"\\\"\" and found the end"),
        (file("{}x"), "expected the end and found \"x\""),
        (file("{}\0"), "expected the end and found \"\\0\""),
        (file("{\"a\":" + String(repeating: "[", count: 1_000_000)), "expected \"{\" and found \"[\""),
        (file(String(repeating: "{\"a\":", count: 300_000)), "array \"a\" has the unknown field \"a\""),
        (file("{\"a\":1}"), "expected \"{\" and found \"1\""),
        (file("{\"a\":{},}"), "array \"a\" has no dtype"),
        (file("{\"__metadata__\":{\"a\":1}}"), "expected \"\\\"\" and found \"1\""),
        (file("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}"), "the name \"a\" occurs twice"),
        (file("{\"__metadata__\":{},\"__metadata__\":{}}"), "the name \"__metadata__\" occurs twice"),
        (file("{\"__metadata__\":{\"a\":\"b\",}}"), "expected \"\\\"\" and found \"}\""),
        (file("{\"\\x\":1}"), "a string holds an unknown escape"),
        (file("{\"\\u12g4\":1}"), "an escape lacks its four hexadecimal digits"),
        (file("{\"\\ud800\":1}"), "an escape is half a surrogate pair"),
        (file("{\"\\ud800\\u0041\":1}"), "an escape is half a surrogate pair"),
        (file("{\"\\udc00\":1}"), "an escape is half a surrogate pair"),
        (file([0x7b, 0x22, 0xff, 0x22, 0x3a]), "a string is not UTF-8"),
        (file("{\"a\nb\":1}"), "a string holds a control character"),
        (file("{\"a"), "a string has no end"),
        (file("{\"a\\"), "a string has no end"),
        (array(dtype: "\"F31\""), "array \"a\" has the unknown type \"F31\""),
        (array(dtype: "7"), "expected \"\\\"\" and found \"7\""),
        (array(shape: "[-1]"), "a number is not an integer in 0..."),
        (array(shape: "[1.0]"), "a number is not an integer in 0..."),
        (array(shape: "[1e0]"), "a number is not an integer in 0..."),
        (array(shape: "[01]"), "expected \",\" or \"]\" and found \"1\""),
        (array(shape: "[99999999999999999999]"), "a number is not an integer in 0..."),
        (array(shape: "[9223372036854775808]"), "a number is not an integer in 0..."),
        (array(shape: "[4294967296,4294967296]"), "the shape of array \"a\" is larger than any file"),
        (array(shape: "[4294967296,4294967296,0]"), "the shape of array \"a\" is larger than any file"),
        (array(shape: "[[1]]"), "expected a value and found \"[\""),
        (array(shape: "1"), "expected \"[\" and found \"1\""),
        (array(shape: "[1,]"), "expected a value and found \"]\""),
        (array(shape: "[2]"), "array \"a\" has 4 bytes where its shape takes 8"),
        (array(shape: "[0]"), "array \"a\" has 4 bytes where its shape takes 0"),
        (array(offsets: "[0]"), "array \"a\" has 1 data_offsets instead of two"),
        (array(offsets: "[0,2,4]"), "array \"a\" has 3 data_offsets instead of two"),
        (array(offsets: "[4,0]"), "array \"a\" claims the bytes 4 to 0 of 4: it was cut short or its header is wrong"),
        (array(offsets: "[0,8]"), "array \"a\" claims the bytes 0 to 8 of 4: it was cut short or its header is wrong"),
        (
            array(offsets: "[9223372036854775803,9223372036854775807]"),
            "array \"a\" claims the bytes 9223372036854775803 to 9223372036854775807 of 4: it was cut short or its header"
                + " is wrong"
        ),
        (array(more: ",\"shape\":[1]"), "the name \"shape\" occurs twice"),
        (array(more: ",\"dtype\":\"F32\""), "the name \"dtype\" occurs twice"),
        (array(more: ",\"data_offsets\":[0,4]"), "the name \"data_offsets\" occurs twice"),
        (array(more: ",\"note\":1"), "array \"a\" has the unknown field \"note\""),
        (file("{\"a\":{\"dtype\":\"F32\"}}"), "array \"a\" has no shape"),
        (file("{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}"), "array \"a\" has no data_offsets"),
        (two("[0,4]", "[2,6]", data: 6), "array \"b\" overlaps the array before it"),
        (two("[0,4]", "[0,4]", data: 4), "array \"b\" overlaps the array before it"),
        (two("[0,4]", "[6,10]", data: 10), "there is a hole of 2 bytes before array \"b\""),
        (two("[1,5]", "[5,9]", data: 9), "there is a hole of 1 bytes before array \"a\""),
        (two("[0,4]", "[4,8]", data: 9), "1 bytes follow its last array"),
        (file("{}", data: 5), "5 bytes follow its last array"),
        (
            file("{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},\"\\u0061\":{}}"),
            "the name \"a\" occurs twice"
        ),
        (
            Array("PK\u{3}\u{4}data.pkl".utf8),
            "it is a zip archive, perhaps a PyTorch pickle: convert it with python3 -c"
        ),
        (Array("version https://git-lfs.github.com/spec/v1".utf8), "it is a Git LFS pointer"),
    ]

    @Test(arguments: hostile.indices)
    func saysWhatIsWrong(_ index: Int) throws {
        let (bytes, expected) = Self.hostile[index]
        try withTemporaryFolder { (folder: String) throws in
            let path = "\(folder)/hostile.safetensors"
            try put(bytes, path)
            let said = try #require(complaint { _ = try Safetensors(contentsOf: path) })
            #expect(said.hasPrefix("\(path) is not a valid safetensors file: \(expected)"))
            #expect(!said.contains("\n"))
        }
    }

    @Test func saysWhatCannotBeOpened() throws {
        try withTemporaryFolder { (folder: String) throws in
            #expect(
                complaint { _ = try Safetensors(contentsOf: "\(folder)/absent") }
                    == "cannot open \(folder)/absent: No such file or directory")
            #expect(complaint { _ = try Safetensors(contentsOf: folder) } == "cannot read \(folder): Is a directory")
            #expect(
                complaint { _ = try Safetensors(contentsOf: "/dev/null") }?.contains("a device or a pipe") == true)
        }
    }

    @Test func longNamesFromFilesAreCutAndEscaped() throws {
        try withTemporaryFolder { (folder: String) throws in
            let name = String(repeating: "long\\n", count: 100_000)
            try put(Self.file("{\"\(name)\":{}}"), "\(folder)/file")
            let said = try #require(complaint { _ = try Safetensors(contentsOf: "\(folder)/file") })
            #expect(said.contains("…") && said.utf8.count < 500 && !said.contains("\n"))
        }
    }

    /// Files with flipped bits, removed, doubled or replaced bytes, all truncations, and moved pieces: each is either
    /// refused with a one-line error or completely readable.
    @Test func noMutationOfASoundFileTraps() throws {
        let sound = try #require(Data(base64Encoded: SafetensorsTests.golden.filter { !$0.isWhitespace })).map { $0 }
        let marks = Array("\"\\{}[],:-.e09 ".utf8)
        var mutations: [[UInt8]] = []
        for at in sound.indices {
            for bit in stride(from: at % 2, to: 8, by: 2) {
                var bytes = sound
                bytes[at] ^= 1 << UInt8(bit)
                mutations.append(bytes)
            }
            for mark in [marks[at % marks.count], marks[(at + 5) % marks.count]] {
                var bytes = sound
                bytes[at] = mark
                mutations.append(bytes)
            }
            mutations.append(Array(sound[..<at] + sound[(at + 1)...]))
            mutations.append(Array(sound[...at] + sound[at...]))
            mutations.append(Array(sound[..<at]))
            for other in stride(from: at % 293, to: sound.count, by: 293) {
                mutations.append(Array(sound[..<at] + sound[other...]))
            }
        }
        #expect(mutations.count > 5_000)
        var refused = 0
        try withTemporaryFolder { (folder: String) throws in
            let path = "\(folder)/mutated"
            for bytes in mutations {
                try put(bytes, path)
                let said = complaint {
                    let file = try Safetensors(contentsOf: path)
                    for name in file.names { _ = file[name]?.bytes }
                }
                guard let said else { continue }
                refused += 1
                if !said.hasPrefix("\(path) is not a valid") || said.contains("\n") { Issue.record("\(said)") }
            }
        }
        // A flipped bit of the data, a letter of a name or of the metadata makes another valid file.
        #expect(refused > mutations.count / 2 && refused < mutations.count)
    }
}
