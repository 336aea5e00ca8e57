import Images
import Networks

/// Whether the sources and targets of a training belong together.
public enum TranslationPairing: String, Codable, Sendable, CaseIterable {
    /// Two collections of images without correspondence (Zhu et al. 2017, "CycleGAN"; Park et al. 2020, "CUT").
    case unpaired
    /// Each source has the target that the translator should make of it (Isola et al. 2017, "pix2pix").
    case paired
}

/// Where the images of the task `image-to-image` come from, and the losses of its translator.
public struct ImageToImageRecipe: Codable, Equatable, Sendable {
    /// `unpaired` or `paired`.
    public var pairing = TranslationPairing.unpaired
    /// The class of the sources, if they are in one corpus with the targets (`data.class` names the column); else "".
    public var source = ""
    /// The class of the targets, likewise.
    public var target = ""
    /// Makes the sources from the targets, differently each time an image is used: a list such as
    /// `["noise 0-55", "jpeg 30-95 p 0.5"]`. Empty if the sources are images of their own.
    public var degradation: [String] = []
    /// Weight of the adversarial loss; 0 trains without a discriminator.
    public var adversarial: Float = 1
    /// Weight of the difference of pixels between result and target; for `paired`. pix2pix has 100.
    public var pixels: Float = 0
    /// Weight of the difference between their features in the discriminator's frozen network; for `paired`.
    public var features: Float = 0
    /// Weight of the difference between a source and its translation there and back by a second translator, which is then trained too;
    /// for `unpaired`. CycleGAN has 10.
    public var cycle: Float = 0
    /// Weight of the contrastive loss by which each patch of a result must find the patch of the source at its position; for
    /// `unpaired`. CUT has 1, FastCUT 10.
    public var contrastive: Float = 0
    /// Weight of the change that the translator makes to targets, which it should leave as they are; for `unpaired`. CycleGAN has 5,
    /// CUT 1.
    public var identity: Float = 0
    /// Whether the translation depends on the captions of the targets: the translator and the discriminator read their sentences.
    public var text = false
    /// The share of the training, at its end, in which the learning rates decrease linearly to 0.
    public var decay: Float = 0.5

    enum CodingKeys: String, CodingKey {
        case pairing, source, target, degradation, adversarial, pixels, features, cycle, contrastive, identity, text
        case decay
    }

    /// The degradations.
    /// - Throws: `ConfigurationError`.
    func degradations() throws(ConfigurationError) -> [Degradation] {
        var result: [Degradation] = []
        for text in degradation {
            do throws(DegradationError) {
                result.append(try Degradation(text))
            } catch {
                throw ConfigurationError(key: "image_to_image.degradation", problem: "cannot be used: \(error)")
            }
        }
        return result
    }

    private var pairedWeights: [(key: String, weight: Float)] { [("pixels", pixels), ("features", features)] }
    private var unpairedWeights: [(key: String, weight: Float)] {
        [("cycle", cycle), ("contrastive", contrastive), ("identity", identity)]
    }

    private func failure(_ key: String, _ problem: String) -> ConfigurationError {
        ConfigurationError(key: "image_to_image.\(key)", problem: problem)
    }

    /// Throws for the first value that is out of range.
    func validateRanges() throws(ConfigurationError) {
        for (key, weight) in pairedWeights + unpairedWeights + [("adversarial", adversarial)] {
            guard weight >= 0, weight.isFinite else { throw failure(key, "is \(weight), expected 0 or more") }
        }
        guard (0...1).contains(decay) else { throw failure("decay", "is \(decay), expected 0 to 1") }
        _ = try degradations()
    }

