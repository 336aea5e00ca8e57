import Networks

/// The generator of a recipe.
public struct GeneratorRecipe: Codable, Equatable, Sendable {
    /// The published architecture: `df-gan` or `gan-cls`.
    public var kind = GeneratorKind.dfGAN
    /// Channels at full resolution; they double at each halving of the side.
    public var width = 16
    /// Maximum channels at any resolution; 0 is eight times `width`.
    public var maxWidth = 0
    /// Width of the noise vector.
    public var noise = 100
    /// `tanh`, or `linear` for discriminators on `features`, against which tanh saturates within a thousand images.
    public var output = OutputActivation.tanh
    /// Factor of the sentence vectors, whose length is 1. With 256 elements, 16 makes them as large as those of the noise.
    public var textScale: Float = 1
    /// Whether the first layer of `df-gan` reads the sentence too, so that captions decide where things are in an image.
    public var textInStart = false
    /// Adam's learning rate.
    public var learningRate: Float = 1e-4

    enum CodingKeys: String, CodingKey {
        case kind, width, noise, output
        case maxWidth = "max_width"
        case textScale = "text_scale"
        case textInStart = "text_in_start"
        case learningRate = "learning_rate"
    }
}

/// The discriminator of a recipe.
public struct DiscriminatorRecipe: Codable, Equatable, Sendable {
    /// `df-gan`, `gan-cls` or `patch`, trained from scratch, or `features`: heads on a frozen pretrained network.
    public var kind = DiscriminatorKind.dfGAN
    /// Channels at full resolution; for `features`, the width of each head before it is joined with the sentence.
    public var width = 16
    /// The frozen network of `features`; `scripts/get-features` fetches it.
    public var network = FeatureNetwork.efficientNetLite0
    /// The side that images are resized to for that network; a multiple of 32.
    public var resolution = 96
    /// Adam's learning rate.
    public var learningRate: Float = 4e-4

    enum CodingKeys: String, CodingKey { case kind, width, network, resolution, learningRate = "learning_rate" }

    /// The frozen network that the discriminator uses; nil for the kinds without one.
    var featureNetwork: FeatureNetwork? { kind.usesFeatureNetwork ? network : nil }
}

/// Adversarial training of the generator and the matching-aware discriminator.
public struct GANRecipe: Codable, Equatable, Sendable {
    /// `hinge`, `cross-entropy`, `least-squares` or `relativistic`.
    public var loss = AdversarialLoss.hinge
    /// Weight w of the mismatched term. The real term weighs 1, the fake one 1 − w (1 with `relativistic`).
    public var mismatchWeight: Float = 0.5
    /// Weight of the gradient penalty: R1 and R2 with `relativistic`; with other losses matching-aware, for the task `image-to-image`
    /// R1. 0 is none, which suits discriminators on `features`.
    public var penalty: Float = 2
    /// Steps between penalties, whose weight is multiplied by this number (lazy regularization).
    public var penaltyInterval = 1
    /// Weight of the InfoNCE loss by which a generated image must find its sentence among those of the batch, through the
    /// frozen image encoder; needs `discriminator.kind: features`.
    public var contrastive: Float = 0
    /// Weight of the mean difference between the discriminator's features of a generated image and of the real image of its caption.
    /// It suits captions that all but determine the image; where one caption fits many images, it takes variety away.
    public var reconstruction: Float = 0
    /// Weight of the mode-seeking loss (Mao et al. 2019), the reciprocal of the difference between the features of two images
    /// generated from one sentence: every second sentence of the batch then conditions two images. It needs
    /// `discriminator.kind: features`.
    public var diversity: Float = 0
    /// Pairs per step.
    public var batch = 32
    /// Images seen in total.
    public var images = 400_000
    /// Adam's decay rate of the first moment; 0, since momentum destabilizes adversarial training (Tao et al. 2022).
    public var beta1: Float = 0
    /// Adam's decay rate of the second moment.
    public var beta2: Float = 0.9
    /// Share of random noise in the sentence vectors that condition the generator (Zhou et al. 2022, Lafite, section 3.1).
    public var textNoise: Float = 0.1
    /// Share of the generator's batch conditioned on the mean of two sentences (Reed et al. 2016, section 4.3).
    public var interpolation: Float = 0.25
    /// Probability that an image is translated and partly cut out before the discriminator (Zhao et al. 2020).
    public var augmentation: Float = 0.3
    /// Half-life of the generator's moving average, in thousands of images.
    public var emaHalfLife: Float = 10
    /// Images between snapshots, each with a sample grid.
    public var snapshotEvery = 20_000
    /// Snapshots to keep: the newest, and older ones at equal distances.
    public var snapshotsKept = 20
    /// Images between checkpoints.
    public var checkpointEvery = 5_000

    enum CodingKeys: String, CodingKey {
        case loss, mismatchWeight = "mismatch_weight", penalty, penaltyInterval = "penalty_interval", contrastive
        case reconstruction, diversity, batch
        case images, beta1, beta2, textNoise = "text_noise", interpolation, augmentation, emaHalfLife = "ema_half_life"
        case snapshotEvery = "snapshot_every", snapshotsKept = "snapshots_kept", checkpointEvery = "checkpoint_every"
    }

