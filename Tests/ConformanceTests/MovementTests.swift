import Graphs
import Testing

extension Conformance {
    /// Operations that move values without computing, or only add them.
    @Suite struct MovementTests {
        @Test(arguments: TestDevice.allCases) func resampling(_ device: TestDevice) throws {
            let shapes: [Shape] = [
                [3, 5, 8], [2, 7, 3], [2, 3, 5, 17], [2, 8, 8, 64], [1, 2, 2, 300], [2, 2, 3, 4, 3], [1, 4, 4, 4, 16],
            ]
            for shape in shapes {
                var test = Case()
                let x = test.input(shape)
                for factor in [1, 2, 3] {
                    test.expect("upsample \(shape) by \(factor)", x.upsampled(by: factor))
                    let large = (1..<shape.rank - 1).reduce(shape) { $0.replacing($1, with: shape[$1] * factor) }
                    test.expect("pool to \(shape) by \(factor)", test.input(large).sumPooled(by: factor))
                    test.expect("average to \(shape) by \(factor)", test.input(large).averagePooled(by: factor))
                }
                try test.check(on: device)
            }
        }

        /// Height and width before and after: larger, smaller, by integral and other factors, one axis alone, to and from one pixel.
        static let resizes: [(from: (Int, Int), to: (Int, Int))] = [
            ((4, 5), (8, 10)), ((6, 9), (3, 3)), ((7, 5), (10, 3)), ((5, 7), (4, 16)), ((6, 5), (6, 9)),
            ((9, 4), (2, 4)),
            ((1, 1), (3, 2)), ((5, 3), (1, 1)), ((16, 16), (24, 24)),
        ]

        @Test(arguments: TestDevice.allCases) func resizing(_ device: TestDevice) throws {
            for channels in [1, 3, 8, 17, 64] {
                var test = Case()
                for (from, to) in MovementTests.resizes {
                    let name = "\(from) to \(to), \(channels) channels"
                    let x = test.input([2, from.0, from.1, channels])
                    let y = x.resized(height: to.0, width: to.1)
                    test.expect(name, y)
                    let dy = test.input(y.shape)
                    test.expect("gradient of \(name)", gradients(of: y * dy, withRespectTo: [x])[0])
                    // With operand and result in another storage.
                    test.expect("\(name), between others", (x + 0.5).resized(height: to.0, width: to.1) * 2)
                    let dx = gradients(of: y * (dy * 2).tanh(), withRespectTo: [x])[0]
                    test.expect("gradient of \(name), between others", dx + 0.5)
                }
                try test.check(on: device)
            }
        }

        /// Resizing to the same size traces no operation.
        @Test func resizingToTheSameSizeIsTheImage() {
            let x = Graph().input("x", [2, 5, 7, 3])
            #expect(x.resized(height: 5, width: 7).id == x.id)
        }

        @Test(arguments: TestDevice.allCases) func doublingFilters(_ device: TestDevice) throws {
            for (outs, ins) in [(1, 1), (3, 5), (16, 16), (17, 33), (70, 64)] {
                var test = Case()
                let w = test.input([outs, 3, 3, ins])
                test.expect("filter \(outs) \(ins)", w.graph.apply(DoublingFilter(), [w]))
                let v = test.input([ins, 4, 4, outs])
                test.expect("gradient \(outs) \(ins)", v.graph.apply(DoublingFilterGradient(), [v]))
                try test.check(on: device)
            }
        }

        @Test(arguments: TestDevice.allCases) func rows(_ device: TestDevice) throws {
            for columns in [1, 3, 100] {
                var test = Case()
                let indices: [Int32] = [4, 0, 4, -1, 5, 2, .max, .min, 4]
                let list = test.indices([indices.count], indices)
                test.expect("gather", test.input([5, columns]).gathered(by: list))
                test.expect("scatter", test.input([indices.count, columns]).scattered(by: list, rows: 5))
                try test.check(on: device)
            }
        }

        static let shapes: [Shape] = [[9], [5, 7], [4, 3, 8], [20, 30, 64], [2, 6, 5, 17], [3, 16, 16, 64]]

        @Test(arguments: TestDevice.allCases) func slicesAndPads(_ device: TestDevice) throws {
            for shape in MovementTests.shapes {
                var test = Case()
                let x = test.input(shape)
                for axis in 0..<shape.rank {
                    let extent = shape[axis]
                    test.expect("first along \(axis) of \(shape)", x.slice(axis: axis, start: 0, count: 1))
                    test.expect("last along \(axis) of \(shape)", x.slice(axis: axis, start: extent - 1, count: 1))
                    test.expect("from 1 along \(axis) of \(shape)", x.slice(axis: axis, start: 1, count: extent - 1))
                    test.expect(
                        "of a sum, along \(axis) of \(shape)", (x + 1).slice(axis: axis, start: 1, count: 1) * 2)
                    for (before, after) in [(0, 3), (2, 0), (1, 1)] {
                        let padded = x.padded(axis: axis, before: before, total: before + extent + after)
                        test.expect("padded \(before), \(after) along \(axis) of \(shape)", padded)
                    }
                }
                try test.check(on: device)
            }
        }

        @Test(arguments: TestDevice.allCases) func concatenations(_ device: TestDevice) throws {
            for shape in MovementTests.shapes {
                var test = Case()
                let x = test.input(shape)
                for axis in 0..<shape.rank {
                    let short = test.input(shape.replacing(axis, with: 1))
                    let parts = [short, x, short * 2, x]
                    test.expect("along \(axis) of \(shape)", Tensor.concatenated(parts, axis: axis))
                }
                try test.check(on: device)
            }
        }

        /// All orders of `elements`.
        static func permutations(_ elements: [Int]) -> [[Int]] {
            guard elements.count > 1 else { return [elements] }
            return elements.flatMap { first in permutations(elements.filter { $0 != first }).map { [first] + $0 } }
        }

        @Test(arguments: TestDevice.allCases) func transposes(_ device: TestDevice) throws {
            for shape: Shape in [[5, 7], [130, 140], [4, 3, 8], [33, 8, 100], [2, 3, 5, 4], [2, 8, 17, 64]] {
                var test = Case()
                let x = test.input(shape)
                for order in MovementTests.permutations(Array(0..<shape.rank)) {
                    test.expect("\(shape) in order \(order)", x.transposed(order))
                }
                try test.check(on: device)
            }
        }

        @Test(arguments: TestDevice.allCases) func translations(_ device: TestDevice) throws {
            for shape: Shape in [[7, 5, 6, 3], [7, 16, 16, 16]] {
                var test = Case()
                let offsets: [Int32] = [0, 0, 1, -1, -2, 2, 4, 5, 100, 0, 0, -100, 16, -16]
                let moves = test.indices([7, 2], offsets)
                let x = test.input(shape)
                let y = x.translated(by: moves)
                test.expect("forth", y)
                test.expect("back", gradients(of: y * test.input(shape), withRespectTo: [x])[0])
                try test.check(on: device)
            }
        }
    }
}
