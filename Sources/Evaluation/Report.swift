import Basics

/// Results of an evaluation on captions that were not used for training. Every figure comes with the number of images behind it,
/// an upper bound from real images and, for R-precision and colours, the chance level.
public struct Report: Codable, Sendable {
    /// R-precision (Xu et al. 2018) of generated images, with references.
    public struct Retrieval: Codable, Sendable {
        /// The share of hits and its deviation over ten folds.
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
        /// Generated images with shuffled captions: chance.
        public var shuffled: Row
        /// For each caption, the training image with the most similar caption: a generator that only copies; nil without a
        /// training split or with `omitsTrainingComparisons`.
        public var nearestTraining: Row?
        /// Number of captions, each with one image.
        public var count: Int
        /// The captions of each class, in the order of the classes' names; nil if no class is known.
        public var classes: [ClassRow]?
        /// The 16 generated images whose own captions rank lowest, lowest first; nil in reports of earlier versions.
        public var worst: [Failure]?

        /// R-precision on the captions of one class.
        public struct ClassRow: Codable, Sendable {
            /// The class.
            public var name: String
            /// Number of its captions.
            public var count: Int
            /// The share of hits of generated images.
            public var generated: Double
            /// The share of hits of real images.
            public var real: Double
        }

        /// A generated image that other captions fit better than its own.
        public struct Failure: Codable, Sendable {
            /// Its own caption.
            public var caption: String
            /// Path of the caption's real image.
            public var image: String
            /// Rank of its own caption among 100, the most similar first.
            public var rank: Int
        }
    }
    /// A distance between sets of images, with its baseline.
    public struct Distance: Codable, Sendable {
        /// Between generated and real images of the split.
        public var generated: Double
        /// Between real training images and the same real images: the effect of sampling alone; nil without a training split
        /// or with `omitsTrainingComparisons`.
        public var realBaseline: Double?
    }
    /// Measures in the feature space of a frozen network.
    public struct Distances: Codable, Sendable {
        /// The network.
        public var features: String
        /// Number of images on each side.
        public var count: Int
        /// Number of training images in the baselines if the training split has fewer than `count`; nil otherwise. Distances from
        /// different numbers of images are not comparable.
        public var baselineCount: Int?
        /// Fréchet distance (Heusel et al. 2017); it decreases with the number of images.
        public var frechet: Distance
        /// Kernel distance (Bińkowski et al. 2018), times 1,000.
        public var kernel: Distance
        /// Precision (Kynkäänniemi et al. 2019), 3 neighbours.
        public var precision: Double
        /// Recall (Kynkäänniemi et al. 2019), 3 neighbours.
        public var recall: Double
        /// Mean distance between generated images of one caption, divided by that between real images of one class; nil without
        /// classes of two images or more.
        public var diversity: Double?
        /// Distances of generated images to the training images; nil without a training split, with `omitsTrainingComparisons`,
        /// and if most real images of the split are equal to training images.
        public var memorization: Memorization?
    }
    /// Similarity of generated images to training images.
    public struct Memorization: Codable, Sendable {
        /// Median distance of generated images to their nearest training images, divided by that of real images of the split.
        public var ratio: Double
        /// The share of generated images that are nearer to a training image than 99 % of the real images of the split.
        public var suspects: Double
        /// The 16 nearest pairs, nearest first.
        public var closest: [Match]

        /// A generated image and its nearest training image.
        public struct Match: Codable, Sendable {
            /// The caption of the generated image.
            public var caption: String
            /// The training image's path.
            public var trainingImage: String
            /// Euclidean distance between their features.
            public var distance: Double
        }
    }
    /// The share of images whose dominant colour is one that the caption names.
    public struct Colors: Codable, Sendable {
        /// Generated images.
        public var generated: Double
        /// Real images: the upper bound.
        public var real: Double
        /// Generated images with shuffled captions: chance.
        public var shuffled: Double
        /// Number of captions that name a colour.
        public var count: Int
        /// The captions that name each colour; one that names several counts for each. Nil in reports of earlier versions.
        public var perColor: [ColorRow]?

        /// The share of agreement on captions that name one colour, perhaps among others.
        public struct ColorRow: Codable, Sendable {
            /// The colour's name.
            public var color: String
            /// Number of its captions.
            public var count: Int
            /// The share of generated images that agree.
            public var generated: Double
            /// The share of real images that agree.
            public var real: Double
        }
    }
    /// The share of images that the judge finds most similar to the caption with the attribute that they were asked for, such as a style,
    /// among those with each of its values.
    public struct Attribute: Codable, Sendable {
        /// The column of the caption template.
        public var column: String
        /// The number of its values.
        public var values: Int
        /// Generated images.
        public var generated: Double
        /// Real images: the upper bound. Chance is 1 / `values`.
        public var real: Double
        /// Number of captions that name a value.
        public var count: Int
    }

