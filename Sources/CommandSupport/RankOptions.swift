import ArgumentParser
import Basics
import Execution
import Files
import FoundationEssentials
import Glibc
import MPIRanks

/// Joins the ranks of a data-parallel training. No other file of limn and limn-server opens MPI.
package struct RankOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "Train with several processes on this machine, which share each batch; with a launcher such as mpirun or srun, omit it "
                + "(docs/clusters.md).", valueName: "number"))
    package var ranks: Int?

    @Option(
        help: ArgumentHelp(
            "Precision of the gradients that ranks exchange, float32 by default; bfloat16 halves the traffic.",
            valueName: "float32|bfloat16"))
    package var wirePrecision: Precision?

    package init() {}

    package func validate() throws {
        if let ranks, !(1...1024).contains(ranks) {
            throw ValidationError("--ranks is \(ranks); expected 1 to 1024.")
        }
    }

    /// Starts the same command as several ranks in place of this process, if `--ranks` asks for it.
    /// - Parameter readsInput: whether the command reads standard input, which ranks cannot read after this process.
    package func launch(readsInput: Bool) throws {
        guard let ranks, ranks > 1, Launcher() == nil else { return }
        guard !readsInput else {
            throw CommunicationError(
                .usage, "several ranks cannot read a recipe from standard input; write it to a file")
        }
        let own = programPath() ?? CommandLine.arguments[0]
        throw ExitCode(try RankLauncher(ranks: ranks).run([own] + CommandLine.arguments.dropFirst()))
    }

    /// Opens the device of this rank, or of this process alone.
    /// - Parameter precision: nil is the device's default.
    /// - Throws: `CommunicationError` if the ranks cannot be joined, differ in their build, or are not as many as `--ranks` says.
    package func open(_ options: DeviceOptions, precision: Precision?) throws -> any Device {
        let launcher = Launcher()
        if launcher?.size == 1 { try requireCount(1) }
        guard let launcher, launcher.size != 1 else { return try openAlone(options, precision: precision) }
        let communicator = try MPICommunicator(
            libraries: launcher.libraries, size: launcher.size, wire: wirePrecision ?? .float32)
        try requireCount(communicator.size)
        guard communicator.size > 1 else {
            communicator.close()
            return try openAlone(options, precision: precision)
        }
        if let (other, build, first) = try communicator.firstDifference(in: Self.build) {
            throw CommunicationError(
                .usage,
                "rank \(other) on \(communicator.hosts[other]) runs another build of limn than rank 0 on "
                    + "\(communicator.hosts[0]): \(build), not \(first)")
        }
        if let (other, name, first) = try communicator.firstDifference(in: DeviceOptions.instructions) {
            throw CommunicationError(
                .usage,
                "rank \(other) on \(communicator.hosts[other]) computes with \(name), rank 0 on \(communicator.hosts[0]) with "
                    + "\(first), so that their models would drift apart; set LIMN_CPU to the lower of the two in all ranks"
            )
        }
        // Ranks that a launcher has bound have processors of their own; others share those of the host.
        let places = try communicator.gather(DeviceOptions.processors)
        let sharing = communicator.hosts.indices.count {
            communicator.hosts[$0] == communicator.hosts[communicator.rank] && places[$0] == places[communicator.rank]
        }
        return DataParallelDevice(options.open(precision: precision, processes: sharing), ranks: communicator)
    }

    /// Throws if the launcher started another number of ranks than `--ranks` says.
    private func requireCount(_ started: Int) throws(CommunicationError) {
        guard let ranks, ranks != started else { return }
        throw CommunicationError(.usage, "--ranks is \(ranks), but the launcher started \(started); omit --ranks")
    }

    private func openAlone(_ options: DeviceOptions, precision: Precision?) throws -> any Device {
        guard wirePrecision == nil else {
            throw CommunicationError(
                .usage, "--wire-precision needs several ranks, but this process trains alone; omit it")
        }
        return options.open(precision: precision)
    }

    /// Version and digest of the program, since ranks of different builds would exchange other values.
    private static var build: String {
        var digest = Digest()
        if let program = try? Data(contentsOf: URL(filePath: "/proc/self/exe")) {
            program.withUnsafeBytes { digest.add($0) }
        }
        return "limn \(Release.version), digest \(String(digest.value, radix: 16))"
    }

    /// Runs `body`, the training of this rank. A failure of one rank ends all.
    package static func run(_ device: any Device, _ body: () throws -> Void) throws {
        let ranks = device.ranks
        guard let communicator = ranks as? MPICommunicator else { return try body() }
        do {
            try body()
        } catch let code as ExitCode {
            // All ranks were interrupted.
            communicator.close()
            throw code
        } catch {
            // The launcher ends the ranks by a signal, which must not be taken as a request to stop after this step.
            for number in [SIGTERM, SIGINT] { signal(number, SIG_DFL) }
            // What fails in all ranks is reported by rank 0 alone.
            if !ranks.isRoot { sleep(1) }
            Terminal.clear()
            Terminal.say("limn: rank \(ranks.rank) on \(ranks.hosts[ranks.rank]): " + printable("\(error)"))
            ranks.abort(code: ExitCode((error as? any ClassifiedError)?.kind ?? .internalError).rawValue)
        }
        communicator.close()
    }
}

extension Precision: ExpressibleByArgument {}
