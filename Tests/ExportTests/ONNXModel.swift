/// A message in the wire format of Protocol Buffers, as a list of fields.
struct ProtobufFields {
    enum Value {
        case integer(Int)
        case bits(UInt32)
        case bytes(ArraySlice<UInt8>)
    }
    struct Malformed: Error {}

    private var fields: [(number: Int, value: Value)] = []

    init(_ bytes: ArraySlice<UInt8>) throws {
        var rest = bytes
        func varint() throws -> UInt64 {
            var (value, shift): (UInt64, UInt64) = (0, 0)
            while let byte = rest.popFirst(), shift < 64 {
                value |= UInt64(byte & 0x7f) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            throw Malformed()
        }
        while !rest.isEmpty {
            let tag = Int(try varint())
            switch tag & 7 {
            case 0: fields.append((tag >> 3, .integer(Int(truncatingIfNeeded: try varint()))))
            case 2:
                let count = Int(try varint())
                guard count <= rest.count else { throw Malformed() }
                fields.append((tag >> 3, .bytes(rest.prefix(count))))
                rest = rest.dropFirst(count)
            case 5:
                guard rest.count >= 4 else { throw Malformed() }
                fields.append((tag >> 3, .bits(rest.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) })))
                rest = rest.dropFirst(4)
            default: throw Malformed()
            }
        }
    }

    func integers(_ number: Int) -> [Int] {
        fields.compactMap { if $0.number == number, case .integer(let value) = $0.value { value } else { nil } }
    }
    func float(_ number: Int) -> Float? {
        fields.compactMap { field -> Float? in
            if field.number == number, case .bits(let bits) = field.value { Float(bitPattern: bits) } else { nil }
        }.first
    }
    func bytes(_ number: Int) -> [ArraySlice<UInt8>] {
        fields.compactMap { if $0.number == number, case .bytes(let value) = $0.value { value } else { nil } }
    }
    func texts(_ number: Int) -> [String] { bytes(number).map { String(decoding: $0, as: UTF8.self) } }
    func text(_ number: Int) -> String { texts(number).first ?? "" }
    func messages(_ number: Int) throws -> [ProtobufFields] { try bytes(number).map { try ProtobufFields($0) } }
}

/// An ONNX file, read with the field numbers of `onnx.proto`.
struct ONNXModel {
    struct Node {
        let type: String
        let inputs: [String]
        let output: String
        let attributes: [String: ProtobufFields]

        func integer(_ name: String) -> Int? { attributes[name]?.integers(3).first }
        func integers(_ name: String) -> [Int]? { attributes[name]?.integers(8) }
    }

    /// An input or output.
    struct Port: Equatable {
        let name: String
        /// As in `TensorProto.DataType`: 1 is float32, 7 int64.
        let type: Int
        /// Numbers, and names of extents that vary.
        let shape: [String]
    }

    let version: Int
    let operators: [(domain: String, version: Int)]
    let producer: String
    let metadata: [String: String]
    let nodes: [Node]
    let constants: [String: Numbers]
    let inputs: [Port]
    let outputs: [Port]

    init(_ bytes: [UInt8]) throws {
        let model = try ProtobufFields(bytes[...])
        version = model.integers(1).first ?? 0
        producer = model.text(2)
        operators = try model.messages(8).map { ($0.text(1), $0.integers(2).first ?? 0) }
        metadata = Dictionary(try model.messages(14).map { ($0.text(1), $0.text(2)) }) { "\($0) twice, also \($1)" }
        guard let graph = try model.messages(7).first else { throw ProtobufFields.Malformed() }
        nodes = try graph.messages(1).map { node in
            Node(
                type: node.text(4), inputs: node.texts(1), output: node.text(2),
                attributes: Dictionary(uniqueKeysWithValues: try node.messages(5).map { ($0.text(1), $0) }))
        }
        constants = Dictionary(
            uniqueKeysWithValues: try graph.messages(5).map { ($0.text(8), try ONNXModel.constant($0)) })
        func ports(_ number: Int) throws -> [Port] {
            try graph.messages(number).map { value in
                guard let tensor = try value.messages(2).first?.messages(1).first,
                    let shape = try tensor.messages(2).first
                else { throw ProtobufFields.Malformed() }
                return Port(
                    name: value.text(1), type: tensor.integers(1).first ?? 0,
                    shape: try shape.messages(1).map { $0.integers(1).first.map(String.init) ?? $0.text(2) })
            }
        }
        inputs = try ports(11)
        outputs = try ports(12)
    }

    private static func constant(_ tensor: ProtobufFields) throws -> Numbers {
        guard let data = tensor.bytes(9).first else { throw ProtobufFields.Malformed() }
        let shape = tensor.integers(1)
        let values: [Double] = try data.withUnsafeBytes { bytes in
            switch tensor.integers(2) {
            case [1]:
                (0..<bytes.count / 4).map { Double(bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)) }
            case [7]:
                (0..<bytes.count / 8).map { Double(bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)) }
            default: throw ProtobufFields.Malformed()
            }
        }
        guard values.count == shape.reduce(1, *) else { throw ProtobufFields.Malformed() }
        return Numbers(shape, values)
    }
}
