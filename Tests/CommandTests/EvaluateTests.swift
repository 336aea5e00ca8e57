import Checkpoints
import FoundationEssentials
import TestSupport
import Testing

@Suite struct EvaluateTests {
    @Test func aTinyModelIsMeasured() throws {
        struct Report: Decodable {
            struct Row: Decodable { let mean: Double }
            struct Retrieval: Decodable { let nearestTraining: Row? }
            let model: String
            let split: String
            let omitsTrainingComparisons: Bool?
            let retrieval: Retrieval
        }
        let tiny = try Tiny.shared()
        // On the training split, because the test split of this small corpus has too few images.
        let outcome = try limn(
            "evaluate", tiny.model, "--data", tiny.corpus, "--split", "train", "--judge", tiny.judge, "--json",
            "--threads", "1", in: tiny.folder)
        #expect(outcome.ending == .exit(0), "\(outcome.err)")
        // Without the network for distances, the other measures are computed, and a message says so.
        #expect(outcome.err.contains("distances are not measured without efficientnet-lite2"))
        let report = try JSONDecoder().decode(Report.self, from: Data(outcome.out))
        #expect([report.model, report.split] == ["tiny", "train"])
        // The split is the one of the training, in which each image would be its own nearest.
        #expect(report.retrieval.nearestTraining == nil && report.omitsTrainingComparisons == true)
    }

