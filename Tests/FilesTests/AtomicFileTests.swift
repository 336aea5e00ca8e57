import Files
import FoundationEssentials
import Glibc
import Synchronization
import TestSupport
import Testing

private func refuse<Result: SignedInteger>(_ code: Int32) -> Result {
    errno = code
    return -1
}

@Suite struct AtomicFileTests {
    @Test func writesAndReplaces() throws {
        try withTemporaryFolder { (folder: String) throws in
            try AtomicFile.write([1, 2, 3], to: "\(folder)/file")
            try AtomicFile.write("é", to: "\(folder)/file")
            #expect(contents("\(folder)/file") == [0xc3, 0xa9])
            #expect(try names(in: folder) == ["file"])
        }
    }

    @Test(arguments: DiskFailure.allCases)
    func aFailureLeavesWhatWasThere(_ failure: DiskFailure) throws {
        try withTemporaryFolder { (folder: String) throws in
            let path = "\(folder)/file"
            try AtomicFile.write("the old contents", to: path)
            let said = complaint {
                try AtomicFile.write(to: path, calls: failure.calls) { file in
                    try Array("the new contents".utf8).withUnsafeBytes { try file.append($0) }
                }
            }
            #expect(said == "cannot write \(path): \(failure.reason)")
            #expect(contents(path) == Array("the old contents".utf8))
            #expect(try names(in: folder) == ["file"])
        }
    }

    @Test func theOldFileStandsUntilTheNewOneIsWhole() throws {
        try withTemporaryFolder { (folder: String) throws in
            let path = "\(folder)/file"
            try AtomicFile.write("old", to: path)
            try AtomicFile.write(to: path) { file in
                try [UInt8](repeating: 0, count: 3).withUnsafeBytes { try file.append($0) }
                #expect(contents(path) == Array("old".utf8))
                #expect(try names(in: folder).count == 2)
            }
            #expect(contents(path) == [0, 0, 0])
        }
    }

    @Test func interruptedAndPartialWritesGoOn() throws {
        let turn = Atomic(0)
        let calls = SystemCalls(writeBytes: { file, bytes, count in
            turn.add(1, ordering: .relaxed).newValue % 2 == 0 ? refuse(EINTR) : write(file, bytes, min(count, 3))
        })
        try withTemporaryFolder { (folder: String) throws in
            let bytes = (0...255).map { UInt8($0) }
            try AtomicFile.write(to: "\(folder)/file", calls: calls) { file in
                try bytes.withUnsafeBytes { try file.append($0) }
            }
            #expect(contents("\(folder)/file") == bytes)
        }
    }

    @Test func anAbsentFolderIsNamed() {
        #expect(
            complaint { try AtomicFile.write([1], to: "/absent/folder/file") }
                == "cannot write /absent/folder/file: No such file or directory")
    }

    @Test func aSymbolicLinkStaysAndWhatItLeadsToIsReplaced() throws {
        try withTemporaryFolder { folder in
            try AtomicFile.write("old", to: folder + "/target")
            try #require(symlink("target", folder + "/link") == 0)
            try AtomicFile.write("new", to: folder + "/link")
            var status = stat()
            #expect(lstat(folder + "/link", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
            #expect(try String(contentsOfFile: folder + "/target", encoding: .utf8) == "new")
        }
    }

    @Test func whatALinkLeadsToIsCreated() throws {
        try withTemporaryFolder { folder in
            try #require(mkdir(folder + "/inner", 0o755) == 0)
            try #require(symlink("inner/second", folder + "/first") == 0)
            try #require(symlink("target", folder + "/inner/second") == 0)
            try AtomicFile.write("new", to: folder + "/first")
            #expect(contents(folder + "/inner/target") == Array("new".utf8))
            #expect(try names(in: folder) == ["first", "inner"])
            #expect(try names(in: folder + "/inner") == ["second", "target"])
            try #require(symlink("circle", folder + "/circle") == 0)
            #expect(
                complaint { try AtomicFile.write("new", to: folder + "/circle") }
                    == "cannot write \(folder)/circle: Too many levels of symbolic links")
        }
    }

    @Test func aReplacedFileKeepsItsPermissions() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/file"
            for mode in [0o600, 0o444, 0o775] as [mode_t] {
                try AtomicFile.write("old", to: path)
                try #require(chmod(path, mode) == 0)
                try AtomicFile.write("new", to: path)
                var status = stat()
                #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == mode)
            }
        }
    }

    /// Root may read any folder.
    @Test(.enabled(if: geteuid() != 0))
    func aFolderThatCannotBeReadIsWrittenTo() throws {
        try withTemporaryFolder { folder in
            try #require(chmod(folder, 0o333) == 0)
            defer { chmod(folder, 0o755) }
            try AtomicFile.write("new", to: folder + "/file")
            #expect(contents(folder + "/file") == Array("new".utf8))
        }
    }

    /// Replacing a device by a file would break the machine; a pipe stands in for it here.
    @Test func aPipeIsWrittenToAndStaysAPipe() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/pipe"
            try #require(mkfifo(path, 0o600) == 0)
            let reader = open(path, O_RDONLY | O_NONBLOCK)
            defer { close(reader) }
            try AtomicFile.write("through", to: path)
            var bytes = [UInt8](repeating: 0, count: 16)
            #expect(read(reader, &bytes, 16) == 7 && String(decoding: bytes[..<7], as: UTF8.self) == "through")
            var status = stat()
            #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
        }
    }
}
