import Basics
import Corpora
import Execution
import Images
import Networks
import Yams

/// An invalid recipe file or `--set`.
public struct RecipeError: ClassifiedError {
    /// The kind of failure.
    public var kind: ErrorKind { .usage }
    /// One line: where, what, and what to do.
    public let description: String
}

extension Recipe {
    /// Reads a recipe: `yaml` laid over the defaults, then each `key=value` laid over that.
    /// - Parameters:
    ///   - file: what errors call the text.
    ///   - settings: such as `gan.batch=16`.
    /// - Throws: `RecipeError` for text that is not YAML, for unknown keys (with the nearest known one) and for values
    ///   of another kind; `ConfigurationError` for values that no training can have.
    public init(yaml: String, named file: String, settings: [String] = []) throws {
        guard yaml.utf8.count <= Recipe.longestText else {
            throw RecipeError(
                description: "\(file): \(yaml.utf8.count) bytes; a recipe has at most \(Recipe.longestText)")
        }
        var tree = try Recipe().tree()
        do {
            if let node = try Yams.compose(yaml: yaml) { try Recipe.merge(node, into: &tree, path: [], file: file) }
        } catch let error as YamlError {
            throw RecipeError(description: "\(file)\(Recipe.explain(error))")
        }
        for setting in settings {
            guard let equals = setting.firstIndex(of: "=") else {
                throw RecipeError(description: "--set \(setting): expected key=value, such as gan.batch=16")
            }
            let path = setting[..<equals].split(separator: ".").map(String.init)
            let value = Node(String(setting[setting.index(after: equals)...]))
            let nested = path.reversed().reduce(value) { Node([(Node($1), $0)]) }
            try Recipe.merge(nested, into: &tree, path: [], file: "--set")
        }
        do {
            self = try YAMLDecoder().decode(Recipe.self, from: Yams.serialize(node: tree))
        } catch let error as DecodingError {
            let problem = Recipe.explain(error)
            // A value given on the command line is not the file's fault.
            let key = problem.prefix { $0 != " " && $0 != ":" }
            let isGiven = settings.contains { $0.hasPrefix(key + "=") }
            throw RecipeError(description: "\(isGiven ? "--set" : file): \(problem)")
        }
        try validate()
    }

    /// The most bytes of a recipe's text.
    private static let longestText = 1 << 20

    /// The recipe with every key, as a run directory keeps it.
    public func yaml() throws -> String { try Yams.serialize(node: tree()) }

    /// Yams writes 0.04 as 3.99999991059303e-2; here numbers are the shortest decimals that read back as the same value.
    private func tree() throws -> Node {
        func shortened(_ node: Node) -> Node {
            switch node {
            case .mapping(var members):
                for (key, value) in members { members[key] = shortened(value) }
                return .mapping(members)
            case .scalar where node.tag == Tag(.float): return node.float.map { Node("\(Float($0))") } ?? node
            default: return node
            }
        }
        return try Yams.compose(yaml: YAMLEncoder().encode(self)).map(shortened) ?? Node([(Node, Node)]())
    }

    /// The keys whose values differ from those of another recipe, with this one's and the other's value.
    func differences(from other: Recipe) throws -> [(key: String, own: String, other: String)] {
        let (own, others) = (try leaves(), try other.leaves())
        return own.keys.sorted().compactMap { key in
            guard let value = own[key], let before = others[key], value != before else { return nil }
            return (key, value, before)
        }
    }

    /// All values by key, such as `gan.batch`, as the YAML has them.
    private func leaves() throws -> [String: String] {
        var leaves: [String: String] = [:]
        func visit(_ node: Node, _ path: [String]) {
            guard case .mapping(let members) = node else {
                let items = node.sequence.map { "[\($0.compactMap(\.string).joined(separator: ", "))]" }
                leaves[path.joined(separator: ".")] = items ?? node.string ?? ""
                return
            }
            for (key, value) in members { visit(value, path + [key.string ?? ""]) }
        }
        visit(try tree(), [])
        return leaves
    }

