import Glibc

/// Number of damaged files per fuzz test: a few, or the value of the environment variable LIMN_FUZZ (`scripts/fuzz
/// 10000`).
public let fuzzCount = getenv("LIMN_FUZZ").flatMap { Int(String(cString: $0)) } ?? 300