    /// Throws for the first combination of settings that trains no translator.
    func validate(_ discriminator: DiscriminatorRecipe, _ gan: GANRecipe) throws(ConfigurationError) {
        for (key, weight) in pairing == .paired ? unpairedWeights : pairedWeights where weight > 0 {
            throw failure(key, "is \(weight), but has no meaning with image_to_image.pairing: \(pairing.rawValue)")
        }
        switch pairing {
        case .paired:
            guard adversarial + pixels + features > 0 else {
                throw failure("pixels", "is 0, and so are features and adversarial; the translator has no loss")
            }
            guard source.isEmpty, target.isEmpty else {
                throw failure(
                    "source", "names a class, but with image_to_image.pairing: paired each source has its own target")
            }
        case .unpaired:
            guard adversarial > 0 else {
                throw failure("adversarial", "is 0; without pairs nothing else says what a target looks like")
            }
            guard cycle + contrastive > 0 else {
                throw failure("contrastive", "is 0, and so is cycle; no loss compares a result with its source")
            }
            guard degradation.isEmpty else {
                throw failure("degradation", "makes pairs; set image_to_image.pairing: paired")
            }
            guard source.isEmpty == target.isEmpty else {
                throw failure(source.isEmpty ? "source" : "target", "is empty; name both classes or none")
            }
            guard source.isEmpty || source != target else {
                throw failure("target", "is the class of the sources too")
            }
        }
        guard features == 0 || (discriminator.kind == .features && adversarial > 0) else {
            throw failure("features", "needs discriminator.kind: features, whose frozen network it compares by")
        }
        guard !text || cycle == 0 else {
            throw failure("text", "needs image_to_image.contrastive; the way back of cycle has no sentence")
        }
        guard gan.contrastive == 0 else {
            throw ConfigurationError(
                key: "gan.contrastive", problem: "compares images with sentences; must be 0 for the task image-to-image"
            )
        }
        guard gan.diversity == 0 else {
            throw ConfigurationError(
                key: "gan.diversity", problem: "compares images of one sentence; must be 0 for the task image-to-image")
        }
        guard gan.reconstruction == 0 else {
            throw ConfigurationError(
                key: "gan.reconstruction",
                problem: "must be 0 for the task image-to-image, which has image_to_image.features")
        }
    }
}

/// The translator of a recipe.
public struct TranslatorRecipe: Codable, Equatable, Sendable {
    /// `resnet`, that of CycleGAN, or `unet`.
    public var kind = TranslatorKind.resNet
    /// Channels at full resolution; they double at each halving of the side.
    public var width = 32
    /// Maximum channels at any resolution.
    public var maxWidth = 128
    /// Residual blocks: of `resnet` in all, of `unet` at each resolution of each half.
    public var blocks = 6
    /// How often the resolution is halved.
    public var halvings = 2
    /// `instance`, for changes of style, or `none`, for restoration.
    public var normalization = TranslatorNormalization.instance
    /// Whether the network computes what is added to the source, which suits restoration.
    public var residual = false
    /// Adam's learning rate.
    public var learningRate: Float = 2e-4

    enum CodingKeys: String, CodingKey {
        case kind, width, maxWidth = "max_width", blocks, halvings, normalization, residual
        case learningRate = "learning_rate"
    }

    func configuration(condition: Int) -> TranslatorConfiguration {
        TranslatorConfiguration(
            kind: kind, width: width, maximumWidth: maxWidth, blocks: blocks, halvings: halvings,
            normalization: normalization, isResidual: residual, condition: condition)
    }
}

extension Recipe {
    /// Throws for the first setting with which no translator can be trained.
    func validateImageToImage() throws(ConfigurationError) {
        guard from.isEmpty else {
            throw ConfigurationError(
                key: "from", problem: "is \(from), but translators cannot start from a model yet; omit it")
        }
        guard evaluate.judge.isEmpty else {
            throw ConfigurationError(
                key: "evaluate.judge",
                problem: "compares images with captions; must be empty for the task image-to-image")
        }
        try imageToImage.validate(discriminator, gan)
        let configuration = translatorConfiguration(condition: 0)
        try configuration.validate()
        guard data.side.isMultiple(of: configuration.multiple), data.side >= 4 * configuration.multiple else {
            throw ConfigurationError(
                key: "translator.halvings",
                problem: "is \(configuration.halvings), which leaves too little of images of side \(data.side)")
        }
    }

    func translatorConfiguration(condition: Int) -> TranslatorConfiguration {
        translator.configuration(condition: condition)
    }

    /// The discriminator of results and targets. A patch discriminator of pairs sees the source as well.
    func translationDiscriminator(condition: Int) -> DiscriminatorConfiguration {
        var configuration = discriminatorConfiguration(condition: condition)
        if imageToImage.pairing == .paired, discriminator.kind == .patch { configuration.channels = 6 }
        return configuration
    }
}
