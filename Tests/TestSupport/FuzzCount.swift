import Glibc

/// How many damaged files of a kind a test reads: a few, or as many as the environment's LIMN_FUZZ says
/// (`scripts/fuzz 10000`).
public let fuzzCount = getenv("LIMN_FUZZ").flatMap { Int(String(cString: $0)) } ?? 300
