/// How well a model generates images of captions that it was not trained on. Every figure says from how many images it
/// comes, and stands beside what real images and chance reach.
public struct Report: Codable, Sendable {
    /// R-precision with the rows that give it meaning.
    public struct Retrieval: Codable, Sendable {
        /// A share of hits and its deviation over ten folds.
        public struct Row: Codable, Sendable {
            /// The share of hits, 0…1.
            public var mean: Double
            /// The standard deviation over folds.
            public var deviation: Double

            init(_ precision: RetrievalPrecision) { (mean, deviation) = (precision.mean, precision.deviation) }
        }
        /// Generated images.
        public var generated: Row
        /// Real images: the upper bound.
        public var real: Row
        /// Generated images asked about another image's caption: chance.
        public var shuffled: Row
        /// The training image with the nearest caption: what remembering would reach.
        public var nearestTraining: Row?
        /// Images asked about.
        public var count: Int
    }
    /// A distance of generated images from real ones, with its baseline.
    public struct Distance: Codable, Sendable {
        /// Generated against real images of the split.
        public var generated: Double
        /// As many real training images against the same real images: what sampling alone costs.
        public var realBaseline: Double?
    }
    /// Measures in the space of a frozen network's features.
    public struct Distances: Codable, Sendable {
        /// The network.
        public var features: String
        /// Images on each side.
        public var count: Int
        /// Fréchet distance (Heusel et al. 2017), which falls as the count grows.
        public var frechet: Distance
        /// Kernel distance (Bińkowski et al. 2018), times 1,000.
        public var kernel: Distance
        /// Precision (Kynkäänniemi et al. 2019), 3 neighbours.
        public var precision: Double
        /// Recall (as above).
        public var recall: Double
        /// Mean distance between images of one caption, against real images of one class.
        public var diversity: Double?
        /// Nearest training images of generated ones.
        public var memorization: Memorization?
    }
    /// Whether generated images repeat training images.
    public struct Memorization: Codable, Sendable {
        /// Median distance of generated images to their nearest training images, over that of real images of the split.
        public var ratio: Double
        /// The share of generated images that are nearer to a training image than 99 % of the real ones of the split are.
        public var suspects: Double
        /// The closest of all, nearest first.
        public var closest: [Match]

        /// A generated image and its nearest training image.
        public struct Match: Codable, Sendable {
            /// The caption of the generated image.
            public var caption: String
            /// The training image's path.
            public var trainingImage: String
            /// The distance of their features.
            public var distance: Double
        }
    }
    /// Share of images whose dominant colour is one that the caption names.
    public struct Colors: Codable, Sendable {
        /// Generated images.
        public var generated: Double
        /// Real images: the upper bound.
        public var real: Double
        /// Generated images against other captions: chance.
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
    /// Captions that images were generated from with other words, where synonyms were asked for.
    public var reworded: Int?
    /// R-precision, 1 + 99 captions of other classes.
    public var retrieval: Retrieval
    /// Distances in each network's space.
    public var distances: [Distances]
    /// Named colours of petals, where they were asked for.
    public var colors: Colors?

    /// The report as a table for people.
    public var table: String {
        func percent(_ value: Double) -> String { "\(Report.rounded(value * 100, 1)) %" }
        func row(_ row: Retrieval.Row) -> String { "\(percent(row.mean)) ± \(Report.rounded(row.deviation * 100, 1))" }
        let words = reworded.map { ", \($0) captions in other words" } ?? ""
        let share = retrieval.real.mean > 0 ? retrieval.generated.mean / retrieval.real.mean : .nan
        var lines = ["\(model) on \(split), judged by \(judge)\(words)", ""]
        lines += [
            "R-precision (1 + 99 captions of other classes, N = \(retrieval.count))",
            "  generated                  \(row(retrieval.generated)), \(percent(share)) of real images",
            "  real images (upper bound)  \(row(retrieval.real))",
        ]
        if let nearest = retrieval.nearestTraining { lines.append("  nearest training image     \(row(nearest))") }
        lines.append("  shuffled (chance)          \(row(retrieval.shuffled))")
        for space in distances {
            func distance(_ name: String, _ distance: Distance, digits: Int) -> String {
                var text = "  \(name)\(Report.rounded(distance.generated, digits))"
                if let baseline = distance.realBaseline {
                    text += ", real-vs-real baseline \(Report.rounded(baseline, digits))"
                    if baseline > 0 { text += ", ratio \(Report.rounded(distance.generated / baseline, 2))" }
                }
                return text
            }
            lines += [
                "In the features of \(space.features) (N = \(space.count) each)",
                distance("Fréchet distance           ", space.frechet, digits: 2),
                distance("kernel distance · 1000     ", space.kernel, digits: 3),
                "  precision, recall          \(percent(space.precision)), \(percent(space.recall))",
            ]
            if let diversity = space.diversity {
                lines.append("  diversity, share of real   \(Report.rounded(diversity, 2))")
            }
            if let memorization = space.memorization {
                lines.append(
                    "  nearest training image     \(Report.rounded(memorization.ratio, 2)) of the distance of real images; "
                        + "\(percent(memorization.suspects)) nearer than 99 % of them")
            }
        }
        if let colors {
            lines += [
                "Named colour (N = \(colors.count))",
                "  generated                  \(percent(colors.generated))",
                "  real images                \(percent(colors.real))",
                "  shuffled (chance)          \(percent(colors.shuffled))",
            ]
        }
        return lines.joined(separator: "\n")
    }

    private static func rounded(_ value: Double, _ digits: Int) -> String {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        return value.isFinite ? "\((value * scale).rounded() / scale)" : "undefined"
    }
}
