/// Text in aligned columns.
struct TextTable {
    enum Alignment { case left, right }

    private let alignment: [Alignment]
    private var rows: [[String]] = []

    init(alignment: [Alignment]) { self.alignment = alignment }

    mutating func add(_ cells: String...) { rows.append(cells) }

    /// The rows, two spaces between columns.
    var lines: [String] {
        let widths = alignment.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let space = String(repeating: " ", count: widths[column] - cell.count)
                line += (column == 0 ? "" : "  ") + (alignment[column] == .left ? cell + space : space + cell)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
