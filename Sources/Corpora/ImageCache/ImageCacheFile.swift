import Basics
import Glibc
import Images

/// Prepared pictures in a file beside a run, so that each is decoded once and not once a process.
///
/// The file is this process's alone while it is open. It is written by `pwrite`, which tells of a full disk where a store
/// into a mapping would end the process, and read through a mapping, but only where something was written and checked.
///
/// Layout, little-endian: a header of 4096 bytes, which must equal what this version writes for the same form and number of
/// pictures; an entry of 32 bytes for each picture (its stamp, the digest of its pixels, its size, the digest of these with
/// its number); its slot, pages of 4096 bytes where it is larger than one. An entry is written after its slot: what a crash leaves behind is an entry that does not fit, and the picture is
/// decoded anew. There is no entry for a picture that is bad: each process says so itself.
final class PictureFile: Sendable {
    /// Why there is no file to keep pictures in; continues "pictures.cache ".
    struct Refusal: Error {
        let reason: String
        init(_ action: String, _ code: Int32) { reason = "cannot be \(action): \(String(cString: strerror(code)))" }
        init(_ reason: String) { self.reason = reason }
    }

    /// What the file knows of a picture.
    enum Knowledge {
        case nothing, otherPicture, damaged
        case kept(PreparedPicture.Size)
    }

    /// Whether the file was there and had to be begun anew, as damaged or made for other pictures.
    let wasBegunAnew: Bool
    private let descriptor: Int32
    private let form: PictureForm
    private let slotSize: Int
    private let slotsStart: Int
    /// The whole file for reading. Safe to share: it is unmapped with the last reference, and the store reads a slot
    /// only after it was written, and never writes it again after that.
    nonisolated(unsafe) private let bytes: UnsafeRawBufferPointer

    private static let headerSize = 4096
    private static let entrySize = 32
    private static let version: UInt64 = 1

    /// Opens the file at `path`, or makes it.
    init(_ path: String, form: PictureForm, count: Int) throws(Refusal) {
        let capacity = form.capacity
        slotSize = capacity < 4096 ? capacity : (capacity + 4095) & ~4095
        self.form = form
        slotsStart = PictureFile.headerSize + (count * PictureFile.entrySize + 4095) & ~4095
        let size = slotsStart + count * slotSize
        let header = PictureFile.header(form, count: count, slotSize: slotSize)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o666)
        guard descriptor >= 0 else { throw Refusal("opened", errno) }
        do throws(Refusal) {
            (bytes, wasBegunAnew) = try PictureFile.prepare(descriptor, header: header, size: size)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    private static func prepare(
        _ descriptor: Int32, header: [UInt8], size: Int
    ) throws(Refusal) -> (UnsafeRawBufferPointer, Bool) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Refusal("opened", errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Refusal("is no file") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw errno == EWOULDBLOCK ? Refusal("is in use by another process") : Refusal("locked", errno)
        }
        var found = [UInt8](repeating: 0, count: header.count)
        let isOurs = pread(descriptor, &found, found.count, 0) == found.count && found == header
        if !isOurs {
            // Emptied first: entries of before would be taken for entries of now.
            guard ftruncate(descriptor, 0) == 0 else { throw Refusal("emptied", errno) }
        }
        // A file that something has cut short has zeros in the place of what is lost, and these are no pictures.
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw Refusal("made \(size) bytes long", errno) }
        if !isOurs, pwrite(descriptor, header, header.count, 0) != header.count { throw Refusal("written", errno) }
        guard let base = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            throw Refusal("mapped", errno)
        }
        return (UnsafeRawBufferPointer(start: base, count: size), !isOurs && status.st_size > 0)
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
        close(descriptor)
    }

    private static func header(_ form: PictureForm, count: Int, slotSize: Int) -> [UInt8] {
        let words: [UInt64] = [
            0x0053_5249_5045_4D4C, version, UInt64(form.side), UInt64(form.shortSide), UInt64(form.longSide),
            UInt64(PictureAspect.allCases.firstIndex(of: form.aspect) ?? 0), UInt64(count), UInt64(slotSize),
        ]
        var header = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        header += [UInt8](repeating: 0, count: headerSize - header.count)
        return header
    }

    /// The slot of picture `number`; only where it is kept.
    func slot(_ number: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[slotsStart + number * slotSize..<slotsStart + (number + 1) * slotSize])
    }

    /// What there is of picture `number`; reads and checks it, by calls that no damage can end the process through.
    func knowledge(of number: Int, stamp: UInt64) -> Knowledge {
        let entry = withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 4) { words -> [UInt64] in
            let got = pread(descriptor, words.baseAddress, PictureFile.entrySize, off_t(entryStart(number)))
            return got == PictureFile.entrySize ? Array(words) : []
        }
        if entry == [0, 0, 0, 0] { return .nothing }
        guard entry.count == 4, entry[3] == check(number, entry[..<3]) else { return .damaged }
        guard entry[0] == stamp else { return .otherPicture }
        let size = PreparedPicture.Size(bits: UInt32(truncatingIfNeeded: entry[2]))
        guard form.canBe(size) else { return .damaged }
        let count = size.width * size.height * 3
        return withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { pixels in
            let got = pread(descriptor, pixels.baseAddress, count, off_t(slotsStart + number * slotSize))
            return got == count && Digest.of(UnsafeRawBufferPointer(pixels)) == entry[1] ? .kept(size) : .damaged
        }
    }

    /// Keeps picture `number`.
    func write(_ picture: PreparedPicture, of number: Int, stamp: UInt64) throws(Refusal) {
        let written = picture.withBytes { pixels in
            Result { () throws(Refusal) in
                try write(pixels, at: slotsStart + number * slotSize)
                return Digest.of(pixels)
            }
        }
        var entry = [stamp, try written.get(), UInt64(picture.size.bits)]
        entry.append(check(number, entry[...]))
        let done = entry.withUnsafeBytes { bytes in
            Result { () throws(Refusal) in try write(bytes, at: entryStart(number)) }
        }
        try done.get()
    }

    private func write(_ bytes: UnsafeRawBufferPointer, at place: Int) throws(Refusal) {
        var done = 0
        while done < bytes.count {
            let written = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(place + done))
            if written < 0 && errno == EINTR { continue }
            // A file that takes nothing has no room; pwrite(2) promises no errno for that.
            guard written > 0 else { throw Refusal("written", written < 0 ? errno : ENOSPC) }
            done += written
        }
    }

    private func entryStart(_ number: Int) -> Int { PictureFile.headerSize + number * PictureFile.entrySize }

    private func check(_ number: Int, _ words: ArraySlice<UInt64>) -> UInt64 {
        var digest = Digest()
        digest.add(UInt64(number))
        for word in words { digest.add(word) }
        return digest.value
    }
}
