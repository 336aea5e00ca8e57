import Corpora
import Execution
import FoundationEssentials
import Images
import RandomStreams
import Synthesis

/// How well a model paints captions nobody trained on. Every figure says from how many pictures it comes, and stands
/// beside what real pictures and chance reach.
public struct Report: Codable, Sendable {
    /// A figure in the judge's space or MobileNet's, with its floor.
    public struct Distance: Codable, Sendable {
        /// Painted against real pictures of the split.
        public var painted: Double
        /// As many real training pictures against the same real pictures: what sampling alone costs.
        public var floor: Double?
        /// Pictures on each side.
        public var count: Int
    }
    /// R-precision with the rows that give it meaning, each a share of hits.
    public struct Retrieval: Codable, Sendable {
        /// A share and its deviation over ten folds.
        public struct Row: Codable, Sendable {
            /// The share of hits, 0…1.
            public var mean: Double
            /// The standard deviation over folds.
            public var deviation: Double

            init(_ precision: RetrievalPrecision) { (mean, deviation) = (precision.mean, precision.deviation) }
        }
        /// Painted pictures.
        public var painted: Row
        /// Real pictures: the ceiling.
        public var real: Row
        /// Painted pictures asked about another picture's caption: chance.
        public var shuffled: Row
        /// The training picture with the nearest caption: what remembering would reach.
        public var nearestTraining: Row?
        /// Pictures asked about.
        public var count: Int
    }
    /// Share of pictures whose dominant colour is one that the caption names.
    public struct Colors: Codable, Sendable {
        /// Painted pictures.
        public var painted: Double
        /// Real pictures: the ceiling.
        public var real: Double
        /// Painted pictures against other captions: chance.
        public var shuffled: Double
        /// Captions that name a colour.
        public var count: Int
    }

    /// What the model is called.
    public var model: String
    /// What the judge is called.
    public var judge: String
    /// The part of the corpus.
    public var split: String
    /// Captions that pictures were painted from with other words, where synonyms were asked for.
    public var reworded: Int?
    /// Fréchet distance in the judge's space.
    public var frechet: Distance
    /// Fréchet distance in MobileNet's space, when its features were given.
    public var fmd: Distance?
    /// R-precision, 1 + 99 captions of other classes.
    public var retrieval: Retrieval
    /// Named colours.
    public var colors: Colors?
    /// Mean distance between pictures of one caption, against real pictures of one class.
    public var diversity: Double?

    /// The report as a table for people.
    public var table: String {
        func percent(_ value: Double) -> String { "\(Report.rounded(value * 100, 1)) %" }
        func row(_ row: Retrieval.Row) -> String { "\(percent(row.mean)) ± \(Report.rounded(row.deviation * 100, 1))" }
        let words = reworded.map { ", \($0) captions painted in other words" } ?? ""
        var lines = ["\(model) on \(split), judged by \(judge)\(words)", ""]
        lines += [
            "R-precision (1 + 99 captions of other classes, N = \(retrieval.count))",
            "  painted             \(row(retrieval.painted))",
            "  real, the ceiling   \(row(retrieval.real))",
        ]
        if let nearest = retrieval.nearestTraining { lines.append("  nearest training    \(row(nearest))") }
        lines.append("  shuffled, chance    \(row(retrieval.shuffled))")
        if let colors {
            lines += [
                "Named colour (N = \(colors.count))",
                "  painted             \(percent(colors.painted))", "  real, the ceiling   \(percent(colors.real))",
                "  shuffled, chance    \(percent(colors.shuffled))",
            ]
        }
        func distance(_ name: String, _ distance: Distance, digits: Int) {
            lines += [
                "\(name) (N = \(distance.count) each)",
                "  painted             \(Report.rounded(distance.painted, digits))",
            ]
            if let floor = distance.floor { lines.append("  real/real floor     \(Report.rounded(floor, digits))") }
        }
        distance("Fréchet distance, judge", frechet, digits: 4)
        if let fmd { distance("FMD, MobileNetV2", fmd, digits: 2) }
        if let diversity {
            lines += [
                "Diversity of one caption's pictures, against one class's real ones (8 each of \(min(40, retrieval.count)))",
                "  painted             \(Report.rounded(diversity, 2))",
            ]
        }
        return lines.joined(separator: "\n")
    }

    private static func rounded(_ value: Double, _ digits: Int) -> String {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        return "\((value * scale).rounded() / scale)"
    }
}
