import NIOCore
import Synchronization

/// The open connections of a server.
final class Connections: Sendable {
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    var all: [any Channel] { channels.withLock { Array($0.values) } }
    var count: Int { channels.withLock(\.count) }

    /// Adds a connection until it is closed.
    /// - Returns: the number of connections, this one included.
    func add(_ channel: any Channel) -> Int {
        let id = ObjectIdentifier(channel)
        let count = channels.withLock { channels in
            channels[id] = channel
            return channels.count
        }
        channel.closeFuture.whenComplete { _ in self.channels.withLock { $0[id] = nil } }
        return count
    }
}