    /// The page and the figures of one evaluation, from captions, classes and paths that are markup.
    @Test func aReportIsAPageThatShowsWhatTheFiguresSay() throws {
        struct Report: Decodable {
            struct Retrieval: Decodable {
                struct ClassRow: Decodable {
                    let name: String
                    let count: Int
                    let generated: Double
                }
                struct Failure: Decodable { let rank: Int }
                struct Row: Decodable { let mean: Double }
                let generated: Row
                let nearestTraining: Row?
                let count: Int
                let classes: [ClassRow]
                let worst: [Failure]
            }
            let retrieval: Retrieval
            let ignoredClass: String?
            let omitsTrainingComparisons: Bool?
        }
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let corpus = folder + "/<b>corpus"
            try FileManager.default.copyItem(atPath: tiny.corpus, toPath: corpus)
            // The images that count as those of the training are of one class, which is no matter of the evaluated ones.
            let rows = String(decoding: try #require(contents(corpus + "/metadata.jsonl")), as: UTF8.self)
                .split(separator: "\n").map { row in
                    row.contains(#""split":"test""#)
                        ? String(row).replacing(/"class":"[^"]*"/, with: #""class":"one""#) : String(row)
                }.joined(separator: "\n")
            let hostile = #"<script>alert('1')</script>\"><img src=x onerror=alert(2)> &amp; "#
            try put(
                rows.replacing("\"class\":\"", with: "\"class\":\"<i>").replacing(
                    "\"text\":[\"", with: "\"text\":[\"\(hostile)"),
                corpus + "/metadata.jsonl")
            func evaluate(_ more: String...) throws -> Outcome {
                try Child(
                    [
                        "evaluate", tiny.model, "--data", "<b>corpus", "--split", "train", "--judge", tiny.judge,
                        "--training-split", "test", "--json",
                    ]
                        + ["--threads", "1"] + more, in: folder
                ).finish()
            }
            try FileManager.default.createDirectory(atPath: folder + "/new", withIntermediateDirectories: true)
            try put("mine", folder + "/new/letter")
            let outcome = try evaluate("--report", "new/report")
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            #expect(outcome.talk.last == "new/report/index.html")
            #expect(try files(below: folder + "/new") == ["letter", "report/index.html", "report/report.json"])
            #expect(contents(folder + "/new/report/report.json") == outcome.out)

            let report = try JSONDecoder().decode(Report.self, from: Data(outcome.out))
            let retrieval = report.retrieval
            #expect(retrieval.nearestTraining != nil && report.ignoredClass == nil)
            #expect(report.omitsTrainingComparisons == false)
            #expect(retrieval.worst.count == 16 && retrieval.worst.allSatisfy { (1...100).contains($0.rank) })
            #expect(retrieval.worst.map(\.rank) == retrieval.worst.map(\.rank).sorted(by: >))
            #expect(retrieval.classes.reduce(0) { $0 + $1.count } == retrieval.count)
            let hits = retrieval.classes.reduce(0) { $0 + $1.generated * Double($1.count) }
            // Folds may differ in size by one.
            #expect(abs(hits / Double(retrieval.count) - retrieval.generated.mean) < 0.01)

            let page = String(decoding: try #require(contents(folder + "/new/report/index.html")), as: UTF8.self)
            // Failed expectations would print the page.
            func isOnPage(_ text: String) -> Bool { page.contains(text) }
            for markup in ["<script", "<img src=x", "<b>", "<i>", "http://", "https://"] {
                #expect(!isOnPage(markup), "\(markup)")
            }
            #expect(isOnPage("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&gt;&lt;img src=x onerror"))
            #expect(isOnPage("<th scope=\"row\">&lt;i&gt;"))
            #expect(isOnPage("--data &#39;&lt;b&gt;corpus&#39;"))
            // 24 samples and 16 worst matches, with two images each.
            #expect(page.ranges(of: "<figure>").count == 40)
            #expect(page.ranges(of: "src=\"data:image/png;base64,").count == 80)

            // The same again, except for the date; other files of the folder stay.
            #expect(try evaluate("--report", "new/report").out == outcome.out)
            let again = String(decoding: try #require(contents(folder + "/new/report/index.html")), as: UTF8.self)
            let date = /<dt>Date<\/dt><dd>[-0-9:T]*Z<\/dd>/
            let dates = page.matches(of: date).count
            #expect(dates == 1)
            let areEqual = page.replacing(date, with: "") == again.replacing(date, with: "")
            #expect(areEqual)

            // Refused before anything is computed.
            expectRefusal(
                try Child(["evaluate", "absent", "--data", "absent", "--report", "new/letter"], in: folder).finish(),
                73,
                "cannot create the folder new/letter")
        }
    }

    @Test func captionsMayBeReworded() throws {
        struct Report: Decodable {
            let reworded: Int?
            let omitsTrainingComparisons: Bool?
        }
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            try put("red crimson\ncircle disc\n", folder + "/words.txt")
            try put("red crimson\ndeep red\nsea\n", folder + "/wrong.txt")
            func evaluate(_ words: String) throws -> Outcome {
                try limn(
                    "evaluate", tiny.model, "--data", tiny.corpus, "--split", "train", "--judge", tiny.judge, "--json",
                    "--threads", "1", "--training-split", "", "--synonyms", words, in: folder)
            }
            let outcome = try evaluate("words.txt")
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            let report = try JSONDecoder().decode(Report.self, from: Data(outcome.out))
            #expect(try (1..<240).contains(#require(report.reworded)))
            // Nothing was left out that was asked for.
            #expect(report.omitsTrainingComparisons == nil)
            expectRefusal(try evaluate("wrong.txt"), 65, "wrong.txt:3: expected a word and its synonym")
        }
    }

    @Test func anEncoderTrainedAloneIsTheRuns() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            let outcome = try limn(
                "encoder", "train", tiny.recipe, "--data", tiny.corpus, "--run", "words", "--threads", "1", in: folder)
            #expect(outcome.ending == .exit(0), "\(outcome.err)")
            #expect(
                outcome.err.contains("validation pairs, each against 19 others, after 4000 images: image to text R@1 "))
            #expect(haveEqualContents(folder + "/words/encoder/encoder.safetensors", tiny.encoders))
            #expect(try !files(below: folder + "/words").contains("model.safetensors"))
        }
    }

    @Test func whatIsMissingOrWrongIsNamed() throws {
        let tiny = try Tiny.shared()
        func evaluate(_ model: String, _ more: String...) throws -> Outcome {
            try Child(["evaluate", model, "--data", tiny.corpus, "--threads", "1"] + more, in: tiny.folder).finish()
        }
        expectRefusal(
            try evaluate(tiny.model), 66,
            "\(tiny.run)/model-judge.safetensors: judge not found; train one with")
        expectRefusal(try evaluate(tiny.model, "--judge", "absent"), 66, "absent: judge not found")
        expectRefusal(try evaluate(tiny.model, "--judge", tiny.model), 65, "is not a pair of encoders")
        expectRefusal(try evaluate(tiny.model, "--judge", tiny.recipe), 65, "is not a valid safetensors file")
        expectRefusal(try evaluate("absent", "--judge", tiny.judge), 66, "absent")
        expectRefusal(
            try evaluate(tiny.model, "--judge", tiny.encoders, "--split", "train"), 64,
            "is the text encoder of tiny, which the training used; pass another judge")
        expectRefusal(
            try evaluate(tiny.model, "--judge", tiny.judge, "--split", "nowhere"), 65,
            "has no split \"nowhere\"; it has test, train")
    }

    @Test func arraysThatDoNotFitAreToldWithTheirFile() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            func evaluate(_ model: String, _ judge: String) throws -> Outcome {
                try limn(
                    "evaluate", model, "--data", tiny.corpus, "--split", "train", "--threads", "1", "--judge", judge,
                    in: folder)
            }
            try writeIncomplete(tiny.model, to: folder + "/model.safetensors")
            try writeIncomplete(tiny.judge, to: folder + "/judge.safetensors")
            expectRefusal(
                try evaluate("model.safetensors", tiny.judge), 65,
                "model.safetensors: the arrays are not this network's parameters (missing: ")
            expectRefusal(
                try evaluate(tiny.model, "judge.safetensors"), 65,
                "the pair of encoders tiny: the arrays are not this network's parameters (missing: ")
        }
    }

    /// The generation takes minutes. This model would be refused before it.
    @Test func tooFewCaptionsAreToldBeforeTheGeneration() throws {
        let tiny = try Tiny.shared()
        try withTemporaryFolder { folder in
            try writeIncomplete(tiny.model, to: folder + "/model.safetensors")
            let outcome = try limn(
                "evaluate", "model.safetensors", "--data", tiny.corpus, "--split", "test", "--threads", "1", "--judge",
                tiny.judge, in: folder)
            expectRefusal(outcome, 65, "too few captions of other classes: ")
        }
    }

    /// Copies a model or a pair of encoders without the weights of last layers.
    private func writeIncomplete(_ whole: String, to copy: String) throws {
        let file = try Safetensors(contentsOf: whole)
        let kept = file.names.filter { !$0.hasSuffix("head.weight") && !$0.hasSuffix("output.weight") }
        #expect(kept.count < file.names.count)
        try Safetensors.write(kept.compactMap { file[$0] }, metadata: file.metadata, to: copy)
    }
}

