import Checkpoints
import NIOHTTP1
import Tasks

/// The endpoints behind the dashboard: runs with their statistics, evaluations and sample grids.
struct RunsAPI: Sendable {
    /// nil if the server shows no runs.
    let folder: RunFolder?

    /// Most rows of an answer.
    private static let rows = 2000

    var endpoints: [Endpoint] {
        [
            Endpoint(.GET, "/v1/limn/runs") { _, _ in try .json(List(runs: runs().runs.map(summary))) },
            Endpoint(.GET, "/v1/limn/runs/{run}") { _, parameters in try .json(details(parameters[0])) },
            Endpoint(.GET, "/v1/limn/runs/{run}/statistics") { request, parameters in
                try statistics(run(parameters[0]), request)
            },
            Endpoint(.GET, "/v1/limn/runs/{run}/evaluation") { _, parameters in
                let run = try run(parameters[0])
                let evaluation = run.rows(of: RunDirectory.evaluationName).after(-1, limit: RunsAPI.rows)
                let retrieval = run.rows(of: RunReader.Stage.encoder.path(of: RunDirectory.retrievalName))
                    .after(-1, limit: RunsAPI.rows)
                return HTTPResponse(
                    type: "application/json", headers: RunsAPI.headers,
                    body: .bytes(
                        Array(#"{"rows":"#.utf8) + RunRows.list(evaluation) + Array(#","retrieval":"#.utf8)
                            + RunRows.list(retrieval) + [UInt8(ascii: "}")]))
            },
            Endpoint(.GET, "/v1/limn/runs/{run}/grids/{grid}") { _, parameters in
                HTTPResponse(
                    type: "image/png", headers: ["cache-control": "private, max-age=60"],
                    body: .bytes(try run(parameters[0]).grid(parameters[1])))
            },
        ]
    }

    private static let headers: HTTPHeaders = ["cache-control": "no-store"]

    private func runs() throws -> RunFolder {
        guard let folder else { throw APIError.notFound("the server shows no runs; start it with --runs DIR") }
        return folder
    }

    private func run(_ name: String) throws -> RunReader { RunReader(try runs().path(of: name)) }

    // MARK: Answers

    private struct Summary: Encodable {
        let name: String
        let images: Int
        let total: Int?
        let updated: Int
        let running: Bool
        let finished: Bool
    }

    private struct List: Encodable {
        let runs: [Summary]
    }

    private struct Details: Encodable {
        struct Grid: Encodable {
            let images: Int
            let name: String
        }
        let name: String
        let running: Bool
        let finished: Bool
        let images: Int
        let total: Int?
        let imagesPerSecond: Double?
        let etaSeconds: Double?
        let recipe: String
        let stages: [String]
        let grids: [Grid]
        let hasReals: Bool
        let snapshots: [Int]
        let warnings: [RunWarning]
        let logTail: String
    }

    private func summary(_ found: (name: String, path: String)) -> Summary {
        let run = RunReader(found.path)
        let stage = run.lastStage
        return Summary(
            name: found.name, images: run.imagesSeen(stage), total: run.total(stage), updated: run.updated,
            running: run.isRunning, finished: run.isFinished(stage))
    }

    private func details(_ name: String) throws -> Details {
        let run = try run(name)
        let stage = run.lastStage
        let rows = run.rows(of: stage.statistics).rows
        let evaluation = run.rows(of: RunDirectory.evaluationName).rows
        let (total, isRunning) = (run.total(stage), run.isRunning)
        let (images, rate) = (run.imagesSeen(stage), rows.last?.values["images_per_second"] ?? nil)
        var eta: Double?
        if let total, let rate, rate > 0, isRunning { eta = max(0, Double(total - images) / rate) }
        return Details(
            name: name, running: isRunning, finished: run.isFinished(stage), images: images, total: total,
            imagesPerSecond: rate, etaSeconds: eta,
            recipe: String(decoding: run.contents(RunDirectory.recipeName) ?? [], as: UTF8.self),
            stages: run.stages.map(\.rawValue),
            grids: run.times(of: "fakes", ".png").map {
                Details.Grid(images: $0, name: RunDirectory.fakesName(imagesSeen: $0))
            },
            hasReals: run.has(RunDirectory.realsName), snapshots: run.times(of: "snapshot", ".safetensors"),
            warnings: RunWarning.all(
                statistics: rows, evaluation: evaluation, idleSeconds: isRunning ? unixTime() - run.updated : nil),
            logTail: run.logTail)
    }

    private func statistics(_ run: RunReader, _ request: HTTPRequest) throws -> HTTPResponse {
        let name = request.queryValue("stage") ?? RunReader.Stage.gan.rawValue
        guard let stage = RunReader.Stage(rawValue: name) else {
            throw APIError.badRequest("stage is \(name.prefix(40)), expected gan or encoder")
        }
        let after = request.queryValue("after") ?? "-1"
        guard let images = Int(after) else {
            throw APIError.badRequest("after is \(after.prefix(40)), expected a number")
        }
        let rows = run.rows(of: stage.statistics).after(images, limit: RunsAPI.rows)
        return HTTPResponse(
            type: "application/json", headers: RunsAPI.headers,
            body: .bytes(Array(#"{"rows":"#.utf8) + RunRows.list(rows) + [UInt8(ascii: "}")]))
    }
}
