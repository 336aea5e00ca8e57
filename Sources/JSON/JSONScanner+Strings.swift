extension JSONScanner {
    /// Moves to the next byte of a string that is not plain content, a quote or a backslash, and returns it.
    private mutating func skipPlainContent() throws(Fault) -> UInt8 {
        // Most bytes of a corpus pass through this loop; the buffer pointer spares it the bounds checks.
        position = bytes.withUnsafeBufferPointer { bytes in
            var index = position
            while index < end, bytes[index] >= 0x20, bytes[index] != UInt8(ascii: "\""),
                bytes[index] != UInt8(ascii: "\\")
            {
                index += 1
            }
            return index
        }
        guard position < end else { throw syntaxFault("a string has no end") }
        guard bytes[position] >= 0x20 else { throw syntaxFault("a string holds a control character") }
        return bytes[position]
    }

    /// Skips the string that begins at `position`; returns whether it has no escapes.
    mutating func skipString() throws(Fault) -> Bool {
        position += 1
        var isPlain = true
        while try skipPlainContent() == UInt8(ascii: "\\") {
            isPlain = false
            position = min(position + 2, end)
        }
        position += 1
        return isPlain
    }

    /// Reads a string.
    package mutating func string() throws(Fault) -> String {
        var content: [UInt8] = []
        try string(into: &content)
        return try text(of: content[...])
    }

    /// The content of a string, for example a name from `members`, as a `String`.
    /// - Throws: a fault if it is not UTF-8.
    package func text(of content: ArraySlice<UInt8>) throws(Fault) -> String {
        guard let text = String(validating: content, as: UTF8.self) else { throw syntaxFault("a string is not UTF-8") }
        return text
    }

    /// Reads a string and appends its unescaped content to `text`.
    package mutating func string(into text: inout [UInt8]) throws(Fault) {
        try expect("\"")
        while true {
            let start = position
            let mark = try skipPlainContent()
            text += bytes[start..<position]
            position += 1
            if mark == UInt8(ascii: "\"") { return }
            try escape(into: &text)
        }
    }

    /// Reads the escape sequence after a backslash.
    private mutating func escape(into text: inout [UInt8]) throws(Fault) {
        guard position < end else { throw syntaxFault("a string has no end") }
        let letter = bytes[position]
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var unit = try codeUnit()
            if unit & 0xFC00 == 0xD800, end - position >= 6, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            {
                position += 2
                let low = try codeUnit()
                // Without a valid low half, `unit` remains a surrogate, which is refused below.
                if low & 0xFC00 == 0xDC00 { unit = 0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF }
            }
            guard let scalar = Unicode.Scalar(unit) else { throw syntaxFault("an escape is half a surrogate pair") }
            text.append(contentsOf: String(scalar).utf8)
        default: throw syntaxFault("a string holds an unknown escape")
        }
    }

    /// Reads four hexadecimal digits.
    private mutating func codeUnit() throws(Fault) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard position < end, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw syntaxFault("an escape lacks its four hexadecimal digits")
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }
}
