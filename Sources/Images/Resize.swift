import CImageCodecs
import Glibc

/// The kernel by which a resize weighs the samples around a position.
public enum ResizeFilter: Sendable, CaseIterable {
    /// The triangle, 1 pixel to each side.
    case bilinear
    /// The cubic convolution with a = −½, 2 pixels to each side (Keys 1981, equation 4).
    case bicubic
    /// The sinc windowed by its own main lobe, 3 pixels to each side (Duchon 1979).
    case lanczos

    /// Half the width of the kernel, in pixels.
    var support: Double {
        switch self {
        case .bilinear: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// The kernel at distance `x`.
    func callAsFunction(_ x: Double) -> Double {
        let x = abs(x)
        guard x < support else { return 0 }
        switch self {
        case .bilinear: return 1 - x
        case .bicubic:
            let a = -0.5
            return x < 1
                ? ((a + 2) * x - (a + 3)) * x * x + 1
                : (((x - 5) * x + 8) * x - 4) * a
        case .lanczos:
            func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(x * .pi) / (x * .pi) }
            return sinc(x) * sinc(x / 3)
        }
    }
}

extension Image {
    /// The image in another size, its proportions not kept.
    ///
    /// Reductions are free of aliases: the kernel is widened by the factor of the reduction. The method is Pillow's,
    /// including its arithmetic (one pass along rows, one along columns, rounded to 8 bits after each, weights in
    /// 22-bit fixed point), so that pictures prepared by either are alike.
    ///
    /// - Precondition: both sides are positive.
    public func resized(width: Int, height: Int, filter: ResizeFilter = .bicubic) -> Image {
        precondition(width > 0 && height > 0, "an image has at least one pixel")
        return resized(toWidth: width, filter).resized(toHeight: height, filter)
    }

    private func resized(toWidth width: Int, _ filter: ResizeFilter) -> Image {
        if width == self.width { return self }
        let weights = ResamplingWeights(from: self.width, to: width, filter)
        let count = width * height * 3
        let samples = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            weights.withResampling {
                CImageResampleHorizontally(pixels, self.width, target.baseAddress, width, height, $0)
            }
            initialized = count
        }
        return Image(width: width, height: height, pixels: samples)
    }

    private func resized(toHeight height: Int, _ filter: ResizeFilter) -> Image {
        if height == self.height { return self }
        let weights = ResamplingWeights(from: self.height, to: height, filter)
        let count = width * height * 3
        let samples = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            weights.withResampling { CImageResampleVertically(pixels, target.baseAddress, height, width * 3, $0) }
            initialized = count
        }
        return Image(width: width, height: height, pixels: samples)
    }
}

/// For each position along the target, the source positions that it sums and their weights, which add up to one.
private struct ResamplingWeights {
    private var starts: [Int32] = []
    private var counts: [Int32] = []
    private var weights: [Int32] = []
    private let stride: Int

    init(from source: Int, to target: Int, _ filter: ResizeFilter) {
        let scale = Double(source) / Double(target)
        let widening = max(scale, 1)
        let support = filter.support * widening
        stride = Int(support.rounded(.up)) * 2 + 1
        weights = [Int32](repeating: 0, count: target * stride)
        var real = [Double](repeating: 0, count: stride)
        for position in 0..<target {
            let center = (Double(position) + 0.5) * scale
            let start = max(Int(center - support + 0.5), 0)
            let count = min(Int(center + support + 0.5), source) - start
            var sum = 0.0
            for i in 0..<count {
                real[i] = filter((Double(start + i) - center + 0.5) / widening)
                sum += real[i]
            }
            for i in 0..<count {
                let fixed = real[i] / sum * Double(1 << 22)
                weights[position * stride + i] = Int32(fixed.rounded(.toNearestOrAwayFromZero))
            }
            starts.append(Int32(start))
            counts.append(Int32(count))
        }
    }

    func withResampling(_ body: (CImageResampling) -> Void) {
        starts.withUnsafeBufferPointer { starts in
            counts.withUnsafeBufferPointer { counts in
                weights.withUnsafeBufferPointer { weights in
                    body(
                        CImageResampling(
                            starts: starts.baseAddress, counts: counts.baseAddress, weights: weights.baseAddress,
                            stride: stride))
                }
            }
        }
    }
}
