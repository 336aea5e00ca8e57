import Corpora
import Evaluation
import Execution
import Images
import Models
import Networks
import RandomStreams
import Training

/// The features of a few views of each image of a corpus, in memory.
package struct FeatureViews {
    /// Views per image.
    let count: Int
    /// Their features, standardized: those of image i from row i·count on.
    let rows: StandardizedRows

    /// Maximum bytes of features, unless a single view takes more; larger corpora get fewer views per image.
    static let memoryLimit = 1 << 30

    /// The number of views per image, at least 1, that fit into `memoryLimit`, each with `width` features.
    static func count(_ wanted: Int, images: Int, width: Int) -> Int {
        let bytes = width * MemoryLayout<Float>.stride
        return max(1, min(wanted, memoryLimit / (bytes * max(images, 1))))
    }

    /// Computes the features, each rank those of its part of the images. The first view of an image is the whole image; others
    /// crop away up to `crop` of its side and, if `mirrors`, are mirrored at random.
    /// - Parameter progress: called with the number of images done.
    private init(
        _ images: ImageStore, extractor: FeatureExtractor, count: Int, crop: Float, mirrors: Bool, seed: UInt64,
        device: any Device, progress: (Int) -> Void
    ) throws {
        let own = device.ranks.shard.positions(of: images.corpus.examples.count)
        var values: [Float] = []
        values.reserveCapacity(own.count * count * extractor.width)
        for start in stride(from: own.lowerBound, to: own.upperBound, by: 64) {
            let end = min(start + 64, own.upperBound)
            var views: [Image] = []
            for example in start..<end {
                // A bad image is never sampled; its rows are there to keep the order.
                let image = try images.image(example) ?? Image(width: 1, height: 1, color: RGB(0, 0, 0))
                var stream = RandomStream(seed: seed, purpose: "views", index: UInt64(example))
                for view in 0..<count {
                    views.append(FeatureViews.view(view, of: image, crop: crop, mirrors: mirrors, &stream))
                }
            }
            values += try extractor.features(of: views).values
            progress(end - own.lowerBound)
        }
        if device.ranks.size > 1 { values = try device.ranks.gather(values).flatMap { $0 } }
        self.count = count
        rows = StandardizedRows(values, width: extractor.width)
    }

    /// Views of zeros for a recipe, for plans and profiles, whose costs do not depend on values.
    package static func placeholder(_ encoder: EncoderRecipe, _ network: FeatureNetwork) -> FeatureViews {
        FeatureViews(count: encoder.views, width: encoder.headInputs(network))
    }

    private init(count: Int, width: Int) {
        self.count = count
        rows = StandardizedRows([Float](repeating: 0, count: width), width: width)
    }

    private static func view(
        _ number: Int, of image: Image, crop: Float, mirrors: Bool, _ stream: inout RandomStream
    ) -> Image {
        guard number > 0 else { return image }
        let side = min(image.width, image.height)
        let window = max(1, side - stream.index(below: Int(Float(side) * crop) + 1))
        let (x, y) = (
            stream.index(below: image.width - window + 1), stream.index(below: image.height - window + 1)
        )
        let cropped = image.cropped(x: x, y: y, width: window, height: window)
        return stream.index(below: 2) == 1 && mirrors ? cropped.mirrored() : cropped
    }

    /// The features of one view, standardized.
    subscript(example: Int, view: Int) -> ArraySlice<Float> { rows[(example * count + view) % rows.count] }
}

extension FeatureViews {
    /// The features of a corpus's images for a recipe's image encoder, with progress.
    init(
        _ features: PretrainedFeatures, of images: ImageStore, recipe: Recipe, logger: RunLogger, device: any Device
    ) throws {
        let encoder = recipe.encoder
        let total = images.corpus.examples.count
        let width = encoder.headInputs(features.network)
        let count = FeatureViews.count(encoder.views, images: total, width: width)
        if count < encoder.views {
            try logger.log(
                "encoder: \(count) of \(encoder.views) views per image, since features may take "
                    + "\(FeatureViews.memoryLimit >> 20) MiB")
        }
        logger.beginStage("features", of: device.ranks.shard.positions(of: total).count)
        defer { logger.closeLine() }
        try self.init(
            images,
            extractor: FeatureExtractor(features, resolution: encoder.resolution, width: width, device: device),
            count: count, crop: encoder.translation, mirrors: recipe.data.mirror, seed: recipe.seed, device: device
        ) {
            logger.show(imagesSeen: $0, detail: features.network.rawValue)
        }
    }
}
