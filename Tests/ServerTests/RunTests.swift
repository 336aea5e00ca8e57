import Checkpoints
import FoundationEssentials
import Images
import JSON
import Server
import TestSupport
import Testing

/// A folder of runs with one run, `mine`.
private struct Runs {
    let folder: TemporaryFolder
    var path: String { folder.path + "/runs" }

    init(statistics: [String] = [], evaluation: [String] = []) throws {
        folder = try TemporaryFolder()
        let run = folder.path + "/runs/mine"
        try FileManager.default.createDirectory(atPath: run + "/encoder", withIntermediateDirectories: true)
        try "gan:\n  images: 5000\n".write(toFile: run + "/recipe.yaml", atomically: true, encoding: .utf8)
        try lines(statistics).write(toFile: run + "/stats.jsonl", atomically: true, encoding: .utf8)
        try lines(evaluation).write(toFile: run + "/evaluation.jsonl", atomically: true, encoding: .utf8)
        try "one\ntwo\n".write(toFile: run + "/log.txt", atomically: true, encoding: .utf8)
        let png = Data(try Image(width: 1, height: 1, pixels: [1, 2, 3]).pngData())
        for name in ["reals.png", "fakes-000001000.png", "fakes-000002000.png"] {
            try png.write(to: URL(filePath: "\(run)/\(name)"))
        }
        try png.write(to: URL(filePath: folder.path + "/secret.png"))
    }

    private func lines(_ rows: [String]) -> String { rows.map { $0 + "\n" }.joined() }
}

