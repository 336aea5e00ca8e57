import Evaluation
import FoundationEssentials
import Images
import Testing

/// The page of a report.
@Suite struct ReportPageTests {
    private static let hostile = "<script>alert('1')</script>\"><img src=x> & \u{0} \u{202E}\n"
    private static let escaped =
        "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&gt;&lt;img src=x&gt; &amp; \u{FFFD} \u{202E} "

    /// A page whose texts are all `text`, of images with `side` pixels.
    /// - Parameter caption: nil is `text`, too.
    private func page(
        _ text: String = "", caption: String? = nil, side: Int = 2, distances: Int = 1, classes: Int = 3,
        omitsTrainingComparisons: Bool = false
    ) throws -> String {
        let quoted = String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
        let row = #"{"mean": 0.51449, "deviation": 0.01}"#
        let classRows = (0..<classes).map {
            "{\"name\": \(quoted), \"count\": 10, \"generated\": \(Double($0) / Double(classes)), \"real\": 1}"
        }
        let space = """
            {"features": \(quoted), "count": 10, "frechet": {"generated": 6.004, "realBaseline": 4},
             "kernel": {"generated": -0.25}, "precision": 0.5, "recall": 1,
             "memorization": {"ratio": 0.9, "suspects": 0.02,
                "closest": [{"caption": \(quoted), "trainingImage": \(quoted), "distance": 1.5}]}}
            """
        let json = """
            {"model": \(quoted), "judge": \(quoted), "split": \(quoted), "ignoredClass": \(quoted),
             "omitsTrainingComparisons": \(omitsTrainingComparisons),
             "retrieval": {"generated": \(row), "real": \(row), "shuffled": \(row), "count": 20,
                "classes": [\(classRows.joined(separator: ","))],
                "worst": [{"caption": \(quoted), "image": \(quoted), "rank": 93}]},
             "distances": [\(Array(repeating: space, count: distances).joined(separator: ","))],
             "colors": {"generated": 0.5, "real": 0.75, "shuffled": 0.25, "count": 8,
                "perColor": [{"color": \(quoted), "count": 8, "generated": 0.5, "real": 0.75}]},
             "attribute": {"column": \(quoted), "values": 4, "generated": 0.5, "real": 0.75, "count": 9}}
            """
        let image = Image(width: side, height: side, color: RGB(200, 10, 90))
        let pair = Comparison(caption: caption ?? text, generated: image, other: image)
        let illustrated = IllustratedReport(
            report: try JSONDecoder().decode(Report.self, from: Data(json.utf8)), samples: [pair, pair], worst: [pair],
            closest: Array(repeating: [pair], count: distances))
        return try illustrated.page(
            .init(command: text, version: text, model: text, data: text, seed: .max, device: text, date: text))
    }

    private func texts(between start: String, and end: String, in page: String) -> [Substring] {
        page.split(separator: start).dropFirst().map { $0.split(separator: end, maxSplits: 1)[0] }
    }

    @Test func textsAreNeverMarkup() throws {
        let (page, plain) = (try page(Self.hostile), try page())
        // The same tags as with empty texts, whatever the texts.
        #expect(page.matches(of: /<[^>]*>/).map(\.output) == plain.matches(of: /<[^>]*>/).map(\.output))
        // Title and heading 4, head 11, captions 4, network 1, colour 1, attribute 1, classes 3.
        #expect(page.ranges(of: Self.escaped).count == 25)
        #expect(!page.unicodeScalars.contains("\u{0}"))
    }

    @Test func figuresHaveFixedDigitsAndReferences() throws {
        let page = try page("a")
        for text in [
            "<td>51.4 % ± 1.0</td>", "<td>6.00</td><td>4.00</td>", "<td>−0.250</td><td>–</td>", "rank 93 of 100",
            "distance 1.50", "seed 18446744073709551615", "shuffled captions (chance): 25.0 %",
        ] { #expect(page.contains(text), "\(text)") }
        #expect(page.ranges(of: "<figure>").count == 4)
        // One table for R-precision, distances, colours, the attribute and classes, each with a caption and row headings.
        #expect(page.ranges(of: "<table>").count == 5 && page.ranges(of: "<caption>").count == 5)
        #expect(page.ranges(of: "alt=\"").count == page.ranges(of: "<img ").count)
        #expect(try self.page(distances: 0).contains("Not measured, without a feature network."))
        let leftOut = """
            <dt>Left out</dt><dd>real-vs-real baseline and nearest training images, since the images are not known to \
            be separate from the training split</dd>
            """
        #expect(try !page.contains(leftOut) && self.page(omitsTrainingComparisons: true).contains(leftOut))
    }

    @Test func thePageNeedsNothingElse() throws {
        let page = try page("a")
        #expect(page.contains("content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'"))
        let tags = page.matches(of: /<[^>]*>/).map(\.output) + texts(between: "<style>", and: "</style>", in: page)
        for reference in ["http:", "https:", "url(", "@import", "<link", "<script", "<iframe", " style=\"", " on"] {
            #expect(!tags.contains { $0.contains(reference) }, "\(reference)")
        }
        #expect(page.matches(of: /src="([^"]{22})/).allSatisfy { $0.output.1 == "data:image/png;base64," })
    }

    /// Long captions, large images and many classes do not make pages of any size.
    @Test func aPageIsBounded() throws {
        let page = try page("a", caption: String(repeating: "é", count: 100_000), side: 400, classes: 1000)
        #expect(page.utf8.count < 300_000)
        #expect(page.contains("width=\"128\" height=\"128\""))
        #expect(!page.contains("width=\"400\""))
        #expect(page.contains("the lowest 300 of 1000 classes"))
        let captions = page.matches(of: /<span dir="auto">([^<]*)</).map(\.output.1)
        #expect(captions.count == 4 && captions.allSatisfy { $0.count == 301 && $0.hasSuffix("…") })
    }
}
