import Basics
import Glibc
import Images

/// A file cache of preprocessed images, so that each is decoded once rather than once per process.
///
/// The file is locked while it is open, against all processes or against those that do not share it. Processes that share it may write
/// the same image, which they do with the same bytes. It is written with `pwrite`, which reports a full disk as an error; a store
/// into a mapping would raise SIGBUS. Slots that were written and verified are read through a mapping.
///
/// Layout, little-endian:
/// - a header of 4096 bytes, which must equal what this version writes for the same preprocessing and number of images;
/// - for each image an entry of four 64-bit words: stamp, digest of the pixels, size, digest of these three and the
///   image's index; zeros if the image is not cached. The entries are padded to a multiple of 4096 bytes;
/// - for each image a slot for its pixels; slots over 4096 bytes are padded to a multiple of 4096.
///
/// An entry is written after its slot. After a crash, its digest does not match and the image is decoded again. Images
/// that cannot be decoded have no entry.
final class ImageCacheFile: Sendable {
    /// Why the file cannot be used; continues "images.cache ".
    struct Failure: Error {
        let reason: String
        init(_ action: String, _ code: Int32) { reason = "cannot be \(action): \(String(cString: strerror(code)))" }
        init(_ reason: String) { self.reason = reason }
    }

    /// The state of an image's entry.
    enum Entry {
        case empty, changed, damaged
        case valid(PreparedImage.Size)
    }

    /// Whether the file existed and was discarded, because it was damaged or belonged to other images.
    let wasReset: Bool
    private let descriptor: Int32
    private let preprocessing: ImagePreprocessing
    private let slotSize: Int
    private let slotsStart: Int
    /// A read-only mapping of the whole file. Safe to share: it is unmapped with the last reference, and a slot is read
    /// only after it was written, and never written again.
    nonisolated(unsafe) private let bytes: UnsafeRawBufferPointer

    private static let headerSize = 4096
    private static let entrySize = 32
    private static let version: UInt64 = 2

    /// Opens the file at `path`, or creates it.
    /// - Parameter isShared: whether other processes use it for the same images at the same time.
    init(_ path: String, preprocessing: ImagePreprocessing, count: Int, isShared: Bool) throws(Failure) {
        let capacity = preprocessing.capacity
        slotSize = capacity < 4096 ? capacity : (capacity + 4095) & ~4095
        self.preprocessing = preprocessing
        slotsStart = ImageCacheFile.headerSize + (count * ImageCacheFile.entrySize + 4095) & ~4095
        let size = slotsStart + count * slotSize
        let header = ImageCacheFile.header(preprocessing, count: count, slotSize: slotSize)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o666)
        guard descriptor >= 0 else { throw Failure("opened", errno) }
        do throws(Failure) {
            (bytes, wasReset) = try ImageCacheFile.prepare(descriptor, header: header, size: size, isShared: isShared)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    private static func prepare(
        _ descriptor: Int32, header: [UInt8], size: Int, isShared: Bool
    ) throws(Failure) -> (UnsafeRawBufferPointer, Bool) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure("opened", errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure("is no file") }
        // The first process prepares the file, and then lets others share it.
        let isFirst = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        guard isFirst || isShared && errno == EWOULDBLOCK && flock(descriptor, LOCK_SH) == 0 else {
            throw errno == EWOULDBLOCK ? Failure("is in use by another process") : Failure("locked", errno)
        }
        defer { if isFirst, isShared { flock(descriptor, LOCK_SH) } }
        var found = [UInt8](repeating: 0, count: header.count)
        let isOurs = pread(descriptor, &found, found.count, 0) == found.count && found == header
        guard isOurs || isFirst else { throw Failure("belongs to other images, which another process uses") }
        if !isOurs {
            // Truncated first, so that no old entry is mistaken for a new one.
            guard ftruncate(descriptor, 0) == 0 else { throw Failure("emptied", errno) }
        }
        // A truncated file is extended with zeros, which are empty entries.
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw Failure("made \(size) bytes long", errno) }
        if !isOurs, pwrite(descriptor, header, header.count, 0) != header.count { throw Failure("written", errno) }
        guard let base = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            throw Failure("mapped", errno)
        }
        return (UnsafeRawBufferPointer(start: base, count: size), !isOurs && status.st_size > 0)
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
        close(descriptor)
    }

    private static func header(_ preprocessing: ImagePreprocessing, count: Int, slotSize: Int) -> [UInt8] {
        let words: [UInt64] = [
            0x0053_5249_5045_4D4C, version, UInt64(preprocessing.side), UInt64(preprocessing.shortSide),
            UInt64(preprocessing.longSide),
            UInt64(AspectMode.allCases.firstIndex(of: preprocessing.aspect) ?? 0), UInt64(count), UInt64(slotSize),
        ]
        var header = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        header += [UInt8](repeating: 0, count: headerSize - header.count)
        return header
    }

    /// The pixels of image `number`, whose entry must be valid.
    func slot(_ number: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[slotsStart + number * slotSize..<slotsStart + (number + 1) * slotSize])
    }

    /// Reads and verifies the entry and the pixels of image `number`. Uses `pread`: an I/O error in a mapping would
    /// raise SIGBUS.
    func entry(of number: Int, stamp: UInt64) -> Entry {
        let entry = withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 4) { words -> [UInt64] in
            let got = pread(descriptor, words.baseAddress, ImageCacheFile.entrySize, off_t(entryStart(number)))
            return got == ImageCacheFile.entrySize ? Array(words) : []
        }
        if entry == [0, 0, 0, 0] { return .empty }
        guard entry.count == 4, entry[3] == check(number, entry[..<3]) else { return .damaged }
        guard entry[0] == stamp else { return .changed }
        let size = PreparedImage.Size(bits: UInt32(truncatingIfNeeded: entry[2]))
        guard preprocessing.allows(size) else { return .damaged }
        let count = size.width * size.height * 3
        return withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { pixels in
            let got = pread(descriptor, pixels.baseAddress, count, off_t(slotsStart + number * slotSize))
            return got == count && Digest.of(UnsafeRawBufferPointer(pixels)) == entry[1] ? .valid(size) : .damaged
        }
    }

    /// Writes image `number` and its entry.
    func write(_ image: PreparedImage, of number: Int, stamp: UInt64) throws(Failure) {
        let written = image.withBytes { pixels in
            Result { () throws(Failure) in
                try write(pixels, at: slotsStart + number * slotSize)
                return Digest.of(pixels)
            }
        }
        var entry = [stamp, try written.get(), UInt64(image.size.bits)]
        entry.append(check(number, entry[...]))
        let done = entry.withUnsafeBytes { bytes in
            Result { () throws(Failure) in try write(bytes, at: entryStart(number)) }
        }
        try done.get()
    }

    private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(Failure) {
        var done = 0
        while done < bytes.count {
            let written = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
            if written < 0 && errno == EINTR { continue }
            // Zero bytes written means a full disk; pwrite(2) sets no errno then.
            guard written > 0 else { throw Failure("written", written < 0 ? errno : ENOSPC) }
            done += written
        }
    }

    private func entryStart(_ number: Int) -> Int { ImageCacheFile.headerSize + number * ImageCacheFile.entrySize }

    private func check(_ number: Int, _ words: ArraySlice<UInt64>) -> UInt64 {
        var digest = Digest()
        digest.add(UInt64(number))
        for word in words { digest.add(word) }
        return digest.value
    }
}
