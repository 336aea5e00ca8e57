import FoundationEssentials

/// The sidecar layout: beside each picture a `.txt` file of the same name with one caption a line.
enum SidecarFolder {
    /// File names that count as pictures, in lower case.
    static let pictureExtensions = ["png", "jpg", "jpeg", "webp"]

    static func read(_ folder: String) throws -> ([ListedPicture], [CorpusProblem]) {
        let paths: [String]
        do {
            paths = try FileManager.default.subpathsOfDirectory(atPath: folder)
        } catch {
            throw CorpusError.cannotRead(path: folder, reason: CorpusError.reason(error))
        }
        let visible = Set(paths.filter { !$0.hasPrefix(".") && !$0.contains("/.") })
        let pictures = visible.compactMap(Picture.init).sorted { $0.path < $1.path }
        guard pictures.contains(where: { visible.contains($0.sidecar) }) else {
            throw CorpusError.noCaptionsFound(folder: folder)
        }
        // A single folder that holds everything (`images/`) says nothing about the pictures.
        let hasClasses = Set(pictures.map(\.parent)).count > 1

        var rows: [ListedPicture] = []
        var problems: [CorpusProblem] = []
        for picture in pictures {
            func note(_ kind: CorpusProblem.Kind, _ file: String, _ line: Int?, _ detail: String) {
                problems.append(CorpusProblem(kind: kind, file: file, line: line, detail: detail))
            }
            guard visible.contains(picture.sidecar) else {
                note(.noCaption, picture.path, nil, "there is no \(picture.sidecar)")
                continue
            }
            let lines = try TextLines(path: "\(folder)/\(picture.sidecar)").lines
            for line in lines where line.text == nil {
                note(.notUTF8, picture.sidecar, line.number, "is not UTF-8; save the file in that encoding")
            }
            if lines.isEmpty { note(.noCaption, picture.sidecar, nil, "holds no caption") }
            let captions = lines.compactMap(\.text)
            guard !captions.isEmpty else { continue }
            rows.append(
                ListedPicture(
                    path: picture.path, captions: captions, className: hasClasses ? picture.parent : nil, split: nil,
                    file: picture.path, line: nil))
        }
        return (rows, problems)
    }

    /// A path that ends as a picture does.
    private struct Picture {
        let path: String
        let sidecar: String
        /// Name of the folder it lies in; `nil` at the top.
        let parent: String?

        init?(_ path: String) {
            guard let dot = path.lastIndex(of: "."),
                pictureExtensions.contains(path[path.index(after: dot)...].lowercased())
            else { return nil }
            self.path = path
            sidecar = path[..<dot] + ".txt"
            parent = path.split(separator: "/").dropLast().last.map(String.init)
        }
    }
}
