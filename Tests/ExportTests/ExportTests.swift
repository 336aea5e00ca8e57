import Basics
import Export
import Foundation
import Graphs
import Layers
import Models
import Networks
import RandomStreams
import TestSupport
import Testing
import Tokenizers

/// Exported files, read and run by ONNXModel, which shares no code with Limn. `scripts/check-onnx` runs them with ONNX Runtime.
@Suite struct ExportTests {
    private static let flowers = Result {
        try Vocabulary(
            json: Array(Data(contentsOf: URL(filePath: repositoryRoot + "/vocab/flowers-2k.json"))),
            named: "flowers-2k.json")
    }

    private static func builtIn(
        _ generator: GeneratorKind = .dfGAN, length: Int = 12, width: Int = 16, heads: Int = 2, card: String? = nil
    ) throws -> RandomModel {
        let vocabulary = try flowers.get()
        return RandomModel(
            TextEncoderConfiguration(
                vocabulary: vocabulary.count, width: width, layers: 1, heads: heads, length: length, embedding: 8),
            vocabulary: vocabulary, generator: generator, card: card)
    }

    private static func exported(_ model: Model) throws -> (bytes: [UInt8], onnx: ONNXModel) {
        try withTemporaryFolder { folder in
            try ONNXFile(model, version: "1.2").write(to: folder + "/model.onnx")
            let bytes = try #require(contents(folder + "/model.onnx"))
            return (bytes, try ONNXModel(bytes))
        }
    }

    /// Runs a file on sequences, padded with a token that must not matter, and compares with Limn.
    private static func expectEqualImages(
        _ random: RandomModel, _ onnx: ONNXModel, lengths: [Int], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let sequences = lengths.enumerated().map { random.sequence(length: $1, seed: UInt64($0)) }
        let (batch, length) = (lengths.count, try #require(lengths.max()))
        var stream = RandomStream(seed: 3, purpose: "noise")
        let networks = random.model.configuration.networks
        let noise = stream.normals(batch * networks.noise)
        let padding = Int32(random.text.vocabulary - 1)
        let tokens = sequences.flatMap { $0 + [Int32](repeating: padding, count: length - $0.count) }
        let mask = sequences.flatMap { row in (0..<length).map { $0 < row.count ? 1.0 : 0 } }
        let results = try onnx.run([
            "tokens": Numbers([batch, length], tokens.map(Double.init)), "mask": Numbers([batch, length], mask),
            "noise": Numbers([batch, networks.noise], noise.map(Double.init)),
        ])
        let (images, sentences) = try random.images(sequences, noise: noise)
        let found = try #require(results["images"])
        #expect(found.shape == [batch, networks.side, networks.side, 3], sourceLocation: sourceLocation)
        let vectors = try #require(results["sentences"]).values
        #expect(vectors.count == sentences.count, sourceLocation: sourceLocation)
        func largest(_ a: [Double], _ b: [Float]) -> Double { zip(a, b).map { abs($0 - Double($1)) }.max() ?? .nan }
        #expect(largest(vectors, sentences) < 2e-5, "\(lengths)", sourceLocation: sourceLocation)
        #expect(
            largest(found.values, images.map { max(-1, min(1, $0)) }) < 1e-4, "\(lengths)",
            sourceLocation: sourceLocation)
        // Saturated images would agree without being equal.
        let inside = images.count { abs($0) < 0.99 }
        #expect(inside > images.count / 2, sourceLocation: sourceLocation)
    }

    @Test(arguments: [
        ("bert", Pooling.mean, GeneratorKind.dfGAN), ("bert-bfloat16", .eos, .ganCLS), ("roberta", .cls, .dfGAN),
        ("xlm-roberta", .mean, .ganCLS), ("distilbert", .mean, .dfGAN), ("mpnet", .cls, .ganCLS),
        ("modernbert", .mean, .dfGAN), ("modernbert-biases", .eos, .ganCLS), ("t5", .mean, .ganCLS),
        ("t5-gated", .eos, .dfGAN), ("clip-largest-id", .eos, .ganCLS), ("clip-end-id", .eos, .dfGAN),
        ("siglip", .eos, .ganCLS),
    ])
    func imagesOnPretrainedEncodersAreThoseOfLimn(_ name: String, _ pooling: Pooling, _ generator: GeneratorKind) throws
    {
        let random = try RandomModel(encoder: name, pooling: pooling, generator: generator)
        let onnx = try Self.exported(random.model).onnx
        try Self.expectEqualImages(random, onnx, lengths: [1])
        try Self.expectEqualImages(random, onnx, lengths: [3, 14, 9])
        #expect(onnx.metadata["encoder"] == name)
        #expect(onnx.metadata["encoder_checksum"]?.isEmpty == false)
        #expect(onnx.metadata["vocabulary"] == nil)
    }

    @Test(arguments: GeneratorKind.allCases) func imagesOnABuiltInEncoderAreThoseOfLimn(_ kind: GeneratorKind) throws {
        let random = try Self.builtIn(kind)
        let onnx = try Self.exported(random.model).onnx
        try Self.expectEqualImages(random, onnx, lengths: [12, 2])
        try Self.expectEqualImages(random, onnx, lengths: [1])
    }

    /// The lengths that are traced first equal other extents of these networks.
    @Test(arguments: [(9, 8, 1), (4, 8, 2), (5, 12, 3), (17, 16, 16)])
    func lengthsMayEqualOtherExtents(_ length: Int, _ width: Int, _ heads: Int) throws {
        let random = try Self.builtIn(length: length, width: width, heads: heads)
        let onnx = try Self.exported(random.model).onnx
        for lengths in [[length, 1], [width.clamped(1, length), 2, 3]] {
            try Self.expectEqualImages(random, onnx, lengths: lengths)
        }
    }

