import Checkpoints
import FoundationEssentials
import TestSupport
import Testing
import Training

@Suite struct TensorBoardTests {
    /// Written with TensorBoard's own messages (scripts/golden/tensorboard_events.py).
    private static let golden = """
        GAAAAAAAAACjf0siCQAAUL+wSdpBGg1icmFpbi5FdmVudDoyhkzh8g8AAAAAAAAAbVMrCQkAAFC/sEnaQRABOgIIAT4KIDU5AAAAAAAAAIsHN/
        EJAABQv7BJ2kEQASosCioKBnJlY2lwZUIWCAcSBBICCAFCDCAgICBuYW1lOiDDvEoICgYKBHRleHTvHPVfewAAAAAAAAAb98/OCQAAoL+wSdpB
        KnAKbgoNc2FtcGxlcy9yZWFscyJdCAIQAxgDIlWJUE5HDQoaCgAAAA1JSERSAAAAAwAAAAIIAgAAABIW8U0AAAAcSURBVHicY2BgZGJmYWVj52
        Dg5OLm4eXjFxAEAAQBAJriUiUhAAAAAElFTkSuQmCCWFuEHFUAAAAAAAAA198PwQkAAMC/sEnaQRCAtRgqRgoXChBsb3NzL2NvbnRyYXN0aXZl
        FQAAwD8KFwoQdHJhaW5pbmcvc2tpcHBlZBUAAAAAChIKC2xvZ2l0cy9yZWFsFQAAwH/1muwt
        """

    @Test func recordsAreThoseOfTensorBoard() throws {
        let expected = try #require(Data(base64Encoded: Self.golden.filter { !$0.isWhitespace }))
        let png = """
            iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAHElEQVR4nGNgYGRiZmFlY+dg4OTi5uHl4xcQBAAEAQCa4lIlIQAAAABJ
            RU5ErkJggg==
            """
        let image = try #require(Data(base64Encoded: png.filter { !$0.isWhitespace }))
        let events: [TensorBoardEvent] = [
            .init(.version, step: 0, wallTime: 1_764_147_965.25),
            .init(.start, step: 1, wallTime: 1_764_147_965.25),
            .init(.text(tag: "recipe", "    name: ü"), step: 1, wallTime: 1_764_147_965.25),
            .init(.image(tag: "samples/reals", png: Array(image)), step: 0, wallTime: 1_764_147_966.5),
            .init(
                .scalars([("loss/contrastive", 1.5), ("training/skipped", 0), ("logits/real", .nan)]), step: 400_000,
                wallTime: 1_764_147_967),
        ]
        #expect(Data(events.flatMap(\.record)).base64EncodedString() == expected.base64EncodedString())
    }

    /// TensorBoard reads files in the order of their names, also if two processes begin within a second or the clock goes back.
    @Test func aLaterProcessHasALaterFile() throws {
        try withTemporaryFolder { (folder: String) throws in
            let run = try RunDirectory(creating: "\(folder)/run")
            func next(_ seconds: Int) throws -> String {
                let file = try run.newEvents(at: seconds)
                try run.append([1], to: file)
                return String(file.dropFirst(run.path.count))
            }
            #expect(try next(1_764_147_965) == "/events.out.tfevents.1764147965.limn")
            #expect(try next(1_764_147_965) == "/events.out.tfevents.1764147966.limn")
            #expect(try next(17) == "/events.out.tfevents.1764147967.limn")
            try put("", "\(run.path)/events.out.tfevents.9223372036854775807.limn")
            #expect(try next(1_764_147_999) == "/events.out.tfevents.1764147999.limn")
        }
    }
}
