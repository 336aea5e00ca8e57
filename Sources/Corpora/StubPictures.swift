import FoundationEssentials
import Images

#if canImport(Glibc)
    import Glibc
#endif

public enum BadFiles: String, Sendable, CaseIterable {
    case few, skip, fail
    package func refuses(_ bad: Int, of total: Int) -> Bool {
        switch self {
        case .few: bad * 100 > total
        case .skip: false
        case .fail: bad > 0
        }
    }
}

public struct LeftOut: Sendable, CustomStringConvertible {
    public private(set) var counts: [CorpusProblem.Kind: Int] = [:]
    public private(set) var first: [CorpusProblem] = []
    public init() {}
    public mutating func add(_ problem: CorpusProblem) {
        counts[problem.kind, default: 0] += 1
        if first.count < 100 { first.append(problem) }
    }
    public var total: Int { counts.values.reduce(0, +) }
    public var description: String {
        let kinds = CorpusProblem.Kind.allCases.compactMap { kind in counts[kind].map { "\($0) \(kind.rawValue)" } }
        return kinds.isEmpty ? "none left out" : "\(total) left out: \(kinds.joined(separator: ", "))"
    }
}

extension Corpus {
    public func label(of example: Int) -> Int? { examples[example].label }
    package func pictureName(_ example: Int) -> String { examples[example].path }
    package func encodedPicture(_ example: Int) throws -> [UInt8] {
        let path = "\(folder)/\(examples[example].path)"
        do { return [UInt8](try Data(contentsOf: URL(filePath: path))) } catch {
            throw CorpusError.cannotRead(path: path, reason: CorpusError.reason(error))
        }
    }
    package func pictureStamp(_ example: Int) throws -> UInt64 {
        var status = stat()
        let path = "\(folder)/\(examples[example].path)"
        guard stat(path, &status) == 0 else { throw CorpusError.cannotRead(path: path, reason: "\(errno)") }
        var digest: UInt64 = 0xCBF2_9CE4_8422_2325
        for word in [Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec, Int(status.st_ino)] {
            digest = (digest ^ UInt64(word)) &* 0x100_0000_01B3
        }
        return digest
    }
    package func problem(_ kind: CorpusProblem.Kind, with example: Int, _ detail: String) -> CorpusProblem {
        CorpusProblem(kind: kind, file: examples[example].path, line: nil, detail: detail)
    }
}

public enum PictureAspect: String, Sendable, CaseIterable, Codable { case crop, pad, stretch }

extension Image {
    func fitted(side: Int, aspect: PictureAspect) -> Image {
        switch aspect {
        case .crop:
            let square = centerSquare()
            return square.width == side ? square : square.resized(width: side, height: side, filter: .bicubic)
        case .stretch: return resized(width: side, height: side)
        case .pad: return resized(width: side, height: side)
        }
    }
    init(decoding bytes: [UInt8], named name: String, atLeast: Int?) throws {
        try self.init(decoding: bytes, named: name)
    }
}
