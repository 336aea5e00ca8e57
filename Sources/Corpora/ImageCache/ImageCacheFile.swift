import Basics
import Glibc
import Images

/// A cache of prepared images in a file, so that each is decoded once rather than once per process.
///
/// The file is locked while it is open. It is written with `pwrite`, which reports a full disk where a store into a mapping
/// would end the process, and read through a mapping, but only where something was written and checked.
///
/// Layout, little-endian: a header of 4096 bytes, which must equal what this version writes for the same form and number of
/// images; an entry of 32 bytes for each image (its stamp, the digest of its pixels, its size, the digest of these with
/// its number); its slot, pages of 4096 bytes where it is larger than one. An entry is written after its slot: a crash leaves
/// an entry whose digest does not match, and the image is decoded again. Images that cannot be decoded have no entry.
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
    private let form: ImagePreprocessing
    private let slotSize: Int
    private let slotsStart: Int
    /// The whole file for reading. Safe to share: it is unmapped with the last reference, and the store reads a slot
    /// only after it was written, and never writes it again after that.
    nonisolated(unsafe) private let bytes: UnsafeRawBufferPointer

    private static let headerSize = 4096
    private static let entrySize = 32
    private static let version: UInt64 = 1

    /// Opens the file at `path`, or creates it.
    init(_ path: String, form: ImagePreprocessing, count: Int) throws(Failure) {
        let capacity = form.capacity
        slotSize = capacity < 4096 ? capacity : (capacity + 4095) & ~4095
        self.form = form
        slotsStart = ImageCacheFile.headerSize + (count * ImageCacheFile.entrySize + 4095) & ~4095
        let size = slotsStart + count * slotSize
        let header = ImageCacheFile.header(form, count: count, slotSize: slotSize)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o666)
        guard descriptor >= 0 else { throw Failure("opened", errno) }
        do throws(Failure) {
            (bytes, wasReset) = try ImageCacheFile.prepare(descriptor, header: header, size: size)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    private static func prepare(
        _ descriptor: Int32, header: [UInt8], size: Int
    ) throws(Failure) -> (UnsafeRawBufferPointer, Bool) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure("opened", errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure("is no file") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw errno == EWOULDBLOCK ? Failure("is in use by another process") : Failure("locked", errno)
        }
        var found = [UInt8](repeating: 0, count: header.count)
        let isOurs = pread(descriptor, &found, found.count, 0) == found.count && found == header
        if !isOurs {
            // Emptied first, so that no old entry is taken for a new one.
            guard ftruncate(descriptor, 0) == 0 else { throw Failure("emptied", errno) }
        }
        // Where the file was truncated it is extended with zeros, which are empty entries.
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

    private static func header(_ form: ImagePreprocessing, count: Int, slotSize: Int) -> [UInt8] {
        let words: [UInt64] = [
            0x0053_5249_5045_4D4C, version, UInt64(form.side), UInt64(form.shortSide), UInt64(form.longSide),
            UInt64(AspectMode.allCases.firstIndex(of: form.aspect) ?? 0), UInt64(count), UInt64(slotSize),
        ]
        var header = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        header += [UInt8](repeating: 0, count: headerSize - header.count)
        return header
    }

    /// The slot of image `number`, whose entry must be valid.
    func slot(_ number: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[slotsStart + number * slotSize..<slotsStart + (number + 1) * slotSize])
    }

    /// Reads and checks the entry of image `number` and its pixels, by `pread`, so that damage cannot end the process.
    func entry(of number: Int, stamp: UInt64) -> Entry {
        let entry = withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 4) { words -> [UInt64] in
            let got = pread(descriptor, words.baseAddress, ImageCacheFile.entrySize, off_t(entryStart(number)))
            return got == ImageCacheFile.entrySize ? Array(words) : []
        }
        if entry == [0, 0, 0, 0] { return .empty }
        guard entry.count == 4, entry[3] == check(number, entry[..<3]) else { return .damaged }
        guard entry[0] == stamp else { return .changed }
        let size = PreparedImage.Size(bits: UInt32(truncatingIfNeeded: entry[2]))
        guard form.canBe(size) else { return .damaged }
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

    private func write(_ bytes: UnsafeRawBufferPointer, at place: Int) throws(Failure) {
        var done = 0
        while done < bytes.count {
            let written = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(place + done))
            if written < 0 && errno == EINTR { continue }
            // A file that accepts nothing is full; pwrite(2) promises no errno for that.
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
