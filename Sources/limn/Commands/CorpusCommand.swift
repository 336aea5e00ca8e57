import ArgumentParser

struct CorpusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "corpus",
        abstract: "Check, describe, convert, split and preview captioned images; make a corpus of shapes.",
        discussion: """
            A corpus is a folder of images with a metadata.jsonl, one line per image:
              {"file_name": "images/1.jpg", "text": ["a red rose", "a rose in bloom"], "split": "train"}
            or a folder of images, each with a text file of the same name (1.jpg, 1.txt), one caption per line. \
            docs/corpora.md lists the other layouts, such as WebDataset shards. Corpora are only read, except by \
            split --in-place.

            EXAMPLES
              limn corpus check images
              limn corpus stats images
              limn corpus preview images --out sheet.png
              limn corpus split images --parts train=0.9,test=0.1 --seed 1 --in-place
              limn corpus convert images --out shards --to shards --side 256
              limn corpus shapes --out shapes --count 5000 --seed 1
            """,
        subcommands: [Check.self, Stats.self, Convert.self, Split.self, Shapes.self, Preview.self])
}
