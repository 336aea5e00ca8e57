import Checkpoints
import TestSupport
import Testing

@Suite struct ModelFileTests {
    private let arrays = [
        NamedArray(name: "generator.a", shape: [2], floats: [1, 2]),
        NamedArray(name: "encoder.a", shape: [1], floats: [3], element: .bfloat16),
    ]

    @Test func givesBackWhatWasWritten() throws {
        try withTemporaryFolder { (folder: String) throws in
            for card in ["# A model\n", nil] {
                let path = "\(folder)/model.safetensors"
                try ModelFile(arrays: arrays, configuration: "{}", vocabulary: "[\"é\"]", card: card).write(to: path)
                let model = try ModelFile(contentsOf: path)
                #expect(model.arrays.map(\.name) == ["encoder.a", "generator.a"])
                #expect(try model.arrays.map { try $0.floats() } == [[3], [1, 2]])
                #expect(model.configuration == "{}" && model.vocabulary == "[\"é\"]" && model.card == card)
            }
        }
    }

    @Test func saysWhatAnotherFileIs() throws {
        try withTemporaryFolder { (folder: String) throws in
            let path = "\(folder)/file"
            func said(_ metadata: [String: String]) throws -> String? {
                try Safetensors.write(arrays, metadata: metadata, to: path)
                return complaint { _ = try ModelFile(contentsOf: path) }
            }
            #expect(
                try said(["format": "pt"])
                    == "\(path) is not a Limn model but a safetensors file of 2 arrays, the first of them \"encoder.a\", "
                    + "written by something else")
            #expect(
                try said(["format": "limn-training-checkpoint"])
                    == "\(path) is not a Limn model but a Limn training checkpoint; the models of a run are its snapshots"
            )
            #expect(
                try said(["format": "limn-model", "version": "2"])
                    == "\(path) has format version \"2\", and this Limn reads version 1: use the Limn that wrote it")
            #expect(
                try said(["format": "limn-model", "version": "1", "vocabulary": ""])
                    == "\(path): the entry \"configuration\" of its metadata is missing; the file was not written by Limn "
                    + "or was edited")
        }
    }
}
