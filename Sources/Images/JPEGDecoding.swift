import CImageCodecs

extension Image {
    static func decodedJPEG(
        _ bytes: [UInt8], named name: String, atLeast side: Int?, library: String
    ) throws -> Image {
        let markers = JPEGMarkers(of: bytes)
        guard markers.isComplete else { throw ImageError.truncated(name: name, format: .jpeg) }
        let frame = try markers.frame(named: name)
        guard frame.fits(in: bytes.count) else { throw ImageError.truncated(name: name, format: .jpeg) }
        // Every scan of a progressive image goes over all of its pixels, and a scan may be a few bytes.
        guard markers.scans * frame.width * frame.height <= 32 * 64_000_000 else {
            throw ImageError.damaged(name: name, format: .jpeg, reason: "it has \(markers.scans) scans")
        }
        let reduction = side.map { frame.reduction(toAtLeast: 2 * $0) } ?? 1
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

    /// The package of Debian that has the JPEG codec.
    static let jpegPackage = "libturbojpeg0"
}

extension JPEGMarkers.Frame {
    /// Whether `count` bytes can hold the image: of each block of 8 × 8 pixels, the Huffman code of its mean is at
    /// least one bit. (An arithmetic code, which nobody writes, could be shorter where nothing is to be seen.)
    fileprivate func fits(in count: Int) -> Bool { width * height <= count * 8 * 64 }

    /// By how much the image may be reduced while its shorter side stays at least `side` long.
    fileprivate func reduction(toAtLeast side: Int) -> Int {
        [8, 4, 2].first { min(width, height) / $0 >= side } ?? 1
    }
}
