import FoundationEssentials
import TestSupport
import Testing

/// Every flag that takes a number or a name, with extreme, non-finite, negative and empty values: a refusal or a result, never a
/// trap or a hang.
@Suite struct FlagPropertyTests {
    private static let values = [
        "", "-1", "0", "0.5", "nan", "inf", "1e30", "9223372036854775807", "18446744073709551616", "abc", "é🌸",
    ]

    @Test(arguments: [
        (
            ["generate", "a rose", "--model", "MODEL", "--out", "o.png"],
            ["-n", "--seed", "--truncation", "--size", "--threads"]
        ),
        (
            ["interpolate", "a", "b", "--model", "MODEL", "--frames", "3", "--out", "o.gif"],
            ["--seeds", "--frames", "--fps", "--truncation", "--size", "--threads", "--out"]
        ),
        (
            ["edit", "IMAGE", "--prompt", "a", "--model", "MODEL", "--out", "o.png"],
            ["--prompt", "--variation", "--strength", "--truncation", "--size", "--threads"]
        ),
        (["edit", "IMAGE", "--replace", "a=b", "--model", "MODEL", "--out", "o.png"], ["--replace"]),
        (["corpus", "check", "CORPUS"], ["--class", "--caption", "--caption-per"]),
        (["corpus", "stats", "CORPUS"], ["--list"]),
        (
            ["corpus", "preview", "CORPUS", "--out", "p.png", "--count", "2", "--side", "32"],
            ["--count", "--seed", "--split", "--side", "--columns"]
        ),
        (["corpus", "split", "CORPUS", "--parts", "a=0.5,b=0.5", "--seed", "1"], ["--seed", "--by", "--parts"]),
        (
            ["corpus", "convert", "CORPUS", "--out", "converted"],
            ["--side", "--aspect", "--format", "--quality", "--shard-size", "--to", "--bad-files"]
        ),
        (
            ["corpus", "shapes", "--out", "shapes", "--count", "3", "--seed", "1", "--side", "8"],
            ["--count", "--seed", "--side"]
        ),
        (
            ["train", "RECIPE", "--data", "CORPUS", "--run", "run", "--dry-run"],
            ["--images", "--threads", "--from", "--set"]
        ),
        (["vocabulary", "train", "--captions", "CORPUS", "--name", "v", "--out", "v.json"], ["--size", "--split"]),
        (["similarity", "--encoder", "MODEL", "a", "b"], ["--threads", "--encoder"]),
    ])
    func everyValueIsRefusedOrTaken(command: [String], options: [String]) throws {
        let tiny = try Tiny.shared()
        let image = try TemporaryFolder()
        defer { withExtendedLifetime(image) {} }
        let paths = [
            "MODEL": tiny.model, "CORPUS": tiny.corpus, "RECIPE": tiny.recipe, "IMAGE": image.path + "/a.png",
        ]
        if command.contains("IMAGE") {
            let made = try limn("generate", "a", "--model", tiny.model, "--out", "a.png", in: image.path)
            try #require(made.ending == .exit(0), "\(made.err)")
        }
        for option in options {
            var arguments = command.map { paths[$0] ?? $0 }
            if let index = arguments.firstIndex(of: option) { arguments.removeSubrange(index...index + 1) }
            for value in Self.values {
                try withTemporaryFolder { folder in
                    let outcome = try Child(arguments + ["\(option)=\(value)"], in: folder).finish()
                    let setting = "\(command.prefix(2)) \(option)=\(value)"
                    guard case .exit(let code) = outcome.ending, [0, 64, 65, 66, 71, 73].contains(code) else {
                        Issue.record("\(setting): \(outcome.ending) \(outcome.err.suffix(300))")
                        return
                    }
                    #expect(code == 0 || !outcome.err.isEmpty, "\(setting)")
                }
            }
        }
    }
}
