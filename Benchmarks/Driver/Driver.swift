import ArgumentParser
import Checkpoints
import CPUBackend
import CProcessor
import Execution
import FoundationEssentials
import Glibc
import Training

/// Limn's side of the comparison with PyTorch. `compare.py` starts it, requests work line by line and reads times.
@main
struct Driver: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limn-bench", abstract: "Benchmark workloads for the scripts in Benchmarks.",
        subcommands: [
            Device.self, Export.self, Step.self, Generate.self, Peak.self, Encode.self, Tokenize.self, Listing.self,
            Feed.self, Sample.self, Translate.self,
        ])

    func validate() throws {
        if let problem = limn_level_problem() { throw ValidationError(String(cString: problem)) }
    }

    /// Prints `ready` and a JSON object, then answers each line "N" with the duration of N rounds in seconds.
    static func serve(_ facts: [String: Double], round: () throws -> Void) throws {
        try round()
        print("ready \(String(decoding: try JSONEncoder().encode(facts), as: UTF8.self))")
        fflush(nil)
        let clock = ContinuousClock()
        while let line = readLine(), let rounds = Int(line) {
            let time = try clock.measure { for _ in 0..<rounds { try round() } }
            print(time / .seconds(1))
            fflush(nil)
        }
    }
}

/// Prints the default device.
struct Device: ParsableCommand {
    func run() { print(CPUDevice().summary) }
}

/// Writes weights, and the inputs and results of two steps, from which PyTorch starts and with which it must agree.
struct Export: ParsableCommand {
    @OptionGroup var workload: Workload
    @Option var out: String

    func run() throws {
        let trainer = try workload.trainer()
        var arrays = workload.parameters(of: trainer).map {
            NamedArray(name: $0.path, shape: $0.shape, floats: $0.values)
        }
        let batch = workload.batch
        let generation = try workload.generation(trainer)
        let shape = [workload.batchSize, workload.side, workload.side, 3]
        for step in 0..<2 {
            arrays += workload.inputs(of: trainer, named: "step\(step).inputs")
            let images = try generation.run(trainer.inputs(batch))["images"]
            arrays.append(NamedArray(name: "step\(step).images", shape: shape, floats: images))
            for (name, value) in try trainer.step(batch) {
                arrays.append(NamedArray(name: "step\(step).\(name)", shape: [1], floats: [Float(value)]))
            }
        }
        try Safetensors.write(arrays, metadata: ["device": workload.device.summary], to: out)
    }
}

/// A complete training step: both phases, Adam and the moving average.
struct Step: ParsableCommand {
    @OptionGroup var workload: Workload

    func run() throws {
        let trainer = try workload.trainer()
        let batch = workload.batch
        try Driver.serve(["flops": trainer.networks.flops, "arena": Double(trainer.networks.memory)]) {
            _ = try trainer.step(batch)
        }
    }
}

/// The generator alone.
struct Generate: ParsableCommand {
    @OptionGroup var workload: Workload

    func run() throws {
        let trainer = try workload.trainer(steps: false)
        let inputs = trainer.inputs(workload.batch)
        let program = try workload.generation(trainer)
        try Driver.serve(["flops": program.flops]) { _ = try program.run(inputs) }
    }
}

/// Prints the GFLOP/s of the fastest single convolution, the upper bound for a step.
struct Peak: ParsableCommand {
    @OptionGroup var workload: Workload

    func run() throws { print(try PeakRates(of: workload.device).arithmetic / 1e9) }
}
