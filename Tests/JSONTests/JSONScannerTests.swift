import JSON
import Testing

@Suite struct JSONScannerTests {
    private static func value(_ text: String) throws -> String { "\(try JSONValue(Array(text.utf8)))" }

    @Test(arguments: [
        (" null ", "null"), ("true", "boolean(true)"), ("false", "boolean(false)"), ("0", "integer(0)"),
        ("-12", "integer(-12)"), ("1.5e-2", "number(0.015)"), ("1E3", "number(1000.0)"), ("-0", "integer(0)"),
        ("99999999999999999999", "number(1e+20)"), ("\"\"", "string(\"\")"),
        (#""a\"\\\/\b\f\n\r\t""#, "string(\"a\\\"\\\\/\\u{08}\\u{0C}\\n\\r\\t\")"),
        (#""\u00e9 \uD83D\uDE00""#, "string(\"é 😀\")"), ("[ ]", "array([])"), ("{ }", "object([])"),
    ])
    func readsValues(text: String, expected: String) throws { #expect(try Self.value(text) == expected) }

    @Test(arguments: [
        ("", "\"\""), ("é 😀/", "\"é 😀/\""), ("\"\\\n\t\u{0}\u{7F}", "\"\\\"\\\\\\n\\u0009\\u0000\u{7F}\""),
    ])
    func writesStrings(text: String, expected: String) throws {
        #expect(quotedForJSON(text) == expected)
        var scanner = JSONScanner(Array(expected.utf8))
        let read = try scanner.string()
        #expect(read == text)
    }

    @Test func keepsOrderRepetitionsAndCanonicalEquivalents() throws {
        let value = try JSONValue(Array("{\"e\u{301}\":1,\"\u{E9}\":[2],\"b\":{},\"b\":3}".utf8))
        let members = if case .object(let members) = value { members } else { [(key: String, value: JSONValue)]() }
        #expect(members.map { $0.key.unicodeScalars.map(\.value) } == [[0x65, 0x301], [0xE9], [0x62], [0x62]])
    }

    @Test(arguments: [
        ("", "expected a value and found the end", 0), ("  ", "expected a value and found the end", 2),
        ("nul", "expected a value", 0), ("tru e", "expected a value", 0), ("+1", "expected a value", 0),
        ("01", "expected the end and found \"1\"", 1), ("1.", "expected a digit and found the end", 2),
        ("-", "expected a digit", 1), ("1e", "expected a digit", 2), ("[1,]", "expected a value and found \"]\"", 3),
        ("[1 2]", "expected \",\" or \"]\" and found \"2\"", 3), ("{\"a\" 1}", "expected \":\" and found \"1\"", 5),
        ("{\"a\":1,}", "expected \"\\\"\" and found \"}\"", 7), ("{a:1}", "expected \"\\\"\" and found \"a\"", 1),
        ("[1]]", "expected the end and found \"]\"", 3), ("\"a", "a string has no end", 2),
        ("\"a\nb\"", "a string holds a control character", 2), ("\"\\x\"", "a string holds an unknown escape", 3),
        ("\"\\ud800\"", "an escape is half a surrogate pair", 7),
        ("\"\\ud800\\ud800\"", "an escape is half a surrogate pair", 13),
        ("\"\\udc00\"", "an escape is half a surrogate pair", 7),
        ("\"\\u12g4\"", "an escape lacks its four hexadecimal digits", 5),
    ])
    func saysWhatAndWhere(text: String, reason: String, offset: Int) {
        let fault = #expect(throws: JSONScanner.Fault.self) { try JSONValue(Array(text.utf8)) }
        #expect(fault?.reason.hasPrefix(reason) == true, "\(fault?.reason ?? "")")
        #expect(fault?.offset == offset && fault?.isSyntax == true)
    }

    @Test func refusesWhatIsNotUTF8() {
        for bytes: [UInt8] in [[0x22, 0xFF, 0x22], [0x7B, 0x22, 0xC3, 0x28, 0x22, 0x3A, 0x31, 0x7D]] {
            let fault = #expect(throws: JSONScanner.Fault.self) { try JSONValue(bytes) }
            #expect(fault?.reason == "a string is not UTF-8")
        }
    }

    @Test func limitsNesting() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        _ = try JSONValue(nested(64))
        #expect(throws: JSONScanner.Fault.self) { try JSONValue(nested(65)) }
        var scanner = JSONScanner(nested(100_000))
        let fault = #expect(throws: JSONScanner.Fault.self) { try scanner.skip() }
        #expect(fault?.reason == "nests deeper than 64 levels" && fault?.offset == 65 && fault?.isSyntax == false)
    }

    @Test func skipsValuesAndScansARange() throws {
        let bytes = Array(#"xx{"a": [1, {"b": "\"]}"}], "c\u0064": -2.5e1}yy"#.utf8)
        var scanner = JSONScanner(bytes, in: 2..<bytes.count - 2)
        var names: [String] = []
        try scanner.members { (scanner, name) throws(JSONScanner.Fault) in
            names.append(try scanner.text(of: name))
            try scanner.skip()
        }
        try scanner.finish()
        #expect(names == ["a", "cd"] && scanner.position == bytes.count - 2)
    }

    @Test func refusesNamesThatOccurTwice() {
        for text in [#"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, "{\"\u{E9}\":1,\"e\u{301}\":2}"] {
            var scanner = JSONScanner(Array(text.utf8))
            let fault = #expect(throws: JSONScanner.Fault.self) {
                try scanner.uniqueMembers { (scanner, _) throws(JSONScanner.Fault) in try scanner.skip() }
            }
            #expect(fault?.reason.contains("occurs twice") == true)
        }
    }

    @Test func integersFitOrAreNone() throws {
        for (text, expected) in [("7", 7), ("-7", -7), ("1.0", nil), ("1e2", nil), ("9223372036854775808", nil)] {
            var scanner = JSONScanner(Array(text.utf8))
            #expect(try scanner.integer() == expected)
        }
    }
}
