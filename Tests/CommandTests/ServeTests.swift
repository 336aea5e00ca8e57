import TestSupport
import Testing

/// What `limn serve` refuses before it listens; ServerTests have the rest.
@Suite struct ServeTests {
    @Test func keysAndRunsThatAreMissingAreNotFound() throws {
        try withTemporaryFolder { folder in
            expectRefusal(
                try limn("serve", "--port", "0", "--api-key-file", "absent", in: folder), 66,
                "cannot read absent: No such file")
            expectRefusal(
                try limn("serve", "--port", "0", "--runs", "absent", in: folder), 66, "absent: it is not a folder")
        }
    }
}
