import RandomStreams
import Synchronization

/// The shuffled orders of the two latest epochs: the one in training and the one being prefetched.
final class EpochOrders: Sendable {
    /// The examples that every epoch visits.
    let members: [UInt32]
    private let seed: UInt64
    /// The class of each member, and how many members of one class follow each other; nil for an order without regard to classes.
    private let classes: (of: @Sendable (UInt32) -> Int, run: Int)?
    private let orders = Mutex<[(epoch: Int, order: [UInt32])]>([])

    init(members: [UInt32], seed: UInt64, classes: (of: @Sendable (UInt32) -> Int, run: Int)? = nil) {
        self.members = members
        self.seed = seed
        self.classes = classes
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
        let order = stream.shuffled(members)
        guard let classes else { return order }
        // Runs of each class in the order of its members, then the runs in an order of their own.
        var runs: [[UInt32]] = []
        var latest: [Int: Int] = [:]
        for member in order {
            let own = classes.of(member)
            if let run = latest[own], runs[run].count < classes.run {
                runs[run].append(member)
            } else {
                latest[own] = runs.count
                runs.append([member])
            }
        }
        return stream.shuffled(runs).flatMap(\.self)
    }
}
