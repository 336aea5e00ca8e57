import Corpora
import FoundationEssentials
import Images
import TestSupport
import Testing

@Suite struct StatisticsTests {
    /// An image with broad features: a disc on a gradient.
    private func image(_ number: Int, width: Int = 48, height: Int = 32) -> Image {
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                let (u, v) = (Double(x) / Double(width), Double(y) / Double(height))
                let (a, b) = (u - Double(number % 3) / 3 - 0.2, v - Double(number % 4) / 4 - 0.1)
                let isDisc = a * a + b * b < 0.05
                pixels +=
                    isDisc
                    ? [UInt8(number * 40 % 256), 30, 200] : [UInt8(u * 255), UInt8(v * 255), UInt8((1 - u) * 255)]
            }
        }
        return Image(width: width, height: height, pixels: pixels)
    }

    private func row(_ file: String, _ text: String, _ split: String, _ label: String = "a") -> String {
        #"{"file_name": "\#(file)", "text": ["\#(text)"], "split": "\#(split)", "class": "\#(label)"}"#
    }

    @Test func whatIsCounted() throws {
        let folder = try TemporaryFolder(metadata: [
            row("1.png", "a red, red Rose", "train"), row("2.png", "Rose red: a", "test"),
            row("3.png", "it's “naïve”", "train", "b"), row("4.png", "gone", "train"),
        ])
        try folder.write(image(1).pngData(), to: "1.png")
        try folder.write(image(2).pngData(), to: "2.png")
        try folder.write(image(3, width: 20, height: 50).pngData(), to: "3.png")
        let statistics = try CorpusStatistics(folder: folder.path)
        #expect(statistics.images == 3)
        #expect(statistics.skipped == [Tally(name: "missing-image", count: 1)])
        #expect(statistics.imageFormats == [Tally(name: "PNG", count: 3)])
        #expect((statistics.width.minimum, statistics.width.median, statistics.width.maximum) == (20, 48, 48))
        #expect(statistics.sizes == [Tally(name: "48×32", count: 2), Tally(name: "20×50", count: 1)])
        #expect(statistics.captionsByWords == [0, 0, 1, 1, 1])
        #expect(statistics.words == 5 && statistics.wordsUsedOnce == 2)
        #expect(statistics.mostCommonWords.first == Tally(name: "red", count: 3))
        #expect(statistics.classes == [Tally(name: "a", count: 2), Tally(name: "b", count: 1)])
        #expect(statistics.splits == [Tally(name: "train", count: 2), Tally(name: "test", count: 1)])
        #expect(statistics.duplicateCaptions.across == 2 && statistics.duplicateCaptions.within == 0)
        #expect(statistics.duplicateCaptions.worst.first?.caption == "a red, red Rose")
    }

    @Test func repeatedImagesWithinAndAcrossSplits() throws {
        let names = ["1", "same", "resized", "bright", "2", "twin", "3"]
        let splits = ["train", "test", "test", "train", "train", "train", "test"]
        let folder = try TemporaryFolder(
            metadata: zip(names, splits).enumerated().map { row("\($1.0).png", "caption \($0)", $1.1) })
        let first = image(1)
        let one = try first.pngData()
        try folder.write(one, to: "1.png")
        try folder.write(one, to: "same.png")
        // Looks the same, but its bytes differ.
        try folder.write(first.resized(width: 96, height: 64).pngData(), to: "resized.png")
        // The same outlines in other colours.
        let bright = Image(
            width: first.width, height: first.height, pixels: first.pixels.map { UInt8(128 + Int($0) / 2) })
        try folder.write(bright.pngData(), to: "bright.png")
        try folder.write(image(6).pngData(), to: "2.png")
        try folder.write(image(6).pngData(), to: "twin.png")
        try folder.write(image(11).pngData(), to: "3.png")

        let statistics = try CorpusStatistics(folder: folder.path)
        #expect(statistics.duplicateImages.within == 2 && statistics.duplicateImages.across == 2)
        #expect(
            statistics.duplicateImages.worst.map { Set($0.members.map(\.image)) } == [
                ["1.png", "same.png"], ["2.png", "twin.png"],
            ])
        // Both splits have a copy that the resized image is a near-duplicate of.
        #expect(statistics.nearDuplicateImages.across == 2 && statistics.nearDuplicateImages.within == 2)
        #expect(
            statistics.nearDuplicateImages.worst.map { Set($0.members.map(\.image)) } == [
                ["1.png", "resized.png"], ["same.png", "resized.png"],
            ])
    }

    @Test(arguments: [
        ("A red, RED rose!", ["a", "red", "red", "rose"]), ("it's 'quoted' o'clock'", ["it's", "quoted", "o'clock"]),
        ("Été — l’île", ["été", "l'île"]), ("''' ...", []), ("x2 y", ["x2", "y"]),
    ])
    func words(text: String, words: [String]) {
        #expect(CaptionWords.split(text) == words)
    }

    @Test func aFolderWithoutAReadableImage() throws {
        let folder = try TemporaryFolder(metadata: [row("1.png", "a", "train")], images: ["1.png"])
        #expect(message { _ = try CorpusStatistics(folder: folder.path) }.contains("1 of 1 images cannot be decoded"))
    }
}
