import Basics
import ArgumentParser
import Corpora

/// Options for how the files of a corpus are read; for training, most are keys of the recipe.
struct ReadingOptions: ParsableArguments {
    static let defaults = CorpusOptions()

    @Option(name: .customLong("class"), help: "The metadata column with the class; data.class in a recipe.")
    var classColumn = defaults.className

    @Option(
        help: "A template of additional captions, such as \"{text}, {style} style\"; data.caption in a recipe.")
    var caption: String?

    @Option(help: "What a caption is in a text file; data.caption_per in a recipe.")
    var captionPer = defaults.captionUnit

    @OptionGroup var links: LinksOption

    func options() throws -> CorpusOptions {
        CorpusOptions(
            className: classColumn, template: try caption.map { try CaptionTemplate($0) }, captionUnit: captionPer,
            followsLinks: links.followLinks)
    }
}

/// The same for commands that need no captions.
struct ImageReadingOptions: ParsableArguments {
    @Flag(help: "Images need no captions, as in training from image to image.")
    var imagesOnly = false

    @Option(help: "The metadata column with the image if it is not file_name, such as the source or target of a pair.")
    var imageColumn: String?

    @OptionGroup var captioned: ReadingOptions

    func options() throws -> CorpusOptions {
        var options = try captioned.options()
        (options.imageColumn, options.requiresCaptions) = (imageColumn, !imagesOnly)
        return options
    }

    /// The options of the two kinds above, as they were given: ` --images-only`.
    var arguments: String {
        (imagesOnly ? " --images-only" : "") + (imageColumn.map { " --image-column \(quotedForShell($0))" } ?? "")
    }
}

struct LinksOption: ParsableArguments {
    @Flag(help: "Follow links that lead out of the folder, and links to folders.")
    var followLinks = false
}

/// How to treat unusable rows and images.
struct BadFilesOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            How to treat unusable rows and images: limit skips them as long as they are at most 1 % of all, skip skips any \
            number, fail stops at the first.
            """, valueName: "limit|skip|fail"))
    var badFiles = BadFilePolicy.limited
}

extension BadFilePolicy: ExpressibleByArgument {}
extension CaptionUnit: ExpressibleByArgument {}
