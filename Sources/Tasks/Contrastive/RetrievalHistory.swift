import Basics
import Checkpoints
import Evaluation
import Execution
import Files
import FoundationEssentials
import JSON
import Models
import Training

/// Retrieval on the validation split at one point of a training.
struct RetrievalMeasurement: Codable {
    /// Images seen by then.
    let imagesSeen: Int
    /// Recall at ranks 1, 5 and 10, in both directions.
    let recall: RetrievalRecall

    private enum CodingKeys: String, CodingKey {
        case imagesSeen = "images"
        case recall
    }

    /// The mean over ranks and directions, by which measurements are compared.
    var score: Double {
        recall.ranks.reduce(0) { $0 + $1.imageToText + $1.textToImage } / Double(2 * recall.ranks.count)
    }

    /// The recall of each rank and direction, by name.
    var measurements: Measurements {
        recall.ranks.reduce(into: [:]) { measurements, recall in
            measurements["image_to_text.R@\(recall.rank)"] = recall.imageToText
            measurements["text_to_image.R@\(recall.rank)"] = recall.textToImage
        }
    }

    /// One line.
    var summary: String {
        func shares(_ direction: KeyPath<RetrievalRecall.AtRank, Double>) -> String {
            recall.ranks.map { "R@\($0.rank) \(formatted(100 * $0[keyPath: direction], digits: 1)) %" }
                .joined(separator: ", ")
        }
        return
            "retrieval of \(recall.count) validation pairs, each against \(formatted(recall.negatives, digits: 0)) others, "
            + "after \(imagesSeen) images: image to text "
            + "\(shares(\.imageToText)); text to image \(shares(\.textToImage))"
    }
}

/// The retrieval measurements of a run, in its `retrieval.jsonl`.
struct RetrievalHistory {
    private let run: RunDirectory
    private var file: String { "\(run.path)/\(RunDirectory.retrievalName)" }
    private var measurements: [RetrievalMeasurement] = []

    init(_ run: RunDirectory) { self.run = run }

    /// Reads the measurements up to `imagesSeen`, and removes later ones and incomplete lines, which the training is about to
    /// write again.
    /// - Throws: `FileError`.
    mutating func rewind(to imagesSeen: Int) throws {
        try run.rewind(file, to: imagesSeen)
        guard FileManager.default.fileExists(atPath: file) else { return }
        let decoder = JSONDecoder()
        measurements = try MappedFile(file).withBytes { bytes in
            bytes.split(separator: UInt8(ascii: "\n")).compactMap {
                try? decoder.decode(RetrievalMeasurement.self, from: Data($0))
            }
        }
    }

    /// The measurement with the highest score, the first of equals.
    var best: RetrievalMeasurement? {
        measurements.max { ($0.score, -$0.imagesSeen) < ($1.score, -$1.imagesSeen) }
    }

    /// Whether a measurement has a higher score than any before.
    func isBest(_ measurement: RetrievalMeasurement) -> Bool { best.map { measurement.score > $0.score } ?? true }

    /// Measurements since the best one.
    var countSinceBest: Int {
        guard let best else { return 0 }
        return measurements.count { $0.imagesSeen > best.imagesSeen }
    }

    /// The newest recall, for a progress line.
    var detail: String {
        guard let first = measurements.last?.recall.ranks.first else { return "" }
        return " · validation R@1 \(formatted(50 * (first.imageToText + first.textToImage), digits: 1)) %"
    }

    mutating func add(_ measurement: RetrievalMeasurement) throws {
        measurements.append(measurement)
        try write()
    }

    /// Writes the whole file, which is a few lines long.
    private func write() throws {
        try AtomicFile.write(measurements.map { try jsonText($0) + "\n" }.joined(), to: file)
    }
}
