import Dispatch
import Execution
import Glibc
import Training

/// Starts ranks on this machine by the `mpirun` on the path, of Open MPI or of MPICH.
struct RankLauncher {
    let ranks: Int

    /// Runs a command in every rank until all have ended. Signals that ask it to stop are passed on as SIGUSR1, since for any other
    /// `mpirun` ends the ranks in less time than a checkpoint takes; the second time as they are. Signals that were ignored before, such as
    /// SIGHUP under nohup, stay ignored.
    /// - Returns: the exit code.
    /// - Throws: `CommunicationError` if there is no `mpirun`.
    func run(_ command: [String]) throws(CommunicationError) -> Int32 {
        // Open MPI refuses more ranks than processors, and to run as root, unless asked; and it binds each of two ranks to one core.
        // MPICH ignores these variables.
        for (name, value) in [
            ("OMPI_ALLOW_RUN_AS_ROOT", "1"), ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
            ("OMPI_MCA_rmaps_base_oversubscribe", "1"), ("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe"),
            ("OMPI_MCA_hwloc_base_binding_policy", "none"), ("PRTE_MCA_hwloc_default_binding_policy", "none"),
        ] { setenv(name, value, 0) }
        let numbers = [SIGINT, SIGTERM, SIGHUP].filter { !Interruption.isIgnored($0) }
        for number in numbers { signal(number, SIG_IGN) }
        let process = try start(["mpirun", "-n", String(ranks)] + command, restoring: numbers)
        let sources = numbers.map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            var isFirst = true
            source.setEventHandler {
                kill(process, isFirst ? SIGUSR1 : number)
                isFirst = false
            }
            source.activate()
            return source
        }
        defer { for source in sources { source.cancel() } }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }

    /// Starts a program in a process group of its own, which Ctrl-C does not reach, without input.
    /// - Parameter signals: those that have their default effect on it.
    private func start(_ words: [String], restoring signals: [Int32]) throws(CommunicationError) -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for number in signals { sigaddset(&defaults, number) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer {
            for argument in arguments { free(argument) }
            posix_spawnattr_destroy(&attributes)
            posix_spawn_file_actions_destroy(&actions)
        }
        var process: pid_t = 0
        let failure = posix_spawnp(&process, words[0], &actions, &attributes, arguments, environ)
        guard failure != ENOENT else {
            throw CommunicationError(
                .usage, "--ranks needs \(words[0]), which is not installed; install openmpi-bin or mpich")
        }
        guard failure == 0 else {
            throw CommunicationError(.internalError, "\(words[0]): \(String(cString: strerror(failure)))")
        }
        return process
    }
}
