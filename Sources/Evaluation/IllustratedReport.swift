import Images

/// A report with images that show what its figures mean.
public struct IllustratedReport: Sendable {
    /// The figures.
    public var report: Report
    /// Up to 24 generated images at even intervals of the captions, chosen by position alone, each beside the caption's real image.
    public var samples: [Comparison]
    /// Those of `report.retrieval.worst`, each beside the caption's real image.
    public var worst: [Comparison]
    /// For each of `report.distances`, the images of its `memorization.closest`, each beside its nearest training image; empty
    /// without `memorization`.
    public var closest: [[Comparison]]

    package init(report: Report, samples: [Comparison], worst: [Comparison], closest: [[Comparison]]) {
        (self.report, self.samples, self.worst, self.closest) = (report, samples, worst, closest)
    }
}

/// A generated image beside another one.
public struct Comparison: Sendable {
    /// What the image was generated from; with synonyms, before they were replaced.
    public var caption: String
    /// The generated image.
    public var generated: Image
    /// A real image.
    public var other: Image

    package init(caption: String, generated: Image, other: Image) {
        (self.caption, self.generated, self.other) = (caption, generated, other)
    }
}
