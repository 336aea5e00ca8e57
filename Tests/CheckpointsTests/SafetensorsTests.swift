import Checkpoints
import FoundationEssentials
import TestSupport
import Testing

@Suite struct SafetensorsTests {
    /// Written by the reference implementation (scripts/golden/safetensors_file.py).
    static let golden = """
        AAIAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJub3RlIjoiw6kgXCJxdW90ZWRcIlxuXFwgXHUwMDAxIPCfjqgiLCJmb3JtYXQiOiJwdCJ9LCJz
        dGVwcyI6eyJkdHlwZSI6Ikk2NCIsInNoYXBlIjpbXSwiZGF0YV9vZmZzZXRzIjpbMCw4XX0sImVtcHR5Ijp7ImR0eXBlIjoiRjMyIiwic2hh
        cGUiOlswLDRdLCJkYXRhX29mZnNldHMiOls4LDhdfSwiZW5jb2Rlci53ZWlnaHQiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzIsM10sImRh
        dGFfb2Zmc2V0cyI6WzgsMzJdfSwidG9rZW5zIjp7ImR0eXBlIjoiSTMyIiwic2hhcGUiOlsxLDJdLCJkYXRhX29mZnNldHMiOlszMiw0MF19
        LCJnZW5lcmF0b3IuYnJhaW4iOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOls0XSwiZGF0YV9vZmZzZXRzIjpbNDAsNDhdfSwiZ2VuZXJhdG9y
        LmhhbGYiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzVdLCJkYXRhX29mZnNldHMiOls0OCw1OF19LCJtYXNrIjp7ImR0eXBlIjoiVTgiLCJz
        aGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls1OCw2MV19fQcAAAAAAAAAzczMPQAAIMDmsWF/AQAAAAAAAIAAAIB/AQAAAP7///+APwEAf3/N
        vQA8AQD/ewD8Zi4BAP8=
        """

    @Test func readsTheReferenceImplementationsFile() throws {
        try withTemporaryFolder { (folder: String) throws in
            let bytes = try #require(Data(base64Encoded: Self.golden.filter { !$0.isWhitespace }))
            try put(bytes, "\(folder)/golden.safetensors")
            let file = try Safetensors(contentsOf: "\(folder)/golden.safetensors")
            #expect(file.metadata == ["format": "pt", "note": "é \"quoted\"\n\\ \u{1} 🎨"])
            #expect(
                file.names == [
                    "empty", "encoder.weight", "generator.brain", "generator.half", "mask", "steps", "tokens",
                ])
            let weight = try #require(file["encoder.weight"])
            #expect(weight.shape == [2, 3] && weight.element == .float32)
            #expect(
                try weight.floats().map(\.bitPattern)
                    == [0.1, -2.5, 3e38, 0x1p-149, -0.0, .infinity].map(\Float.bitPattern))
            let half = try #require(file["generator.half"])
            #expect(half.shape == [5] && half.element == .float16)
            #expect(try half.floats() == [1, 0x1p-24, 65504, -.infinity, 0.099975586])
            let brain = try #require(file["generator.brain"])
            #expect(brain.shape == [4] && brain.element == .bfloat16)
            #expect(try brain.floats() == [1, 0x1p-133, 0x1.fep127, -0.100097656])
            #expect(file["steps"]?.shape == [] && file["steps"]?.bytes == [7, 0, 0, 0, 0, 0, 0, 0])
            #expect(file["tokens"]?.shape == [1, 2] && file["tokens"]?.bytes == [1, 0, 0, 0, 254, 255, 255, 255])
            #expect(file["mask"]?.element == .uint8 && file["mask"]?.bytes == [1, 0, 255])
            #expect(try file["empty"]?.floats() == [] && file["empty"]?.shape == [0, 4])
            #expect(file["absent"] == nil)
        }
    }

    @Test func refusesToConvertIntegers() throws {
        let tokens = NamedArray(name: "tokens", shape: [1], element: .int32, bytes: [1, 0, 0, 0])
        #expect(
            complaint { _ = try tokens.floats() }
                == "array \"tokens\" holds I32 numbers where F32, F16 or BF16 are needed")
    }

    @Test func givesBackWhatWasWritten() throws {
        try withTemporaryFolder { (folder: String) throws in
            let path = "\(folder)/written.safetensors"
            let odd = "a \"name\" with \\ and \n and \u{1f} and 🎨"
            let arrays = [
                NamedArray(name: "bytes", shape: [3], element: .uint8, bytes: [1, 2, 3]),
                NamedArray(name: odd, shape: [2, 2], floats: [1, -2, .infinity, 0x1p-149]),
                NamedArray(name: "half", shape: [3], floats: [0.5, 2, 3], element: .bfloat16),
                NamedArray(name: "single", shape: [], floats: [4]),
                NamedArray(name: "none", shape: [3, 0], floats: []),
            ]
            try Safetensors.write(arrays, metadata: [odd: odd], to: path)
            let file = try Safetensors(contentsOf: path)
            #expect(file.metadata == [odd: odd])
            #expect(file.names == arrays.map(\.name).sorted())
            for array in arrays {
                let read = try #require(file[array.name])
                #expect(read.shape == array.shape && read.element == array.element && read.bytes == array.bytes)
            }
            #expect(try file[odd]?.floats() == [1, -2, .infinity, 0x1p-149])
        }
    }

    @Test func equalContentsGiveEqualBytes() throws {
        try withTemporaryFolder { (folder: String) throws in
            let arrays = [
                NamedArray(name: "b", shape: [1], element: .uint8, bytes: [9]),
                NamedArray(name: "c", shape: [1], floats: [2]),
                NamedArray(name: "a", shape: [1], floats: [1]),
            ]
            let metadata = ["one": "1", "two": "2", "three": "3"]
            try Safetensors.write(arrays, metadata: metadata, to: "\(folder)/1")
            try Safetensors.write(arrays.reversed(), metadata: metadata, to: "\(folder)/2")
            let bytes = try #require(contents("\(folder)/1"))
            #expect(bytes == contents("\(folder)/2"))
            let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
            #expect(length % 8 == 0)
            // Four-byte elements first, then by name.
            #expect(bytes[(8 + length)...] == [0, 0, 128, 63, 0, 0, 0, 64, 9])
            let header = String(decoding: bytes[8..<8 + length], as: UTF8.self)
            let metadataText = #"{"__metadata__":{"one":"1","three":"3","two":"2"},"a":{"dtype":"F32","shape":[1],"#
            #expect(header.hasPrefix(metadataText))
            #expect(header.drop { $0 != " " }.allSatisfy { $0 == " " })
        }
    }

    @Test func refusesNamesThatCannotBeStored() throws {
        try withTemporaryFolder { (folder: String) throws in
            let array = NamedArray(name: "a", shape: [1], floats: [1])
            let reserved = NamedArray(name: "__metadata__", shape: [1], floats: [1])
            let path = "\(folder)/file"
            #expect(
                complaint { try Safetensors.write([array, array], metadata: [:], to: path) }
                    == "cannot write \(path): two arrays have the name \"a\"")
            #expect(
                complaint { try Safetensors.write([reserved], metadata: [:], to: path) }
                    == "cannot write \(path): the format reserves the name \"__metadata__\"")
            #expect(try names(in: folder).isEmpty)
        }
    }
}
