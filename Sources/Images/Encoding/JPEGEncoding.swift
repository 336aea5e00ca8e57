import CImageCodecs

extension Image {
    /// The image as a baseline JPEG file, without chroma subsampling, which harms small images most.
    ///
    /// - Parameter quality: libjpeg's quality, 1 to 100.
    /// - Throws: ``ImageError/libraryMissing(name:format:library:package:)``,
    ///   ``ImageError/unwritable(format:reason:)``.
    public func jpegData(quality: Int) throws -> [UInt8] {
        try jpegData(quality: quality, libraries: CodecLibraries())
    }

    /// The same with an encoder from another library.
    func jpegData(quality: Int, libraries: CodecLibraries) throws -> [UInt8] {
        precondition((1...100).contains(quality), "a quality is 1 to 100, not \(quality)")
        let library = libraries.jpeg
        var jpeg = CImageBytes()
        let (status, message) = withMessageBuffer {
            CImageJPEGEncode(library, pixels, width, height, Int32(quality), &jpeg, $0.baseAddress, $0.count)
        }
        defer { CImageFree(jpeg.bytes) }
        switch status {
        case CImageStatusDone: return [UInt8](UnsafeBufferPointer(start: jpeg.bytes, count: jpeg.count))
        case CImageStatusLibraryMissing:
            throw ImageError.libraryMissing(
                name: "an image to be written", format: .jpeg, library: library, package: Self.jpegPackage)
        default: throw ImageError.unwritable(format: .jpeg, reason: message)
        }
    }
}
