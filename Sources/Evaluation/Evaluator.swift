import Corpora
import Execution
import Images
import RandomStreams
import Synthesis

/// Measures a model on captions of a corpus.
public struct Evaluator {
    private let model: Model
    private let judge: EncoderPair
    private let encoder: String?
    private let mobileNet: String?
    private let device: CPUDevice
    private let seed: UInt64
    private let progress: (String, Int, Int) -> Void

    /// - Parameters:
    ///   - judge: a pair of encoders that had no part in the model's training.
    ///   - encoder: the folder of the pretrained encoder that the model names; see `Model.embedder`.
    ///   - mobileNet: MobileNetV2's features for FMD, a safetensors file.
    ///   - seed: of the noise that pictures are painted from and of the rivals they are judged against.
    ///   - progress: called with what is done, how many and of how many.
    public init(
        _ model: Model, judge: EncoderPair, encoder: String? = nil, mobileNet: String?, device: CPUDevice,
        seed: UInt64 = 0,
        progress: @escaping (String, Int, Int) -> Void = { _, _, _ in }
    ) {
        self.model = model
        self.judge = judge
        self.encoder = encoder
        self.mobileNet = mobileNet
        self.device = device
        self.seed = seed
        self.progress = progress
    }

    /// One picture of a corpus or of the painter with the caption it is asked about.
    private struct Asked {
        var example: Int
        var caption: String
        var label: Int
    }

    /// Measures on every caption of `split`.
    /// - Parameters:
    ///   - trainingSplit: where the real/real floor and the nearest training pictures come from; nil leaves those rows out.
    ///   - badFiles: what becomes of rows and pictures that cannot be used.
    ///   - synonyms: pictures are painted from captions reworded so, and judged by the captions as they are.
    public func evaluate(
        data: String, split: String, trainingSplit: String?, badFiles: BadFiles = .few, synonyms: Synonyms? = nil
    ) throws -> Report {
        let pictures = try read(data, split, badFiles)
        let corpus = pictures.corpus
        let asked = corpus.examples.indices.flatMap { example in
            // Without classes every picture is a class of its own.
            corpus.examples[example].captions.map {
                Asked(example: example, caption: $0, label: corpus.label(of: example) ?? example)
            }
        }
        let reals = try images(of: Array(corpus.examples.indices), in: pictures)
        let painter = try Painter(model, device: device, encoder: encoder)
        // Each caption has its own noise, fixed by its place: no seed is picked.
        let prompts = asked.map { synonyms?($0.caption) ?? $0.caption }
        let commissions = prompts.indices.map { Commission(prompt: prompts[$0], seed: seed &+ UInt64($0)) }
        let painted = try painter.paint(commissions) { progress("painting", $0, commissions.count) }

        let eye = try FeatureExtractor(judge: judge, device: device)
        let reader = try SentenceEmbedder(judge.text, device: device)
        let paintedFeatures = try eye.features(of: painted) { progress("judging painted pictures", $0, painted.count) }
        let realFeatures = try eye.features(of: reals) { progress("judging real pictures", $0, reals.count) }
        let captionFeatures = try FeatureMatrix(
            rows: asked.count, columns: reader.width, values: reader.embed(asked.map(\.caption)))

        // Of each picture one caption, so that both sides of a distance count alike.
        let firsts = corpus.examples.indices.map { example in corpus.reference(example: example, caption: 0).number }
        let training = try trainingSplit.map { try read(data, $0, badFiles) }
        let sample = try training.map { store in
            try images(of: draw(firsts.count, of: store.corpus.examples.count), in: store)
        }

        var report = Report(
            model: model.configuration.name, judge: judge.name, split: split,
            frechet: .init(
                painted: try frechetDistance(paintedFeatures.selecting(firsts), realFeatures).value,
                floor: try sample.map { try frechetDistance(eye.features(of: $0), realFeatures).value },
                count: firsts.count),
            fmd: nil,
            retrieval: try retrieval(asked, paintedFeatures, realFeatures, captionFeatures, eye, training), colors: nil,
            diversity: nil)
        report.reworded = synonyms == nil ? nil : zip(prompts, asked).count { $0 != $1.caption }
        report.colors = try colors(asked, painted, reals)
        report.diversity = try diversity(asked, painter, eye, realFeatures)
        if let mobileNet {
            let exact = CPUDevice(threads: device.threads, precision: .float32)
            let net = try FeatureExtractor(
                PretrainedFeatures(.mobileNetV2, contentsOf: mobileNet), device: exact)
            let real = try net.features(of: reals) { progress("MobileNet, real pictures", $0, reals.count) }
            let fake = try net.features(of: firsts.map { painted[$0] }) {
                progress("MobileNet, painted pictures", $0, firsts.count)
            }
            let floor = try sample.map { try frechetDistance(net.features(of: $0), real).value }
            report.fmd = .init(painted: try frechetDistance(fake, real).value, floor: floor, count: firsts.count)
        }
        return report
    }

    /// The pictures of a split, all of which can be decoded: bad ones are left out, unless there are too many.
    private func read(_ data: String, _ split: String, _ badFiles: BadFiles) throws -> PictureStore {
        let form = PictureForm(side: model.configuration.networks.side)
        let all = try PictureStore(
            corpus: Corpus(folder: data, split: split, badFiles: badFiles), form: form, badFiles: badFiles)
        let bad = try all.readAll()
        if bad.isEmpty { return all }
        let rest = PictureStore(corpus: all.corpus.removing(bad), form: form)
        _ = try rest.readAll()
        return rest
    }

