import COneDNN
import Execution

/// A primitive of oneDNN, destroyed with the program that uses it.
final class OneDNNPrimitive {
    let handle: OpaquePointer
    init(_ handle: OpaquePointer) { self.handle = handle }
    deinit { limn_onednn_destroy(handle) }
}

/// Converts filters to or from the layout of a primitive, which it keeps alive.
final class OneDNNReorder {
    private let handle: OpaquePointer
    private let primitive: OneDNNPrimitive

    init(of primitive: OneDNNPrimitive, unpacks: Bool) throws(ExecutionError) {
        guard let handle = limn_onednn_reorder_create(primitive.handle, unpacks ? 1 : 0) else {
            throw .outOfMemory(bytes: limn_onednn_code_bytes())
        }
        self.handle = handle
        self.primitive = primitive
    }

    deinit { limn_onednn_reorder_destroy(handle) }

    /// Returns 0 or the status of a failure.
    func run(_ from: UnsafeMutableRawPointer, _ to: UnsafeMutableRawPointer) -> Int {
        Int(limn_onednn_reorder_run(handle, from, to))
    }
}

/// Identifies a packed filter of one program.
struct PackedFilter: Hashable {
    let node: Int
    let layout: String
}

/// Identifies a primitive of one program by the bytes of its description.
struct PrimitiveKey: Hashable {
    private let isProduct: Bool
    private let bytes: [UInt8]

    init(convolution: limn_onednn_convolution) {
        isProduct = false
        bytes = withUnsafeBytes(of: convolution) { Array($0) }
    }

    init(product: limn_onednn_matmul) {
        isProduct = true
        bytes = withUnsafeBytes(of: product) { Array($0) }
    }
}
