import RandomStreams
import Synchronization

/// The shuffled orders of the two latest epochs: the one in training and the one being prefetched.
final class EpochOrders: Sendable {
    /// The examples that every epoch visits.
    let members: [UInt32]
    private let seed: UInt64
    private let orders = Mutex<[(epoch: Int, order: [UInt32])]>([])

    init(members: [UInt32], seed: UInt64) {
        self.members = members
        self.seed = seed
    }

    /// The order of an epoch. The first caller computes it while others wait.
    func order(ofEpoch epoch: Int) -> [UInt32] {
        orders.withLock { orders in
            if let known = orders.first(where: { $0.epoch == epoch }) { return known.order }
            if orders.count == 2 { orders.removeFirst() }
            let order = shuffled(epoch)
            orders.append((epoch, order))
            return order
        }
    }

    /// The order of an epoch, keyed by seed and epoch.
    private func shuffled(_ epoch: Int) -> [UInt32] {
        var stream = RandomStream(seed: seed, purpose: "epoch order", index: UInt64(epoch))
        return stream.shuffled(members)
    }
}
