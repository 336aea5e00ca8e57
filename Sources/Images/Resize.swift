import CImageCodecs
import Glibc

/// The interpolation kernel of a resize.
public enum ResizeFilter: Sendable, CaseIterable {
    /// The mean of the pixels within ½ pixel; without a reduction, the nearest one.
    case box
    /// The triangle, with a radius of 1 pixel.
    case bilinear
    /// Cubic convolution with a = −½, with a radius of 2 pixels (Keys, 1981, equation 4).
    case bicubic
    /// The sinc windowed by its own main lobe, with a radius of 3 pixels (Duchon, 1979).
    case lanczos

    /// Radius of the kernel in pixels.
    var support: Double {
        switch self {
        case .box: 0.5
        case .bilinear: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// The kernel at distance `x`.
    func callAsFunction(_ x: Double) -> Double {
        // Of two pixels at the edges, one counts.
        if self == .box { return x > -0.5 && x <= 0.5 ? 1 : 0 }
        let x = abs(x)
        guard x < support else { return 0 }
        switch self {
        case .box: return 1
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
    /// The image scaled to another size; the aspect ratio may change.
    ///
    /// Reductions are antialiased: the kernel is widened by the reduction factor. The method and the arithmetic are
    /// Pillow's (a pass along rows and one along columns, each rounded to 8 bits, with weights in 22-bit fixed point),
    /// so that both give the same images.
    ///
    /// - Precondition: width and height are positive.
    public func resized(width: Int, height: Int, filter: ResizeFilter = .bicubic) -> Image {
        precondition(width > 0 && height > 0, "an image has at least one pixel")
        return resized(x: 0, y: 0, width: self.width, height: self.height, to: (width, height), filter)
    }

    /// The rectangle with its top left corner at (x, y), which must be within the image, scaled to another size.
    func resized(
        x: Int, y: Int, width: Int, height: Int, to target: (width: Int, height: Int), _ filter: ResizeFilter
    ) -> Image {
        if target == (width, height) {
            return target == (self.width, self.height) ? self : cropped(x: x, y: y, width: width, height: height)
        }
        let columns = target.width == width ? nil : ResamplingWeights(from: width, to: target.width, filter)
        let rows: ResamplingWeights? =
            if target.height == height {
                nil
            } else if (width, target.width) == (height, target.height) {
                columns
            } else {
                ResamplingWeights(from: height, to: target.height, filter)
            }
        return pixels.withUnsafeBufferPointer { pixels in
            let source = pixels.baseAddress! + (y * self.width + x) * 3
            guard let columns else {
                return rows!.alongColumns(source, stride: self.width * 3, width: width)
            }
            let wide = columns.alongRows(source, stride: self.width * 3, height: height)
            return rows.map { rows in
                wide.pixels.withUnsafeBufferPointer {
                    rows.alongColumns($0.baseAddress!, stride: target.width * 3, width: target.width)
                }
            } ?? wide
        }
    }
}

/// For each target position along one axis, the source positions it depends on and their weights, which add up to one.
private struct ResamplingWeights {
    private let source: Int
    private let target: Int
    private var starts: [Int32] = []
    private var counts: [Int32] = []
    private var weights: [Int32] = []
    private let stride: Int

    init(from source: Int, to target: Int, _ filter: ResizeFilter) {
        (self.source, self.target) = (source, target)
        let scale = Double(source) / Double(target)
        let widening = max(scale, 1)
        let support = filter.support * widening
        let most = Int(support.rounded(.up)) * 2 + 1
        stride = (most + 3) / 4 * 4
        weights = [Int32](repeating: 0, count: target * stride)
        var real = [Double](repeating: 0, count: most)
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

    /// Resamples rows to another width.
    /// - Parameters:
    ///   - stride: bytes from one row to the next.
    ///   - height: number of rows.
    func alongRows(_ pixels: UnsafePointer<UInt8>, stride: Int, height: Int) -> Image {
        resampled(width: target, height: height) { samples, resampling in
            let size = source * 3 + Int(CImageResamplingPadding)
            withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { scratch in
                CImageResampleHorizontally(
                    pixels, stride, source, samples, target, height, resampling,
                    scratch.assumingMemoryBound(to: UInt8.self).baseAddress)
            }
        }
    }

    /// Resamples columns to another height.
    /// - Parameters:
    ///   - stride: bytes from one row to the next.
    ///   - width: pixels per row.
    func alongColumns(_ pixels: UnsafePointer<UInt8>, stride: Int, width: Int) -> Image {
        resampled(width: width, height: target) { samples, resampling in
            CImageResampleVertically(pixels, stride, samples, width * 3, target, width * 3, resampling)
        }
    }

    private func resampled(
        width: Int, height: Int, _ body: (UnsafeMutablePointer<UInt8>, CImageResampling) -> Void
    ) -> Image {
        let count = width * height * 3
        let samples = [UInt8](unsafeUninitializedCapacity: count) { samples, initialized in
            starts.withUnsafeBufferPointer { starts in
                counts.withUnsafeBufferPointer { counts in
                    weights.withUnsafeBufferPointer { weights in
                        body(
                            samples.baseAddress!,
                            CImageResampling(
                                starts: starts.baseAddress, counts: counts.baseAddress, weights: weights.baseAddress,
                                stride: stride))
                    }
                }
            }
            initialized = count
        }
        return Image(width: width, height: height, pixels: samples)
    }
}