@Suite(.timeLimit(.minutes(10))) struct RunTests {
    @Test func aRunIsShownAsItsFilesSay() async throws {
        let runs = try Runs(
            statistics: [#"{"images": 1000, "images_per_second": 50}"#, #"{"images": 2000, "images_per_second": 100}"#])
        let server = try TestServer(runs: runs.path)
        let list = try await server.send("GET", "/v1/limn/runs").json.objects("runs")
        #expect(try list.map { try $0.string("name") } == ["mine"])
        #expect(try list[0].integer("images") == 2000)
        #expect(try list[0].integer("total") == 5000)
        let run = try await server.send("GET", "/v1/limn/runs/mine").json
        #expect(try run.boolean("running") == false)
        #expect(try run.number("images_per_second") == 100)
        #expect(run.optional("eta_seconds") == nil)
        #expect(
            try run.objects("grids").map { try $0.string("name") } == ["fakes-000001000.png", "fakes-000002000.png"])
        #expect(try run.string("log_tail") == "one\ntwo\n")
        #expect(try run.objects("warnings").isEmpty)
        let grid = try await server.send("GET", "/v1/limn/runs/mine/grids/fakes-000001000.png")
        #expect(grid.headers["content-type"] == "image/png")
        #expect(try Image(decoding: grid.body, named: "grid.png").width == 1)
    }

    /// A training is finished when it has its last checkpoint, and one of encoders alone when it has its result.
    @Test func aTrainingIsFinishedAtItsEnd() async throws {
        let runs = try Runs(statistics: [#"{"images": 4800}"#])
        let server = try TestServer(runs: runs.path)
        func run() async throws -> JSONFields { try await server.send("GET", "/v1/limn/runs").json.objects("runs")[0] }
        #expect(try await run().boolean("finished") == false)
        // The last row of statistics may come before the end.
        for (checkpoint, images) in [("000004000", 4800), ("000005000", 5000)] {
            try put("", "\(runs.path)/mine/checkpoint-\(checkpoint).safetensors")
            let details = try await server.send("GET", "/v1/limn/runs/mine").json
            for answer in [try await run(), details] {
                #expect(try answer.boolean("finished") == (images == 5000))
                #expect(try answer.integer("images") == images)
            }
        }
        try put("task: contrastive\nencoder: {images: 700}\n", "\(runs.path)/mine/recipe.yaml")
        try put(#"{"images": 600}"# + "\n", "\(runs.path)/mine/encoder/stats.jsonl")
        let encoders = try await run()
        #expect(try encoders.boolean("finished") == false)
        #expect(try encoders.integer("images") == 600 && encoders.integer("total") == 700)
        try put("", "\(runs.path)/mine/encoder/encoder.safetensors")
        #expect(try await run().boolean("finished"))
        #expect(try await server.send("GET", "/v1/limn/runs/mine").json.boolean("finished"))
    }

    @Test func aTrainingThatRunsHasATimeToGo() async throws {
        let runs = try Runs(statistics: [#"{"images": 2000, "images_per_second": 100}"#])
        let training = try RunDirectory(opening: runs.path + "/mine")
        let run = try await TestServer(runs: runs.path).send("GET", "/v1/limn/runs/mine").json
        #expect(try run.boolean("running"))
        #expect(try run.number("eta_seconds") == 30)
        withExtendedLifetime(training) {}
    }

    @Test func rowsAreThoseAfterANumberOfImagesAndCompleteOnes() async throws {
        let rows = (1...5000).map { #"{"images": \#($0), "loss": 0.5, "bad": null}"# }
        let runs = try Runs(statistics: rows + [#"{"images": 5001, "lo"#])
        let server = try TestServer(runs: runs.path)
        func images(_ query: String) async throws -> [Int] {
            let answer = try await server.send("GET", "/v1/limn/runs/mine/statistics" + query).json
            return try answer.objects("rows").map { try $0.integer("images") }
        }
        #expect(try await images("?after=4998") == [4999, 5000])
        let thinned = try await images("")
        #expect(thinned.count == 2000)
        #expect(thinned.last == 5000)
        #expect(try await images("?stage=encoder") == [])
        for query in ["?stage=other", "?after=x"] {
            #expect(try await server.send("GET", "/v1/limn/runs/mine/statistics" + query).status == 400)
        }
    }

    @Test(arguments: [
        "/v1/limn/runs/..", "/v1/limn/runs/%2e%2e", "/v1/limn/runs/..%2f..", "/v1/limn/runs/%2fetc",
        "/v1/limn/runs/mine%00",
        "/v1/limn/runs/mine/grids/..%2f..%2fsecret.png", "/v1/limn/runs/mine/grids/recipe.yaml",
        "/v1/limn/runs/mine/grids/fakes-..%2f..%2fsecret.png", "/v1/limn/runs/mine/grids/fakes-000003000.png",
        "/v1/limn/runs/mine/../../secret.png", "/../../etc/passwd", "/v1/limn/runs/other",
    ])
    func noPathLeadsOutOfTheRuns(_ path: String) async throws {
        let runs = try Runs()
        #expect(try await TestServer(runs: runs.path).send("GET", path).status == 404)
    }

    @Test func withoutRunsThereAreNone() async throws {
        #expect(try await TestServer().send("GET", "/v1/limn/runs").status == 404)
        let alone = try Runs()
        for path in ["/mine", "/mine/.", "/mine/encoder/../"] {
            let single = try TestServer(runs: alone.path + path)
            #expect(try await single.send("GET", "/v1/limn/runs").json.objects("runs").count == 1)
            #expect(try await single.send("GET", "/v1/limn/runs/mine").status == 200)
        }
    }

    @Test(arguments: [
        ("divergence", [#"{"images": 1, "skipped": 0, "loss": null}"#], [String]()),
        ("divergence", [#"{"images": 1, "skipped": 0}"#, #"{"images": 2, "skipped": 3}"#], []),
        ("divergence", [#"{"images": 1, "skipped": 0}"#, #"{"images": 2, "skipped": 1e300}"#], []),
        ("overfitting", [], (1...3).map { #"{"images": \#($0), "logits.training": 2, "logits.validation": 0.5}"# }),
        ("overfitting", [], [50, 40, 45, 46, 47].enumerated().map { #"{"images": \#($0), "frechet": \#($1)}"# }),
        ("collapse", [], [#"{"images": 1, "diversity": 0.3}"#]),
    ])
    func signsOfTroubleAreWarnedOf(_ kind: String, _ statistics: [String], _ evaluation: [String]) async throws {
        let runs = try Runs(statistics: statistics, evaluation: evaluation)
        let warnings = try await TestServer(runs: runs.path).send("GET", "/v1/limn/runs/mine").json.objects("warnings")
        #expect(try warnings.map { try $0.string("kind") } == [kind])
    }

    @Test func aHealthyRunHasNoWarnings() async throws {
        let runs = try Runs(
            statistics: (1...20).map { #"{"images": \#($0), "skipped": 3, "loss": 1.5, "images_per_second": 2}"# },
            evaluation: (1...6).map {
                #"{"images": \#($0), "frechet": \#(60 - $0), "diversity": 0.8, "logits.training": 1, "logits.validation": 0.4}"#
            })
        let run = try await TestServer(runs: runs.path).send("GET", "/v1/limn/runs/mine").json
        #expect(try run.objects("warnings").isEmpty)
    }
}
