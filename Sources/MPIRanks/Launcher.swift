import Execution
import FoundationEssentials

/// The program that started this process as one of several ranks, as far as its environment tells.
package struct Launcher {
    /// The number of ranks; nil if the launcher does not say.
    package let size: Int?
    /// Names of the MPI libraries that belong to it, the likeliest first.
    package let libraries: [String]

    private static let openMPI = ["libmpi.so.40", "libmpi.so"]
    private static let mpich = ["libmpich.so.12", "libmpi.so.12", "libmpich.so"]

    /// - Parameter environment: the variables of the process.
    /// - Returns: nil if the process was started alone.
    package init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
        func count(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
        let named = environment["LIMN_MPI"].map { [$0] }
        if let size = count("OMPI_COMM_WORLD_SIZE") {
            (self.size, libraries) = (size, named ?? Self.openMPI)
        } else if let size = count("PMI_SIZE") {
            // MPICH's mpiexec, and Slurm's srun --mpi=pmi2, which serves both.
            (self.size, libraries) = (size, named ?? Self.mpich + Self.openMPI)
        } else if environment["PMIX_RANK"] != nil {
            // Slurm's srun --mpi=pmix.
            (size, libraries) = (count("SLURM_NTASKS"), named ?? Self.openMPI + Self.mpich)
        } else {
            return nil
        }
    }
}
