import Dispatch
import Images
import Synchronization
import Threads

/// Decodes the images of a corpus on all processors, hands each to `body` with its index, and returns the problems in
/// the order of the examples.
func decodeEach(
    _ corpus: Corpus, progress: (@Sendable (Int) -> Void)?, body: @Sendable (Int, Image) -> Void = { _, _ in }
) -> [(index: Int, value: CorpusProblem)] {
    let problems = Mutex<[(index: Int, value: CorpusProblem)]>([])
    let count = ProgressCount(total: corpus.examples.count, report: progress)
    DispatchQueue.concurrentPerform(iterations: corpus.examples.count) { index in
        let name = corpus.imageName(index)
        do {
            body(index, try Image(decoding: corpus.encodedImage(index), named: name))
        } catch {
            // The problem names the file already.
            let message = "\(error)"
            let reason = message.hasPrefix("\(name): ") ? String(message.dropFirst(name.count + 2)) : message
            let problem = CorpusProblem(kind: .unreadableImage, file: name, line: nil, detail: reason)
            problems.withLock { $0.append((index, problem)) }
        }
        count.advance()
    }
    return problems.withLock { $0.sorted { $0.index < $1.index } }
}
