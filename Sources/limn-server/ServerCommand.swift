import ArgumentParser
import Basics
import CommandSupport
import Dispatch
import Execution
import Files
import FoundationEssentials
import Glibc
import Inference
import Models
import Server
import Training

@main
struct ServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limn serve", abstract: "Serve models and training runs over HTTP.",
        discussion: """
            http://HOST:PORT/ is a playground, /runs a dashboard of training runs, /v1/images/generations OpenAI's API, \
            /sdapi/v1/txt2img that of AUTOMATIC1111's interface; /openapi.json describes all endpoints, /metrics is for \
            Prometheus. docs/serving.md has examples. SIGTERM and Ctrl-C let accepted requests finish.

            EXAMPLES
              limn serve
              limn serve --model models/flowers-64.safetensors --model runs/mine \\
                --runs runs
              limn serve --host 0.0.0.0 --port 80 --api-key-file keys.txt
            """,
        version: "limn \(Release.version)")

    @Option(
        help: """
            A model, a safetensors file or a run directory; may be repeated, the first is the default. Without, $LIMN_MODEL \
            or models/flowers-64.safetensors.
            """)
    var model: [String] = []

    @Option(help: "The address to listen on: 0.0.0.0 for all networks of this machine.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 for any that is free.")
    var port = 8080

    @Option(
        help: ArgumentHelp(
            "A file with one API key per line, of which requests must present one.", valueName: "file"))
    var apiKeyFile: String?

    @Option(help: ArgumentHelp("A folder of training runs to show at /runs, or one run directory.", valueName: "dir"))
    var runs: String?

    @OptionGroup var pretrained: PretrainedEncoderOption

    @Option(help: "Images that may wait; further requests are answered with 429.")
    var queue = 1024

    @OptionGroup var device: DeviceOptions

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("--port is \(port); expected 0 to 65535.") }
        guard (64...1_000_000).contains(queue) else {
            throw ValidationError("--queue is \(queue); expected 64 to 1000000.")
        }
        if pretrained.encoder != nil && model.count > 1 {
            throw ValidationError("--encoder is for a single --model; put each encoder next to its model instead.")
        }
        for (flag, value) in [("--host", host), ("--api-key-file", apiKeyFile), ("--runs", runs)]
        where value == "" { throw ValidationError("\(flag) is empty; is a shell variable unset?") }
        if model.contains("") { throw ValidationError("--model is empty; is a shell variable unset?") }
    }

    static func main() { runProgram() }

    func run() throws {
        let stopping = DispatchSemaphore(value: 0)
        let interruption = Interruption { stopping.signal() }
        signal(SIGPIPE, SIG_IGN)
        // Threads of OpenMP, which oneDNN uses, wait without occupying a processor that the PNG encoder and the network need.
        setenv("OMP_WAIT_POLICY", "passive", 0)
        let keys = try apiKeyFile.map(readKeys)
        if let runs { try requireFolder(runs) }
        let service = try startService()
        var limits = ServerLimits()
        limits.queue = queue
        let server = try LimnServer(
            service, keys: keys, runs: runs, limits: limits, version: Release.version,
            log: Terminal.isInteractive ? .text : .json)
        let listener = try server.listen(host: host, port: port)
        let names = service.models.map { "\($0.id) (\($0.side)×\($0.side))" }.joined(separator: ", ")
        let shown = host.contains(":") ? "[\(host)]" : host
        Terminal.say("\(names) at http://\(shown):\(listener.port)\(runs == nil ? "" : ", runs at /runs")")
        if keys == nil && !LimnServer.isLocal(host) {
            Terminal.say("anyone who reaches this address can generate images; --api-key-file requires a key")
        }
        withExtendedLifetime(interruption) { stopping.wait() }
        Terminal.say("stopping; accepted requests finish")
        try listener.stop(within: 30)
    }

    /// Loads the models and starts the thread that generates.
    private func startService() throws -> GenerationService {
        let paths = try model.isEmpty ? [ModelLocation.find(nil)] : model.map { try ModelLocation.find($0) }
        var taken: Set<String> = []
        let sources = try paths.map { path in
            let model = try Model(contentsOf: path)
            // Models of one name, such as those of several runs, get numbers.
            var (id, number) = (model.configuration.name, 1)
            while !taken.insert(id).inserted {
                number += 1
                id = "\(model.configuration.name)-\(number)"
            }
            return GenerationService.Source(id: id, model: model, encoder: pretrained.encoder)
        }
        return try GenerationService(sources, capacity: queue) { [device] in device.open() }
    }

    private func readKeys(_ path: String) throws -> String {
        guard FileManager.default.fileExists(atPath: path) else { throw FileError(.read, path, code: ENOENT) }
        guard let data = FileManager.default.contents(atPath: path), data.count < 1 << 20,
            let text = String(validating: data, as: UTF8.self)
        else {
            throw FileError(.read, path, reason: "expected a text of API keys, one per line")
        }
        return text
    }

    private func requireFolder(_ path: String) throws {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder else {
            throw FileError(.list, path, reason: "it is not a folder; expected one with training runs")
        }
    }
}
