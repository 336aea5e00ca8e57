import FoundationEssentials
import Glibc
import Inference
import Synchronization

/// What the server has done, in Prometheus' text form (version 0.0.4).
final class Metrics: Sendable {
    /// Upper bounds of the duration's buckets in seconds.
    private static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

    private struct Key: Hashable {
        let path: String
        let status: UInt
    }

    private struct State {
        var requests: [Key: Int] = [:]
        var buckets = [Int](repeating: 0, count: Metrics.bounds.count)
        var seconds = 0.0
        var count = 0
    }

    private let state = Mutex(State())
    private let started = unixTime()
    private let version: String

    init(version: String) { self.version = version }

    /// Counts a request.
    /// - Parameter path: that of the endpoint, with its parameters unfilled, so that clients cannot make names.
    func record(path: String, status: UInt, duration: Duration) {
        let seconds = duration / .seconds(1)
        state.withLock { state in
            state.requests[Key(path: path, status: status), default: 0] += 1
            state.count += 1
            state.seconds += seconds
            for (index, bound) in Metrics.bounds.enumerated() where seconds <= bound { state.buckets[index] += 1 }
        }
    }

    /// All metrics.
    func text(_ service: GenerationService, connections: Int) -> String {
        let state = state.withLock { $0 }
        let counts = service.counts
        var text = ""
        func metric(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: String)]) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
            for sample in samples { text += "\(name)\(sample.labels) \(sample.value)\n" }
        }
        metric("limn_build_info", "gauge", "Version of the server.", [(#"{version="\#(version)"}"#, "1")])
        metric(
            "limn_requests_total", "counter", "Requests by endpoint and status.",
            state.requests.map { (#"{path="\#($0.path)",status="\#($0.status)"}"#, "\($1)") }.sorted { $0.0 < $1.0 })
        text += "# HELP limn_request_duration_seconds Time from a request's end to its response's end.\n"
        text += "# TYPE limn_request_duration_seconds histogram\n"
        for (bound, count) in zip(Metrics.bounds, state.buckets) {
            text += "limn_request_duration_seconds_bucket{le=\"\(bound)\"} \(count)\n"
        }
        text += "limn_request_duration_seconds_bucket{le=\"+Inf\"} \(state.count)\n"
        text += "limn_request_duration_seconds_sum \(state.seconds)\n"
        text += "limn_request_duration_seconds_count \(state.count)\n"
        metric("limn_images_total", "counter", "Images generated.", [("", "\(counts.images)")])
        metric("limn_batches_total", "counter", "Batches in which they were generated.", [("", "\(counts.batches)")])
        metric("limn_queue_images", "gauge", "Images that wait or are being generated.", [("", "\(service.pending)")])
        metric("limn_connections", "gauge", "Open connections.", [("", "\(connections)")])
        metric(
            "process_start_time_seconds", "gauge", "Unix time of the server's start.", [("", "\(started)")])
        metric(
            "process_resident_memory_bytes", "gauge", "Memory in use, libraries included.",
            [("", "\(Metrics.residentBytes)")])
        return text
    }

    private static var residentBytes: Int {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}
