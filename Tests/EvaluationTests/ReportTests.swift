import Evaluation
import FoundationEssentials
import Testing

/// The text of a report.
@Suite struct ReportTests {
    private func table(baselineCount: Int? = nil, omitsTrainingComparisons: Bool? = nil) throws -> [String] {
        let row = #"{"mean": 0.5, "deviation": 0.01}"#
        let distance = #"{"generated": 6, "realBaseline": 4}"#
        let count = baselineCount.map { "\"baselineCount\": \($0)," } ?? ""
        let omitted = omitsTrainingComparisons.map { "\"omitsTrainingComparisons\": \($0)," } ?? ""
        let json = """
            {"model": "m", "judge": "j", "split": "test", \(omitted)
             "retrieval": {"generated": \(row), "real": \(row), "shuffled": \(row), "count": 20},
             "distances": [{"features": "f", "count": 10, \(count) "frechet": \(distance), "kernel": \(distance),
                            "precision": 0.5, "recall": 0.5}],
             "colors": {"generated": 0.5, "real": 0.75, "shuffled": 0.25, "count": 8},
             "attribute": {"column": "style", "values": 4, "generated": 0.5, "real": 0.75, "count": 9}}
            """
        return try JSONDecoder().decode(Report.self, from: Data(json.utf8)).table.split(separator: "\n").map(
            String.init)
    }

    @Test func referencesAreNamed() throws {
        let lines = try table()
        #expect(lines[0] == "m on test, scored by j")
        #expect(lines.count { $0.contains("real images (upper bound)") } == 3)
        #expect(lines.contains("Named style (N = 9, 4 values)"))
        #expect(lines.contains("  chance                     25.0 %"))
        #expect(lines.count { $0.contains("shuffled (chance)") } == 2)
        #expect(lines.contains("  Fréchet distance           6.0, real-vs-real baseline 4.0, ratio 1.5"))
    }

    /// A smaller training split gives a baseline of fewer images, which has its own count and no ratio.
    @Test func aSmallerBaselineStatesItsCount() throws {
        let lines = try table(baselineCount: 7)
        #expect(lines.contains("In the features of f (N = 10 each)"))
        #expect(lines.contains("  Fréchet distance           6.0, real-vs-real baseline 4.0 (N = 7)"))
        #expect(lines.contains("  kernel distance · 1000     6.0, real-vs-real baseline 4.0 (N = 7)"))
    }

    /// Without comparisons with training images, a line names the reason and the remedy, unless no training split was given.
    @Test func whatIsLeftOutIsSaid() throws {
        let line =
            "the real-vs-real baseline and the nearest training images are left out: the evaluated images are not "
            + "known to be separate from the training split; evaluate another split"
        #expect(try table(omitsTrainingComparisons: true)[1] == line)
        for other in [false, nil] {
            #expect(try !table(omitsTrainingComparisons: other).contains(line))
        }
    }
}