    /// Replaces the leaves of `tree` that `node` names; keys that `tree` does not have are errors.
    private static func merge(_ node: Node, into tree: inout Node, path: [String], file: String) throws {
        let place = path.isEmpty ? "the recipe" : path.joined(separator: ".")
        let line = node.mark.map { ":\($0.line)" } ?? ""
        guard case .mapping(var known) = tree else {
            if case .sequence = tree {
                tree = try list(node, place: place, file: "\(file)\(line)")
                return
            }
            guard case .scalar = node else {
                throw RecipeError(description: "\(file)\(line): \(place) takes one value")
            }
            tree = node
            return
        }
        guard case .mapping(let given) = node else {
            throw RecipeError(
                description: "\(file)\(line): \(place) takes keys, found \(node.string.map { "“\($0)”" } ?? "a list")")
        }
        for (key, value) in given {
            let name = key.string ?? "?"
            guard var inner = known[Node(name)] else {
                let names = known.keys.compactMap(\.string)
                let nearest = names.min { distance(name, $0) < distance(name, $1) } ?? ""
                let full = (path + [name]).joined(separator: ".")
                let line = key.mark.map { ":\($0.line)" } ?? ""
                throw RecipeError(
                    description:
                        "\(file)\(line): unknown key \(full); did you mean \((path + [nearest]).joined(separator: "."))?"
                )
            }
            try merge(value, into: &inner, path: path + [name], file: file)
            known[Node(name)] = inner
        }
        tree = .mapping(known)
    }

    /// The list that a key takes; on the command line in YAML's own form, `[noise 25, blur 1]`, or its only item.
    private static func list(_ node: Node, place: String, file: String) throws -> Node {
        var list = node
        if case .scalar(let scalar) = node {
            let text = String(scalar.string.drop { $0 == " " })
            let inner = text.hasPrefix("[") ? try? Yams.compose(yaml: text) : nil
            list = inner ?? Node(text.isEmpty ? [] : [Node(text)])
        }
        // Lists in lists may be aliases of each other, whose copies grow exponentially.
        guard case .sequence(let items) = list, items.allSatisfy({ $0.scalar != nil }) else {
            throw RecipeError(description: "\(file): \(place) takes a list of texts, such as [noise 0-55, blur 1]")
        }
        return list
    }

    /// Where and why a text is not YAML.
    private static func explain(_ error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            ":\(mark.line): not valid YAML: \(problem.contains("nesting") ? "nested too deeply" : problem)"
        case .duplicatedKeysInMapping(let keys, let context):
            ":\(context.mark.line): not valid YAML: \(keys.joined(separator: ", ")) occurs twice"
        default: ": not valid YAML: \("\(error)".split(separator: "\n").first ?? "")"
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context) -> String {
            context.codingPath.map(\.stringValue).joined(separator: ".")
        }
        switch error {
        case .typeMismatch(let type, let context): return "\(path(context)) should be \(name(of: type))"
        case .valueNotFound(let type, let context):
            return "\(path(context)) has no value; it should be \(name(of: type))"
        case .keyNotFound(let key, let context): return "\(path(context)).\(key.stringValue) is missing"
        case .dataCorrupted(let context):
            let key = path(context)
            guard let choices = Recipe.choices[key] else { return "\(key): \(context.debugDescription)" }
            return "\(key) should be one of \(choices.joined(separator: ", "))"
        @unknown default: return "\(error)"
        }
    }

    /// The values of keys that have a fixed set of them.
    private static let choices: [String: [String]] = {
        func names<Choice: RawRepresentable<String> & CaseIterable>(_ type: Choice.Type) -> [String] {
            type.allCases.map(\.rawValue)
        }
        return [
            "task": names(TaskKind.self), "precision": names(Precision.self), "data.aspect": names(AspectMode.self),
            "data.crop": names(CropMode.self), "data.caption_per": names(CaptionUnit.self),
            "generator.kind": names(GeneratorKind.self),
            "generator.output": names(OutputActivation.self), "discriminator.kind": names(DiscriminatorKind.self),
            "discriminator.network": names(FeatureNetwork.self), "translator.kind": names(TranslatorKind.self),
            "translator.normalization": names(TranslatorNormalization.self),
            "image_to_image.pairing": names(TranslationPairing.self), "gan.loss": names(AdversarialLoss.self),
            "evaluate.network": names(FeatureNetwork.self),
        ]
    }()

    private static func name(of type: any Any.Type) -> String {
        if type is any BinaryInteger.Type { return "a whole number" }
        if type is any BinaryFloatingPoint.Type { return "a number" }
        return type == Bool.self ? "true or false" : "text"
    }

    /// Levenshtein's distance: how many letters must be added, removed or changed.
    private static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        var row = Array(0...b.count)
        for i in a.indices {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let substitution = diagonal + (a[i] == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
