import Images
import TestSupport

// Pieces of image files, built by hand.

/// One entry of a TIFF directory: a value of 16 bits (type 3) or of 32 (type 4).
func tiffEntry(_ order: ByteOrder, tag: Int, type: Int = 3, count: Int = 1, _ value: Int) -> [UInt8] {
    let bytes = type == 3 && count == 1 ? order.bytes(value, 2) + [0, 0] : order.bytes(value, 4)
    return order.bytes(tag, 2) + order.bytes(type, 2) + order.bytes(count, 4) + bytes
}

/// A TIFF structure of one directory.
func tiff(_ order: ByteOrder, entries: [[UInt8]]) -> [UInt8] {
    Array((order == .little ? "II" : "MM").utf8) + order.bytes(42, 2) + order.bytes(8, 4)
        + order.bytes(entries.count, 2) + entries.flatMap { $0 } + order.bytes(0, 4)
}

/// Exif data with an orientation, behind another tag.
func exif(_ orientation: Int, _ order: ByteOrder) -> [UInt8] {
    tiff(
        order, entries: [tiffEntry(order, tag: 0x0100, 16), tiffEntry(order, tag: 0x0112, orientation)])
}

/// Exif data with the tag UserComment, whose content begins with eight bytes for the encoding, in a directory of its own.
func exif(comment: [UInt8], _ order: ByteOrder, type: Int = 7, count: Int? = nil, offset: Int = 44) -> [UInt8] {
    let entry = tiffEntry(order, tag: 0x9286, type: type, count: count ?? comment.count, offset)
    return tiff(order, entries: [tiffEntry(order, tag: 0x8769, type: 4, 26)]) + order.bytes(1, 2) + entry
        + order.bytes(0, 4) + comment
}

/// An uncompressed TIFF file.
func tiff(of image: Image, orientation: Int, _ order: ByteOrder, kind: Int = 0) -> [UInt8] {
    func file(depths: Int, pixels: Int) -> [UInt8] {
        tiff(
            order,
            entries: [
                tiffEntry(order, tag: 254, type: 4, kind), tiffEntry(order, tag: 256, image.width),
                tiffEntry(order, tag: 257, type: 4, image.height), tiffEntry(order, tag: 258, count: 3, depths),
                tiffEntry(order, tag: 259, 1), tiffEntry(order, tag: 262, 2),
                tiffEntry(order, tag: 273, type: 4, pixels),
                tiffEntry(order, tag: 274, orientation), tiffEntry(order, tag: 277, 3),
                tiffEntry(order, tag: 278, image.height), tiffEntry(order, tag: 279, type: 4, image.pixels.count),
            ])
    }
    let size = file(depths: 0, pixels: 0).count
    return file(depths: size, pixels: size + 6) + [8, 8, 8].flatMap { order.bytes($0, 2) } + image.pixels
}

/// A chunk of a RIFF file.
func riffChunk(_ kind: String, _ content: [UInt8]) -> [UInt8] {
    Array(kind.utf8) + ByteOrder.little.bytes(content.count, 4) + content + (content.count % 2 == 1 ? [0] : [])
}

func webp(_ chunks: [UInt8]) -> [UInt8] {
    Array("RIFF".utf8) + ByteOrder.little.bytes(4 + chunks.count, 4) + Array("WEBP".utf8) + chunks
}
