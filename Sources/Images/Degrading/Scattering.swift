import Glibc
import RandomStreams

// Both degradations are the same model of image formation: light J of the scene is attenuated along its way, and light B of the
// surroundings is scattered into it, so that per channel I = J t + B (1 − t) with the transmission t = exp(−β d). As in the
// literature on restoration, the model is applied to sRGB samples as they are stored.
extension Image {
    /// The image in haze (McCartney, "Optics of the Atmosphere", 1976; He et al., "Single Image Haze Removal Using Dark
    /// Channel Prior", 2009): all channels are attenuated alike, and the surroundings are nearly white.
    ///
    /// - Parameter opticalDepth: −log of the transmission at the far end of the scene.
    func inHaze(opticalDepth: Float, _ stream: inout RandomStream) -> Image {
        let depth = sceneDepth(nearest: 0.1...0.5, &stream)
        let brightness = stream.uniform(in: 0.75...0.97)
        // Haze is bluish at a distance and yellowish in low sunlight.
        let warmth = stream.uniform(in: -0.03...0.03)
        return scattered(
            depth: depth, attenuation: SIMD3(repeating: opticalDepth),
            surroundings: brightness + SIMD3(warmth, 0, -warmth))
    }

    /// The image in sea water: the direct and backscattered components of the Jaffe–McGlamery model (Jaffe, "Computer
    /// Modeling and the Design of Optimal Underwater Imaging Systems", 1990), without forward scattering.
    ///
    /// The water lies between Jerlov's clear oceanic type I, which is blue, and his coastal type 5, which is green. Light is
    /// attenuated fastest in red. What is scattered back is daylight after its way down to the camera, which is as deep as
    /// leaves e⁻¹ to e⁻² of green: 25 to 50 metres in the clearest water, 3 to 6 in the most turbid.
    ///
    /// - Parameter distance: metres to the far end of the scene.
    func underWater(distance: Float, _ stream: inout RandomStream) -> Image {
        let depth = sceneDepth(nearest: 0.4...0.8, &stream)
        // What passes a metre of water, as in Li et al., "Underwater Scene Prior Inspired Deep Underwater Image and Video
        // Enhancement", 2020.
        let (oceanic, coastal) = (SIMD3<Float>(0.85, 0.961, 0.982), SIMD3<Float>(0.67, 0.73, 0.67))
        // Squared, because water looks blue only near its oceanic end.
        let turbidity = pow(stream.uniform(), 2)
        let attenuation = SIMD3<Float>(
            indices: { c in -(log(oceanic[c]) * (1 - turbidity) + log(coastal[c]) * turbidity) })
        let descent = stream.uniform(in: 1...2) / attenuation[1]
        let daylight = SIMD3<Float>(indices: { c in exp(-attenuation[c] * descent) })
        let brightness = stream.uniform(in: 0.45...0.75)
        return scattered(
            depth: depth, attenuation: attenuation * distance, surroundings: daylight * (brightness / daylight.max()))
    }

    /// - Parameters:
    ///   - depth: one per pixel, 0…1.
    ///   - attenuation: β of each channel for a depth of 1.
    ///   - surroundings: B of each channel, 0…1.
    private func scattered(depth: [Float], attenuation: SIMD3<Float>, surroundings: SIMD3<Float>) -> Image {
        mappingSamples { samples, scattered in
            for pixel in depth.indices {
                for c in 0..<3 {
                    let i = pixel * 3 + c
                    let veil = 255 * surroundings[c]
                    scattered[i] = UInt8(
                        nearest: veil + (Float(samples[i]) - veil) * exp(-attenuation[c] * depth[pixel]))
                }
            }
        }
    }

    /// A smooth random depth for each pixel, from a random nearest one, drawn from `nearest`, to 1: a slope that rises about
    /// towards the top of the image, as ground does, plus smooth hills. Positions are relative to the image, so that the map
    /// of a larger image is the same at a higher resolution.
    private func sceneDepth(nearest: ClosedRange<Float>, _ stream: inout RandomStream) -> [Float] {
        let near = stream.uniform(in: nearest)
        let angle = stream.uniform(in: -Float.pi / 3...Float.pi / 3)
        let slope = stream.uniform(in: 0.5...1.5)
        let nodes = 5
        let heights = (0..<nodes * nodes).map { _ in stream.uniform() }
        /// The node before each position along an axis, and how far the position is on the way to the next one, eased.
        func positions(_ count: Int) -> [(node: Int, progress: Float)] {
            (0..<count).map { position in
                let scaled = (Float(position) + 0.5) / Float(count) * Float(nodes - 1)
                let t = scaled - scaled.rounded(.down)
                return (Int(scaled), t * t * (3 - 2 * t))
            }
        }
        let (rows, columns) = (positions(height), positions(width))
        var depth: [Float] = []
        depth.reserveCapacity(width * height)
        for (y, row) in rows.enumerated() {
            let rise = slope * cos(angle) * (1 - Float(y) / Float(height))
            for (x, column) in columns.enumerated() {
                let corner = row.node * nodes + column.node
                let upper = heights[corner] + (heights[corner + 1] - heights[corner]) * column.progress
                let lower =
                    heights[corner + nodes] + (heights[corner + nodes + 1] - heights[corner + nodes]) * column.progress
                let hills = upper + (lower - upper) * row.progress
                depth.append(hills + rise + slope * sin(angle) * Float(x) / Float(width))
            }
        }
        // An image has at least one pixel.
        let (least, most) = (depth.min()!, depth.max()!)
        guard most > least else { return depth.map { _ in 1 } }
        return depth.map { near + (1 - near) * ($0 - least) / (most - least) }
    }
}

extension RandomStream {
    /// A uniform number in a range.
    fileprivate mutating func uniform(in range: ClosedRange<Float>) -> Float {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
    }
}

extension SIMD3<Float> {
    /// The vector with the component `component(c)` at each index `c`.
    fileprivate init(indices component: (Int) -> Float) { self.init(component(0), component(1), component(2)) }
}