@Suite struct HelpTests {
    @Test(arguments: [
        [], ["generate"], ["train"], ["evaluate"], ["profile"], ["corpus"], ["corpus", "shapes"], ["corpus", "check"],
        ["vocabulary"], ["vocabulary", "train"], ["vocabulary", "encode"], ["vocabulary", "decode"],
        ["vocabulary", "show"], ["encoder"], ["encoder", "train"], ["encode"], ["similarity"],
    ])
    func everyCommandExplainsItselfByExamples(command: [String]) throws {
        try withTemporaryFolder { folder in
            let outcome = try Child(command + ["--help"], in: folder).finish()
            #expect(outcome.ending == .exit(0))
            #expect(outcome.err.isEmpty)
            let lines = outcome.text.split(separator: "\n")
            let heading = try #require(lines.firstIndex { $0.contains(/^\s*examples?:?$/.ignoresCase()) })
            let example = (["limn"] + command).joined(separator: " ")
            #expect(lines[(heading + 1)...].contains { $0.hasPrefix("  \(example) ") }, "\(outcome.text)")
        }
    }

    @Test func whatIsNoCommandOrOptionIsBadUsage() throws {
        try withTemporaryFolder { folder in
            for arguments in [["draw"], ["generate", "--colour", "red"], ["generate", "red", "-n", "0"]] {
                let outcome = try Child(arguments, in: folder).finish()
                #expect(outcome.ending == .exit(64))
                #expect(outcome.out.isEmpty)
                #expect(outcome.err.hasPrefix("Error: "))
            }
            #expect(try files(below: folder).isEmpty)
        }
    }
}
