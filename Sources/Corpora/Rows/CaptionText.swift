import Basics

/// Validation of captions: UTF-8, not blank, of limited length, without control characters.
enum CaptionText {
    /// Maximum length of a caption in bytes.
    static let longest = 1 << 16

    struct Fault: Error {
        let kind: CorpusProblem.Kind
        /// Continues "a.jpg has …".
        let detail: String
    }

    /// The caption without leading and trailing white space; tabs and line ends within it become spaces.
    static func cleaned(_ text: ArraySlice<UInt8>) throws(Fault) -> ArraySlice<UInt8> {
        guard text.count <= longest else {
            throw Fault(kind: .tooLong, detail: "a caption of \(text.count) bytes; at most \(longest) are read")
        }
        var rest = text
        while rest.first == 0x20 { rest.removeFirst() }
        while rest.last == 0x20 { rest.removeLast() }
        // Nearly all captions are ASCII.
        if !rest.isEmpty, rest.allSatisfy({ $0 &- 0x20 < 0x5F }) { return rest }

        guard let string = String(validating: rest, as: UTF8.self) else {
            throw Fault(kind: .notUTF8, detail: "a caption that is not UTF-8")
        }
        var characters = string[...]
        while characters.first?.isWhitespace == true { characters.removeFirst() }
        while characters.last?.isWhitespace == true { characters.removeLast() }
        if characters.isEmpty { throw Fault(kind: .noCaption, detail: "a blank caption") }
        var clean = ""
        for scalar in characters.unicodeScalars {
            if [0x09, 0x0A, 0x0D].contains(scalar.value) {
                clean.append(" ")
            } else if scalar.properties.generalCategory == .control {
                let code = zeroPadded(Int(scalar.value), width: 4, radix: 16)
                throw Fault(kind: .controlCharacter, detail: "a caption with the control character U+\(code)")
            } else {
                clean.unicodeScalars.append(scalar)
            }
        }
        return Array(clean.utf8)[...]
    }
}
