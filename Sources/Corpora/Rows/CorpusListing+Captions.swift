import Basics
import JSON

/// A text file of an image, in a folder or a shard.
struct TextContent {
    let bytes: [UInt8]
    /// The text's range in `bytes`, which may hold others too.
    let range: Range<Int>
    /// Its path, for messages.
    let name: String
}

/// The text files of an image.
struct ImageTexts {
    /// The `.txt` or `.caption` file.
    var captions: TextContent?
    /// The `.json` file.
    var record: TextContent?
}

extension CorpusListing {
    /// Adds a caption of the next row, or records why it is skipped.
    /// - Parameter subject: begins the message, for example "a.jpg has".
    mutating func addCaption(
        _ text: ArraySlice<UInt8>, file: @autoclosure () -> String, line: Int?, subject: @autoclosure () -> String
    ) {
        do throws(CaptionText.Fault) {
            let clean = try CaptionText.cleaned(text)
            rows.appendCaption(clean)
        } catch {
            note(error.kind, file(), line, "\(subject()) \(error.detail)")
        }
    }

    /// Adds the captions of a text file to the next row, or records why some are skipped: of each line, of each paragraph or
    /// of the whole, whichever the options say. Blank lines are no captions.
    mutating func addCaptions(ofText text: ArraySlice<UInt8>, file: @autoclosure () -> String) {
        var rest = text.starts(with: [0xEF, 0xBB, 0xBF]) ? text.dropFirst(3) : text
        var (number, isBlank) = (0, true)
        // The lines of the caption being read, and the number of the first.
        var (pending, first) = (rest.startIndex..<rest.startIndex, 0)
        func flush(_ listing: inout CorpusListing) {
            guard !pending.isEmpty else { return }
            if isUTF8(text[pending]) {
                listing.addCaption(text[pending], file: file(), line: first, subject: "holds")
            } else {
                listing.note(.notUTF8, file(), first, "is not UTF-8; save the file as UTF-8")
            }
            pending = pending.upperBound..<pending.upperBound
        }
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 0x0A) ?? rest.endIndex
            let line = rest[..<end]
            rest = rest[min(end + 1, rest.endIndex)...]
            number += 1
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) {
                if options.captionUnit == .paragraph { flush(&self) }
                continue
            }
            isBlank = false
            if pending.isEmpty { first = number }
            pending = (pending.isEmpty ? line.startIndex : pending.lowerBound)..<line.endIndex
            if options.captionUnit == .line { flush(&self) }
        }
        flush(&self)
        if isBlank { note(.noCaption, file(), nil, "holds no caption") }
    }

    /// Adds the captions of an image's text files to the next row: those of the `.txt` or `.caption` file, or else those of
    /// the `.json` file. Class, split and other members of the latter complete the draft.
    mutating func addCaptions(of texts: ImageTexts, to draft: inout RowDraft) {
        if let record = texts.record {
            let file = record.name
            guard isUTF8(record.bytes[record.range]) else {
                return note(.notUTF8, file, nil, "is not UTF-8; save the file as UTF-8")
            }
            var own = RowDraft(options)
            var scanner = JSONScanner(record.bytes, in: record.range, acceptsNonFinite: true)
            do throws(JSONScanner.Fault) {
                try own.read(&scanner)
                try scanner.finish()
            } catch {
                return note(.malformedRow, file, nil, error.problem)
            }
            draft.complete(with: own)
            if texts.captions == nil {
                if own.captions.isEmpty { note(.noCaption, file, nil, "has no \"text\" and no \"caption\"") }
                for caption in 0..<own.captions.count {
                    addCaption(own.captions.utf8(caption), file: file, line: nil, subject: "has")
                }
            }
        }
        if let captions = texts.captions {
            addCaptions(ofText: captions.bytes[captions.range], file: captions.name)
        }
    }
}
