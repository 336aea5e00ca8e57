extension IllustratedReport {
    /// How a report was made, for its head.
    public struct Origin: Sendable {
        /// The command as it was typed.
        public var command: String
        /// Limn's version.
        public var version: String
        /// The model's path.
        public var model: String
        /// The path of the data.
        public var data: String
        /// Seed of the evaluation.
        public var seed: UInt64
        /// A summary of the device.
        public var device: String
        /// When it was made, for reading.
        public var date: String

        /// The origin of a report.
        public init(
            command: String, version: String, model: String, data: String, seed: UInt64, device: String, date: String
        ) {
            (self.command, self.version, self.model, self.data) = (command, version, model, data)
            (self.seed, self.device, self.date) = (seed, device, date)
        }
    }

    /// One HTML page that needs no other file, no network and no script. Equal reports and origins give equal pages.
    /// - Throws: `ImageError`.
    public func page(_ origin: Origin) throws -> String {
        let html: HTML = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(report.model): evaluation on \(report.split)</title>
            <style>
            \(reportStyle)
            </style>
            </head>
            <body>
            <header>
            <h1>\(report.model): evaluation on \(report.split)</h1>
            \(summary)\(head(origin))</header>
            <main>
            \(try samplesSection)\(retrievalSection)\(try worstSection)\(try distancesSections)\(colorsSection)\(attributeSection)\
            \(classesSection)</main>
            <footer><p>Images of more than \(HTML.largestSide) pixels are reduced. All figures are in <code>report.json</code>.</p></footer>
            </body>
            </html>

            """
        return html.markup
    }

    // MARK: Head

    private var summary: HTML {
        let retrieval = report.retrieval
        return """
            <p class="summary">For <strong>\(percent(retrieval.generated.mean))</strong> of \(retrieval.count) captions, the image \
            generated from a caption is more similar to it than to any of 99 captions of other classes. Real images reach \
            \(percent(retrieval.real.mean)), and chance is \(percent(retrieval.shuffled.mean)).</p>

            """
    }

    private func head(_ origin: Origin) -> HTML {
        var entries: [(String, HTML)] = [
            ("Model", "\(report.model) <small>\(origin.model)</small>"),
            ("Data", "\(origin.data), split \(report.split)"),
            ("Judge", "\(report.judge)"),
        ]
        if !report.distances.isEmpty {
            entries.append(("Features", "\(report.distances.map(\.features).joined(separator: ", "))"))
        }
        if let reworded = report.reworded { entries.append(("Prompts", "\(reworded) captions reworded by synonyms")) }
        if let ignored = report.ignoredClass {
            entries.append(
                ("Classes", "ignored, since more than three quarters of the images are of the class “\(ignored)”"))
        }
        if report.omitsTrainingComparisons == true {
            entries.append(
                (
                    "Left out",
                    """
                    real-vs-real baseline and nearest training images, since the images are not known to be separate \
                    from the training split
                    """
                ))
        }
        entries += [
            ("Date", "\(origin.date)"),
            ("Version", "limn \(origin.version), \(origin.device), seed \("\(origin.seed)")"),
            ("Command", "<code>\(origin.command)</code>"),
        ]
        let rows: [HTML] = entries.map { "<dt>\($0)</dt><dd>\($1)</dd>\n" }
        return "<dl>\n\(rows)</dl>\n"
    }

    // MARK: Examples

    private var samplesSection: HTML {
        get throws {
            """
            <section>
            <h2>Samples</h2>
            <p>\(samples.count) of \(report.retrieval.count) captions at even intervals, not selected by result: the generated \
            image on the left, the caption’s real image on the right. The noise of an image is determined by its position.</p>
            <div class="pairs">
            \(try samples.map { try HTML.pair($0, other: "real image", note: "") })</div>
            </section>

            """
        }
    }

    private var worstSection: HTML {
        get throws {
            let failures = report.retrieval.worst ?? []
            let pairs = try zip(worst, failures).map { pair, failure in
                try HTML.pair(pair, other: "real image", note: "rank \(failure.rank) of 100")
            }
            return """
                <section>
                <h2>Worst matches</h2>
                <p>The \(pairs.count) generated images whose own captions rank lowest, according to the judge: generated on the \
                left, the caption’s real image on the right.</p>
                <div class="pairs">
                \(pairs)</div>
                </section>

                """
        }
    }

    // MARK: Figures

    private var retrievalSection: HTML {
        let retrieval = report.retrieval
        func row(_ name: HTML, _ row: Report.Retrieval.Row?, isOwn: Bool = false) -> [[HTML]] {
            guard let row else { return [] }
            let text = "\(percent(row.mean)) ± \(fixed(100 * row.deviation, 1))"
            return [[name, "\(text)", HTML.bar(row.mean, deviation: row.deviation, isOwn: isOwn)]]
        }
        return """
            <section>
            <h2>Match with the captions</h2>
            \(HTML.table(
                "R-precision: how often the own caption is the most similar of 1 + 99 captions of other classes; \(retrieval.count) captions",
                ["Images", "Share ± deviation", "0 to 100 %"],
                row("generated images", retrieval.generated, isOwn: true) + row("real images", retrieval.real)
                    + row("nearest training images", retrieval.nearestTraining)
                    + row("shuffled captions (chance)", retrieval.shuffled)))\
            <p>Deviations are standard deviations over ten folds. A nearest training image is the one with the most similar caption, \
            as of a generator that only copies. A generator that was trained to match captions may exceed real images.</p>
            </section>

            """
    }

    private var distancesSections: HTML {
        get throws {
            guard !report.distances.isEmpty else {
                return "<section>\n<h2>Distances</h2>\n<p>Not measured, without a feature network.</p>\n</section>\n\n"
            }
            return "\(try report.distances.indices.map(distancesSection))"
        }
    }

    private func distancesSection(_ index: Int) throws -> HTML {
        let space = report.distances[index]
        func distance(_ name: HTML, _ distance: Report.Distance, _ digits: Int) -> [HTML] {
            let count = space.baselineCount.map { " (N = \($0))" } ?? ""
            let baseline = distance.realBaseline.map { fixed($0, digits) + count } ?? "–"
            return [
                name, "\(fixed(distance.generated, digits))", "\(baseline)",
                "lower is better; real training images as reference",
            ]
        }
        var rows: [[HTML]] = [
            distance("Fréchet distance", space.frechet, 2), distance("kernel distance × 1000", space.kernel, 3),
            ["precision", "\(percent(space.precision))", "–", "share of generated images that are near real ones"],
            ["recall", "\(percent(space.recall))", "–", "share of real images that are near generated ones"],
        ]
        if let diversity = space.diversity {
            rows.append([
                "diversity", "\(fixed(diversity, 2))", "1",
                "distance between images of one caption, as a share of that between real images of one class",
            ])
        }
        if let memorization = space.memorization {
            rows += [
                [
                    "nearest training image", "\(fixed(memorization.ratio, 2))", "1",
                    "median distance, as a share of that of real images; far below 1 is memorization",
                ],
                [
                    "suspects", "\(percent(memorization.suspects))", "1 %",
                    "share of generated images nearer to a training image than 99 % of real ones are",
                ],
            ]
        }
        return """
            <section>
            <h2>Distances in the features of \(space.features)</h2>
            \(HTML.table(
                "\(space.count) generated and \(space.count) real images", ["Measure", "Generated", "Real", "Meaning"], rows))\
            \(try closestPairs(index))</section>

            """
    }

    private func closestPairs(_ index: Int) throws -> HTML {
        guard let memorization = report.distances[index].memorization else { return "" }
        let pairs = try zip(closest[index], memorization.closest).map { pair, match in
            try HTML.pair(pair, other: "training image", note: "distance \(fixed(match.distance, 2))")
        }
        return """
            <h3>Nearest training images</h3>
            <p>The \(pairs.count) generated images that are nearest to a training image: generated on the left, the training \
            image on the right. A copied training image would appear as two equal images.</p>
            <div class="pairs">
            \(pairs)</div>

            """
    }

    private var colorsSection: HTML {
        guard let colors = report.colors else { return "" }
        let all = [
            Self.row("all", colors.count, colors.generated, colors.real)
        ]
        let rows = (colors.perColor ?? []).map { Self.row("\($0.color)", $0.count, $0.generated, $0.real) }
        return """
            <section>
            <h2>Named colours</h2>
            \(HTML.table(
                "How often the dominant colour of an image is one that its caption names; shuffled captions (chance): \(percent(colors.shuffled))",
                ["Colour", "Captions", "Generated", "Real"], all + rows))\
            <p>A caption that names several colours counts for each.</p>
            </section>

            """
    }

    private var attributeSection: HTML {
        guard let attribute = report.attribute else { return "" }
        return """
            <section>
            <h2>Named \(attribute.column)</h2>
            \(HTML.table(
                "How often the judge finds an image most similar to its caption among those with each of the \(attribute.values) values; chance: \(percent(1 / Double(attribute.values)))",
                ["", "Captions", "Generated", "Real"],
                [Self.row("all", attribute.count, attribute.generated, attribute.real)]))\
            </section>

            """
    }

    /// Corpora may have more classes than anyone reads.
    private static let mostClasses = 300

    private var classesSection: HTML {
        guard let classes = report.retrieval.classes else { return "" }
        let sorted = classes.enumerated().sorted { ($0.1.generated, $0.0) < ($1.1.generated, $1.0) }.map(\.1)
        let shown = sorted.prefix(Self.mostClasses)
        let note = shown.count < sorted.count ? "; the lowest \(shown.count) of \(sorted.count) classes" : ""
        return """
            <section>
            <h2>Classes</h2>
            <details open><summary>\(sorted.count) classes, the lowest first</summary>
            \(HTML.table(
                "R-precision of each class\(note)", ["Class", "Captions", "Generated", "Real"],
                shown.map { Self.row("\(String($0.name.prefix(80)))", $0.count, $0.generated, $0.real) }))</details>
            </section>

            """
    }

    private static func row(_ name: HTML, _ count: Int, _ generated: Double, _ real: Double) -> [HTML] {
        func cell(_ share: Double, isOwn: Bool) -> HTML {
            "<span class=\"number\">\(percent(share))</span> \(HTML.bar(share, isOwn: isOwn))"
        }
        return [name, "\(count)", cell(generated, isOwn: true), cell(real, isOwn: false)]
    }
}
