import Basics
import FoundationEssentials

/// What a file is: its kind and facts about it, for reading or as JSON.
struct Facts {
    enum Value {
        case text(String)
        case texts([String])
        case count(Int)
        case number(Double)
        case seed(UInt64)
        /// Width and height.
        case size(Int, Int)
        /// The number done and the total.
        case progress(Int, of: Int)
        case numbers([(name: String, value: Double)])
    }

    /// The path.
    let file: String
    /// Such as `model`.
    let kind: String
    private var facts: [(name: String, value: Value)] = []
    /// A model's card, which is several lines of Markdown.
    var card: String?

    init(_ file: String, kind: String) { (self.file, self.kind) = (file, kind) }

    /// Adds a fact; nil adds nothing.
    mutating func add(_ name: String, _ value: Value?) { if let value { facts.append((name, value)) } }

    mutating func add(_ name: String, _ text: String?) { add(name, text.map(Value.text)) }

    /// Several lines: the file with its kind, and a fact on each line.
    var description: String {
        var table = TextTable(alignment: [.left, .left])
        for (name, value) in facts { table.add("  " + printable(name), printable(value.description)) }
        return (["\(printable(file)): \(kind)"] + table.lines).joined(separator: "\n")
    }
}

extension Facts.Value {
    fileprivate var description: String {
        switch self {
        case .text(let text): text
        case .texts(let texts): texts.joined(separator: ", ")
        case .count(let count): Measure.grouped(count)
        case .number(let number): "\(Float(number))"
        case .seed(let seed): "\(seed)"
        case .size(let width, let height): "\(width)×\(height)"
        case .progress(let done, let total):
            "\(Measure.grouped(done)) of \(Measure.grouped(total))"
                + (total > 0 ? " (\(formatted(100 * Double(done) / Double(total), digits: 1)) %)" : "")
        case .numbers(let numbers):
            numbers.map { "\($0.name) \(formatted($0.value, digits: 3))" }.joined(separator: ", ")
        }
    }
}

extension Facts: Encodable {
    private struct Key: CodingKey {
        let stringValue: String
        let intValue: Int? = nil

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        try object.encode(file, forKey: Key(stringValue: "file"))
        try object.encode(kind, forKey: Key(stringValue: "kind"))
        try object.encodeIfPresent(card, forKey: Key(stringValue: "card"))
        for (name, value) in facts {
            let key = Key(stringValue: name.replacing(" ", with: "_"))
            switch value {
            case .text(let text): try object.encode(text, forKey: key)
            case .texts(let texts): try object.encode(texts, forKey: key)
            case .count(let count): try object.encode(count, forKey: key)
            case .number(let number): try object.encode(number, forKey: key)
            case .seed(let seed): try object.encode(seed, forKey: key)
            case .size(let width, let height): try object.encode(["width": width, "height": height], forKey: key)
            case .progress(let done, let total): try object.encode(["done": done, "total": total], forKey: key)
            case .numbers(let numbers):
                try object.encode(Dictionary(numbers.map { ($0.name, $0.value) }) { $1 }, forKey: key)
            }
        }
    }
}
