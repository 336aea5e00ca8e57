import Corpora
import TestSupport

/// Calls `body` with a new folder for runs and, in it, a corpus of 200 drawn images; both are removed afterwards.
func withCorpus(_ body: (_ folder: String, _ corpus: String) throws -> Void) throws {
    try withTemporaryFolder { folder in
        try ShapesCorpus(seed: 1, side: 16).write(to: folder + "/corpus", count: 200)
        try body(folder, folder + "/corpus")
    }
}
