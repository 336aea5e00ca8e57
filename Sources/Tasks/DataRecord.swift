import Checkpoints
import Corpora
import Files
import FoundationEssentials
import JSON
import Training

/// The data of a run, `data.json` in its directory, and the sources of an image-to-image run in folders of their own, `source.json`: a
/// run is resumed with the data it was started with.
public struct DataRecord: Codable {
    /// Which of a run's corpora a record describes.
    public enum Role {
        /// The captioned images, or the targets.
        case data
        /// The sources.
        case source

        fileprivate var file: String { self == .data ? RunDirectory.dataName : RunDirectory.sourceName }
    }

    /// The folder's path at the start; it may have been moved since.
    let folder: String
    let format: String
    let images: Int
    let captions: Int
    let classes: Int
    /// Digests of the corpus's listing, in hexadecimal.
    let digests: Digests

    struct Digests: Codable, Equatable {
        let paths: String
        let captions: String
        let classes: String
    }

    init(_ corpus: Corpus) {
        folder = corpus.folder
        format = corpus.format.description
        images = corpus.examples.count
        captions = corpus.captionCount
        let of = CorpusDigests(corpus)
        classes = corpus.classes.count
        func hexadecimal(_ value: UInt64) -> String { String(value, radix: 16) }
        digests = Digests(
            paths: hexadecimal(of.paths), captions: hexadecimal(of.captions), classes: hexadecimal(of.classes))
    }

    /// The folder of the corpus that the run at `path` was started with; nil if it has no record.
    /// - Throws: `FileError`, or `StateError` if the record is damaged.
    public static func folder(ofRun path: String, _ role: Role = .data) throws -> String? {
        let file = "\(path)/\(role.file)"
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        return try record(file).folder
    }

    private static func record(_ file: String) throws -> DataRecord {
        let bytes = try MappedFile(file).withBytes { Data($0) }
        do {
            return try JSONDecoder().decode(DataRecord.self, from: bytes)
        } catch {
            throw StateError(
                description: "\(file) is damaged; remove it, and name the data that the run was started with")
        }
    }

    private static func path(_ run: RunDirectory, _ role: Role) -> String { "\(run.path)/\(role.file)" }

    func write(in run: RunDirectory, _ role: Role) throws {
        try AtomicFile.write(jsonText(self, isIndented: true) + "\n", to: DataRecord.path(run, role))
    }

    /// Checks that `corpus` is what `run` was started with. A run that has trained nothing yet, or has no record, accepts any
    /// corpus.
    /// - Throws: `StateError`, which names the difference.
    static func require(_ corpus: Corpus, in run: RunDirectory, _ role: Role) throws {
        let path = path(run, role)
        let record = DataRecord(corpus)
        guard FileManager.default.fileExists(atPath: path), try hasTrained(run) else {
            return try record.write(in: run, role)
        }
        if let difference = try record.difference(from: DataRecord.record(path)) {
            throw StateError(
                description: "\(corpus.folder) is not what the run was started with (\(path)): \(difference); "
                    + "resume with the original data, or choose another --run")
        }
    }

    /// Whether the run has anything that was computed from its data.
    private static func hasTrained(_ run: RunDirectory) throws -> Bool {
        let encoder = "\(run.path)/\(RunDirectory.encoderName)"
        let names = try fileNames(in: run.path)
        let stage = (try? FileManager.default.contentsOfDirectory(atPath: encoder)) ?? []
        return (names + stage).contains { $0.hasSuffix(".safetensors") }
    }

    private func difference(from before: DataRecord) -> String? {
        func counts(_ what: String, _ count: KeyPath<DataRecord, Int>) -> String? {
            before[keyPath: count] == self[keyPath: count]
                ? nil : "\(before[keyPath: count]) \(what) before, \(self[keyPath: count]) now"
        }
        return counts("images", \.images) ?? counts("captions", \.captions)
            ?? (digests.paths != before.digests.paths ? "other images or another order of them" : nil)
            ?? (digests.captions != before.digests.captions ? "other captions" : nil)
            ?? (digests.classes != before.digests.classes ? "other classes" : nil)
    }
}