    /// Consecutive images of a batch that are compared with each other, so that one shard must have them all.
    var imagesTogether: Int { diversity > 0 ? 2 : 1 }

    func validate() throws(ConfigurationError) {
        try ConfigurationError.check("gan.batch", batch, in: 1...4096)
        try ConfigurationError.check("gan.images", images, in: 1...10_000_000_000)
        try ConfigurationError.check("gan.penalty_interval", penaltyInterval, in: 1...1024)
        try ConfigurationError.check("gan.snapshot_every", snapshotEvery, in: 1...1_000_000_000)
        try ConfigurationError.check("gan.snapshots_kept", snapshotsKept, in: 1...1_000_000)
        try ConfigurationError.check("gan.checkpoint_every", checkpointEvery, in: 1...1_000_000_000)
        for (key, value) in [
            ("penalty", penalty), ("ema_half_life", emaHalfLife), ("contrastive", contrastive),
            ("reconstruction", reconstruction), ("diversity", diversity),
        ] {
            guard value >= 0, value.isFinite else {
                throw ConfigurationError(key: "gan.\(key)", problem: "is \(value), expected 0 or more")
            }
        }
        for (key, share) in [
            ("augmentation", augmentation), ("interpolation", interpolation), ("text_noise", textNoise),
            ("mismatch_weight", mismatchWeight),
        ] {
            guard (0...1).contains(share) else {
                throw ConfigurationError(key: "gan.\(key)", problem: "is \(share), expected 0 to 1")
            }
        }
        guard reconstruction == 0 || interpolation == 0 else {
            throw ConfigurationError(
                key: "gan.reconstruction",
                problem: "needs gan.interpolation: 0; the mean of two sentences has no real image")
        }
        guard diversity == 0 || (reconstruction == 0 && loss != .relativistic) else {
            throw ConfigurationError(
                key: "gan.diversity",
                problem: "needs gan.reconstruction: 0 and a gan.loss other than relativistic; "
                    + "images of a repeated sentence have no real image")
        }
        guard diversity == 0 || batch % 2 == 0 else {
            throw ConfigurationError(key: "gan.diversity", problem: "needs an even gan.batch, not \(batch)")
        }
        for (key, decay) in [("beta1", beta1), ("beta2", beta2)] {
            guard (0..<1).contains(decay) else {
                throw ConfigurationError(key: "gan.\(key)", problem: "is \(decay), expected 0 or more and below 1")
            }
        }
    }
}

/// Measures taken during a training, on captions of the validation split (`data.hold_out`).
public struct EvaluationRecipe: Codable, Equatable, Sendable {
    /// Images between evaluations; 0 is never.
    public var every = 0
    /// The frozen network in whose pooled features distances are measured; must not be the one that the training uses.
    public var network = FeatureNetwork.efficientNetLite2
    /// The file of a judge for R-precision: a pair of encoders that has no part in the training; "" skips the measure.
    public var judge = ""
    /// Maximum captions to generate images from.
    public var captions = 1000

    enum CodingKeys: String, CodingKey { case every, network, judge, captions }

    func validate() throws(ConfigurationError) {
        try ConfigurationError.check("evaluate.every", every, in: 0...1_000_000_000)
        try ConfigurationError.check("evaluate.captions", captions, in: 10...1_000_000)
    }
}

extension Recipe {
    /// The discriminator in a few words.
    var discriminatorSummary: String {
        let kind = discriminator.kind.rawValue
        guard let network = discriminator.featureNetwork else { return "\(kind), width \(discriminator.width)" }
        let resolution = discriminator.resolution
        return "\(kind) of \(network.rawValue) at \(resolution)×\(resolution), "
            + "width \(discriminator.width)"
    }

    /// The generator for sentence vectors of width `condition`.
    func generatorConfiguration(condition: Int) -> GeneratorConfiguration {
        GeneratorConfiguration(
            kind: generator.kind, side: data.side, width: generator.width,
            maximumWidth: generator.maxWidth == 0 ? nil : generator.maxWidth, noise: generator.noise,
            condition: condition, output: generator.output == .tanh ? nil : generator.output,
            textScale: generator.textScale == 1 ? nil : generator.textScale,
            textInStart: generator.textInStart ? true : nil)
    }

    /// The discriminator for sentence vectors of width `condition`.
    package func discriminatorConfiguration(condition: Int) -> DiscriminatorConfiguration {
        DiscriminatorConfiguration(
            kind: discriminator.kind, side: data.side, width: discriminator.width, condition: condition,
            network: discriminator.network, resolution: discriminator.resolution)
    }
}

extension ConfigurationError {
    /// Throws unless `rate` is above 0 and below 1.
    static func checkRate(_ key: String, _ rate: Float) throws(ConfigurationError) {
        guard rate > 0, rate < 1 else {
            throw ConfigurationError(key: key, problem: "is \(rate), expected above 0 and below 1")
        }
    }
}