    @Test func theFileDescribesItself() throws {
        let random = try Self.builtIn(card: "# A card\n")
        let (bytes, onnx) = try Self.exported(random.model)
        #expect(onnx.version == 8 && onnx.operators.count == 1 && onnx.operators[0] == (domain: "", version: 17))
        #expect(onnx.producer == "limn 1.2")
        #expect(
            onnx.inputs == [
                ONNXModel.Port(name: "tokens", type: 7, shape: ["batch", "length"]),
                ONNXModel.Port(name: "mask", type: 7, shape: ["batch", "length"]),
                ONNXModel.Port(name: "noise", type: 1, shape: ["batch", "6"]),
            ])
        #expect(
            onnx.outputs == [
                ONNXModel.Port(name: "images", type: 1, shape: ["batch", "16", "16", "3"]),
                ONNXModel.Port(name: "sentences", type: 1, shape: ["batch", "8"]),
            ])
        #expect(onnx.metadata["name"] == "built-in" && onnx.metadata["card"] == "# A card\n")
        #expect(onnx.metadata["side"] == "16" && onnx.metadata["token_limit"] == "12")
        let vocabulary = try #require(onnx.metadata["vocabulary"])
        #expect(try Vocabulary(json: Array(vocabulary.utf8), named: "metadata") == Self.flowers.get())
        // Each value is defined once, and before it is used.
        var known = Set(onnx.constants.keys).union(onnx.inputs.map(\.name))
        #expect(known.count == onnx.constants.count + 3)
        for node in onnx.nodes {
            #expect(node.inputs.allSatisfy { $0.isEmpty || known.contains($0) }, "\(node)")
            #expect(known.insert(node.output).inserted, "\(node.output)")
        }
        // Weights are stored once; each filter that follows an up-sampling is stored unfolded, 16 taps instead of 9.
        for (path, array) in random.model.arrays {
            let names = ["", " transposed", " unfolded"].map { path + $0 }.filter { onnx.constants[$0] != nil }
            let count = array.values.count * (names == [path + " unfolded"] ? 16 : 1)
            let stored = names.compactMap { onnx.constants[$0]?.values.count }
            #expect(stored == [names == [path + " unfolded"] ? count / 9 : count], "\(path): \(names)")
        }
        #expect(onnx.constants.keys.count { $0.hasSuffix(" unfolded") } == 2)
        #expect(try Self.exported(random.model).bytes == bytes)
    }

    // MARK: Refusals

    private func expectRefusal(_ model: Model, _ words: String, limit: Int = .max) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/model.onnx"
            try put("old", path)
            let error = #expect(throws: ModelError.self) {
                try ONNXFile(model, version: "1").write(to: path, limit: limit)
            }
            #expect(error?.kind == .badData)
            #expect("\(try #require(error))".contains(words), "\(String(describing: error))")
            #expect(try names(in: folder) == ["model.onnx"])
            #expect(contents(path) == Array("old".utf8))
        }
    }

    @Test func filesAboveTheLimitAreRefused() throws {
        let model = try Self.builtIn().model
        let file = try ONNXFile(model, version: "1")
        try expectRefusal(model, "built-in: takes \(file.byteCount) bytes", limit: file.byteCount - 1)
        try withTemporaryFolder { folder in
            try file.write(to: folder + "/model.onnx", limit: file.byteCount)
            #expect(contents(folder + "/model.onnx")?.count == file.byteCount)
        }
    }

    @Test func otherEncodersAreRefused() throws {
        let model = try RandomModel(encoder: "bert", generator: .dfGAN).model
        for (encoder, words) in [("absent", "has no config.json"), ("mpnet", "is not the encoder that")] {
            let error = #expect(throws: ModelError.self) {
                try ONNXFile(model, encoder: "\(repositoryRoot)/Tests/InferenceTests/Encoders/\(encoder)", version: "1")
            }
            #expect(error?.kind == .badData && error?.problem.contains(words) == true, "\(String(describing: error))")
        }
    }

    @Test func modelsOfTooFewTokensAreRefused() throws {
        try expectRefusal(try Self.builtIn(length: 3).model, "reads at most 3 tokens")
    }

    @Test func weightsThatAreNotFiniteAreRefused() throws {
        let model = try Self.builtIn().model
        for path in ["generator.output.bias", "encoder.head.weight"] {
            var arrays = model.arrays
            arrays[path]?.values[1] = .nan
            try expectRefusal(
                Model(configuration: model.configuration, vocabulary: model.vocabulary, arrays: arrays),
                "\(path) has values that are not finite")
        }
    }

    @Test func parametersOfOtherNetworksAreRefused() throws {
        let model = try Self.builtIn().model
        for path in ["generator.output.bias", "encoder.head.weight"] {
            let arrays = model.arrays.filter { $0.key != path }
            let error = #expect(throws: ModelError.self) {
                try ONNXFile(
                    Model(configuration: model.configuration, vocabulary: model.vocabulary, arrays: arrays),
                    version: "1")
            }
            #expect(error?.problem.contains("missing: ") == true && error?.path == model.configuration.name)
        }
    }
}

extension Int {
    fileprivate func clamped(_ low: Int, _ high: Int) -> Int { Swift.min(high, Swift.max(low, self)) }
}