    /// Name of the model.
    public var model: String
    /// Name of the judge, the pair of encoders that computed R-precision.
    public var judge: String
    /// The evaluated split of the corpus, or "all rows".
    public var split: String
    /// Number of prompts that synonyms changed; nil without synonyms.
    public var reworded: Int?
    /// The class of more than three quarters of the split's images, for which classes were ignored; nil if there is none.
    public var ignoredClass: String?
    /// Whether real-vs-real baselines and nearest training images were left out, since the evaluated images are not known to be
    /// separate from the training split: they are of the same split, of all rows, or of rows that name no split. Nil without a
    /// training split and in reports of earlier versions.
    public var omitsTrainingComparisons: Bool?
    /// R-precision, 1 + 99 captions of other classes.
    public var retrieval: Retrieval
    /// Distances in the feature space of each network.
    public var distances: [Distances]
    /// How often an image's dominant colour is one that its caption names for the petals; nil unless requested.
    public var colors: Colors?
    /// How often images have the attribute that their caption names; nil without a caption template of one column, or if fewer than
    /// two or more than 64 of its values occur.
    public var attribute: Attribute?
}

// MARK: Text

extension Report {
    /// The report as text.
    public var table: String {
        var lines = heading + [""] + retrievalLines
        for space in distances { lines += Report.lines(space) }
        if let colors { lines += Report.lines(colors) }
        if let attribute { lines += Report.lines(attribute) }
        return lines.joined(separator: "\n")
    }

    /// What was evaluated, and what was ignored or left out.
    private var heading: [String] {
        let words = reworded.map { ", \($0) captions reworded" } ?? ""
        var lines = ["\(model) on \(split), scored by \(judge)\(words)"]
        if let ignoredClass {
            lines.append(
                "classes are ignored: more than three quarters of the images are of the class \(quoted(ignoredClass))")
        }
        if omitsTrainingComparisons == true {
            lines.append(
                "the real-vs-real baseline and the nearest training images are left out: the evaluated images are not "
                    + "known to be separate from the training split; evaluate another split")
        }
        return lines
    }

    private var retrievalLines: [String] {
        func row(_ name: String, _ row: Retrieval.Row) -> String {
            "  \(name)\(Report.percent(row.mean)) ± \(Report.rounded(row.deviation * 100, 1))"
        }
        let share = retrieval.real.mean > 0 ? retrieval.generated.mean / retrieval.real.mean : .nan
        var lines = [
            "R-precision (1 + 99 captions of other classes, N = \(retrieval.count))",
            row("generated                  ", retrieval.generated) + ", \(Report.percent(share)) of real images",
            row("real images (upper bound)  ", retrieval.real),
        ]
        if let nearest = retrieval.nearestTraining { lines.append(row("nearest training image     ", nearest)) }
        lines.append(row("shuffled (chance)          ", retrieval.shuffled))
        return lines
    }

    private static func lines(_ space: Distances) -> [String] {
        var lines = [
            "In the features of \(space.features) (N = \(space.count) each)",
            "  Fréchet distance           " + text(space.frechet, baselineCount: space.baselineCount, digits: 2),
            "  kernel distance · 1000     " + text(space.kernel, baselineCount: space.baselineCount, digits: 3),
            "  precision, recall          \(percent(space.precision)), \(percent(space.recall))",
        ]
        if let diversity = space.diversity {
            lines.append("  diversity, share of real   \(rounded(diversity, 2))")
        }
        if let memorization = space.memorization {
            lines.append(
                "  nearest training image     \(rounded(memorization.ratio, 2)) of the distance of real images; "
                    + "\(percent(memorization.suspects)) nearer than 99 % of them")
        }
        return lines
    }

    /// A distance with its baseline.
    /// - Parameter baselineCount: the number of images in the baseline if it differs from that in the distance.
    private static func text(_ distance: Distance, baselineCount: Int?, digits: Int) -> String {
        let generated = rounded(distance.generated, digits)
        guard let baseline = distance.realBaseline else { return generated }
        let text = "\(generated), real-vs-real baseline \(rounded(baseline, digits))"
        // Distances from different numbers of images have no meaningful ratio.
        if let baselineCount { return "\(text) (N = \(baselineCount))" }
        return baseline > 0 ? "\(text), ratio \(rounded(distance.generated / baseline, 2))" : text
    }

    private static func lines(_ colors: Colors) -> [String] {
        [
            "Named colour (N = \(colors.count))",
            "  generated                  \(percent(colors.generated))",
            "  real images (upper bound)  \(percent(colors.real))",
            "  shuffled (chance)          \(percent(colors.shuffled))",
        ]
    }

    private static func lines(_ attribute: Attribute) -> [String] {
        [
            "Named \(attribute.column) (N = \(attribute.count), \(attribute.values) values)",
            "  generated                  \(percent(attribute.generated))",
            "  real images (upper bound)  \(percent(attribute.real))",
            "  chance                     \(percent(1 / Double(attribute.values)))",
        ]
    }

    private static func percent(_ share: Double) -> String { "\(rounded(share * 100, 1)) %" }

    private static func rounded(_ value: Double, _ digits: Int) -> String {
        value.isFinite ? formatted(value, digits: digits) : "undefined"
    }
}
