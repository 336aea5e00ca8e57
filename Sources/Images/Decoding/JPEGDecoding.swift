import CImageCodecs

extension Image {
    static func decodedJPEG(
        _ bytes: [UInt8], named name: String, atLeast side: Int?, library: String
    ) throws -> Image {
        let markers = JPEGMarkers(of: bytes)
        guard markers.isComplete else { throw ImageError.truncated(name: name, format: .jpeg) }
        let frame = try markers.frame(named: name)
        guard frame.fits(in: bytes.count) else { throw ImageError.truncated(name: name, format: .jpeg) }
        // Each scan of a progressive image updates all pixels but may be only a few bytes long, so hostile files could
        // take hours to decode.
        guard markers.scans * frame.width * frame.height <= 32 * maximumPixels else {
            throw ImageError.damaged(name: name, format: .jpeg, reason: "it has \(markers.scans) scans")
        }
        let reduction = try reduction(of: frame.width, frame.height, toAtLeast: side, format: .jpeg, name: name)
        let image = try decoded(
            width: (frame.width + reduction - 1) / reduction, height: (frame.height + reduction - 1) / reduction,
            as: .jpeg, named: name, library: (library, Self.jpegPackage)
        ) { target, message in
            CImageJPEGDecode(
                library, bytes, bytes.count, frame.width, frame.height, markers.hasAdobe ? 1 : 0, target,
                message.baseAddress, message.count)
        }
        return image.oriented(markers.orientation)
    }

    /// The Debian package of the JPEG codec.
    static let jpegPackage = "libturbojpeg0"
}

extension JPEGMarkers.Frame {
    /// Whether `count` bytes can hold the image: the Huffman code of each block of 8 × 8 pixels has at least one bit.
    /// (Arithmetic coding, which is not used in practice, could be shorter.)
    fileprivate func fits(in count: Int) -> Bool { width * height <= count * 8 * 64 }
}