    private func images(of examples: [Int], in store: PictureStore) throws -> [Image] {
        try examples.map { example in
            guard let image = try store.image(example) else { throw store.nothingUsable }
            return image
        }
    }

    private func retrieval(
        _ asked: [Asked], _ painted: FeatureMatrix, _ real: FeatureMatrix, _ captions: FeatureMatrix,
        _ eye: FeatureExtractor,
        _ training: PictureStore?
    ) throws -> Report.Retrieval {
        let classes = asked.map(\.label)
        let truths = Array(asked.indices)
        func precision(_ images: FeatureMatrix, _ truths: [Int]) throws -> Report.Retrieval.Row {
            .init(
                try RetrievalPrecision(images: images, truths: truths, captions: captions, classes: classes, seed: seed)
            )
        }
        var nearest: Report.Retrieval.Row?
        if let training {
            let rows = try nearestTrainingExamples(asked.map(\.caption), training)
            let shown = Array(Set(rows)).sorted()
            let places = Dictionary(uniqueKeysWithValues: zip(shown, shown.indices))
            let features = try eye.features(of: images(of: shown, in: training)) {
                progress("judging training pictures", $0, shown.count)
            }
            nearest = try precision(features.selecting(rows.map { places[$0] ?? 0 }), truths)
        }
        return .init(
            painted: try precision(painted, truths), real: try precision(real.selecting(asked.map(\.example)), truths),
            shuffled: try precision(painted, shuffled(truths)), nearestTraining: nearest, count: asked.count)
    }

    /// For each caption the training picture whose caption the model's own encoder finds nearest.
    private func nearestTrainingExamples(_ captions: [String], _ training: PictureStore) throws -> [Int] {
        let reader = try model.embedder(on: device, encoder: encoder)
        let known = Array(training.corpus.captions)
        let owners = training.corpus.examples.indices.flatMap { example in
            training.corpus.captionNumbers(of: example).map { _ in example }
        }
        let rows = try FeatureMatrix(
            rows: known.count, columns: reader.width,
            values: reader.embed(known) { progress("reading training captions", $0, known.count) })
        let queries = try FeatureMatrix(rows: captions.count, columns: reader.width, values: reader.embed(captions))
        return try nearestNeighborDistances(of: queries, in: rows).map { owners[$0.row] }
    }

    private func colors(_ asked: [Asked], _ painted: [Image], _ reals: [Image]) throws -> Report.Colors? {
        let captions = asked.map(\.caption)
        func accuracy(_ pictures: [Image], _ captions: [String]) throws -> ColorAccuracy {
            try ColorAccuracy(
                pictures: pictures.map(\.pixels), side: model.configuration.networks.side, captions: captions)
        }
        guard captions.contains(where: { !NamedColor.ofPetals(in: $0).isEmpty }) else { return nil }
        let own = try accuracy(painted, captions)
        return .init(
            painted: own.value, real: try accuracy(asked.map { reals[$0.example] }, captions).value,
            shuffled: try accuracy(painted, shuffled(Array(captions.indices)).map { captions[$0] }).value,
            count: own.count)
    }

    /// Eight pictures of each of up to forty captions, against up to eight real pictures of one class.
    private func diversity(_ asked: [Asked], _ painter: Painter, _ eye: FeatureExtractor, _ reals: FeatureMatrix) throws
        -> Double?
    {
        let seeds = 8
        let captions = draw(min(40, asked.count), of: asked.count)
        let commissions = captions.flatMap { index in
            (0..<seeds).map { Commission(prompt: asked[index].caption, seed: seed &+ UInt64($0)) }
        }
        let features = try eye.features(of: painter.paint(commissions))
        let painted = try captions.indices.map { try features.selecting(Array($0 * seeds..<($0 + 1) * seeds)) }
        var members: [Int: [Int]] = [:]
        var seen = Set<Int>()
        for row in asked where seen.insert(row.example).inserted { members[row.label, default: []].append(row.example) }
        let groups = try members.values.filter { $0.count > 1 }.sorted { $0[0] < $1[0] }.map {
            try reals.selecting(Array($0.prefix(seeds)))
        }
        guard !groups.isEmpty else { return nil }
        return try pairwiseDistanceRatio(generated: painted, real: groups).ratio
    }

    /// `count` different places of `total`, ascending.
    private func draw(_ count: Int, of total: Int) -> [Int] {
        Array(permutation(total, "evaluation.sample").prefix(count)).sorted()
    }

    /// Each place with another's value; by chance a few keep their own, as chance allows.
    private func shuffled(_ values: [Int]) -> [Int] {
        permutation(values.count, "evaluation.shuffle").map { values[$0] }
    }

    private func permutation(_ count: Int, _ purpose: String) -> [Int] {
        var stream = RandomStream(seed: seed, purpose: purpose)
        var order = Array(0..<count)
        for last in stride(from: count - 1, to: 0, by: -1) { order.swapAt(last, stream.index(below: last + 1)) }
        return order
    }
}
