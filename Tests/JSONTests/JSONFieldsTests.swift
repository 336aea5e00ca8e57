import JSON
import Testing

/// Typed access to members of objects, and the errors that name them.
@Suite struct JSONFieldsTests {
    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private func fields(_ text: String) throws -> JSONFields {
        try JSONFields(parsing: Array(text.utf8), file: "f.json") { Failure(description: "\($0): \($1)") }
    }

    private func complaint(_ text: String, _ body: (JSONFields) throws -> Void = { _ in }) -> String {
        do {
            try body(fields(text))
            return "nothing"
        } catch {
            return "\(error)"
        }
    }

    @Test func membersHaveTheirTypes() throws {
        let fields = try fields(
            #"{"a": 1, "b": "x", "c": true, "d": 1.5, "e": [{"f": 2}], "g": null, "a": 3, "h": 7.0}"#)
        // The last of equal names counts, and null is as good as nothing.
        #expect(try fields.integer("a") == 3)
        #expect(try fields.string("b") == "x")
        #expect(try fields.boolean("c"))
        #expect(try fields.number("d") == 1.5)
        #expect(try fields.number("a") == 3)
        #expect(try fields.objects("e")[0].integer("f") == 2)
        #expect(try fields.integer("g", default: 7) == 7)
        #expect(try fields.integer("a", in: 3...3) == 3)
        #expect(try fields.integer("h") == 7)
        #expect(try fields.scalar("b") == 0x78)
    }

    @Test func errorsNameFileAndMember() {
        #expect(complaint("[]") == "f.json: it must be an object, found a list")
        #expect(complaint("{}") { _ = try $0.string("a") } == #"f.json: "a" must be a string, found nothing"#)
        #expect(
            complaint(#"{"a": {"b": [{"c": 1.5}]}}"#) { _ = try $0.object("a").objects("b")[0].integer("c") }
                == #"f.json: "a.b[0].c" must be an integer, found a number"#)
        #expect(
            complaint(#"{"a": 9}"#) { _ = try $0.integer("a", in: 1...8) } == #"f.json: "a" is 9, expected 1 to 8"#)
        #expect(
            complaint(#"{"a": 1e999}"#) { _ = try $0.number("a") }
                == #"f.json: "a" must be a number that is not infinite, found a number"#)
        #expect(
            complaint(#"{"a": "z"}"#) { throw $0.unsupported("a", "z", ["x", "y"]) }
                == #"f.json: "a" is "z", which Limn does not have; it has x, y"#)
    }

    /// Only a file that ends too early is said to be cut.
    @Test func filesThatAreNotJSONAreToldWhere() {
        #expect(
            complaint("{\"a\": 1,\n \"b\"")
                == "f.json: it is not JSON at byte 13, line 2: expected \":\" and found the end; it was cut short, download it again"
        )
        #expect(
            complaint("{\"a\": NaN}") == "f.json: it is not JSON at byte 6, line 1: expected a value and found \"N\"")
    }

    @Test func filesMayBeListsOfObjects() throws {
        let failure: JSONFields.Failure = { Failure(description: "\($0): \($1)") }
        let list = try JSONFields.list(parsing: Array(#"[{"a": 1}, {"a": 2}]"#.utf8), file: "f.json", failure: failure)
        #expect(try list.map { try $0.integer("a") } == [1, 2])
        for (text, words) in [("{}", "it must be a list"), ("[1]", "\"[0]\" must be an object")] {
            let error = #expect(throws: Failure.self) {
                try JSONFields.list(parsing: Array(text.utf8), file: "f.json", failure: failure)
            }
            #expect(error?.description.contains(words) == true)
        }
    }
}
