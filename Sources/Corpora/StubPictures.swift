import Images

public enum PictureAspect: String, Sendable, CaseIterable, Codable { case crop, pad, stretch }

extension Image {
    func fitted(side: Int, aspect: PictureAspect) -> Image {
        switch aspect {
        case .crop:
            let square = centerSquare()
            return square.width == side ? square : square.resized(width: side, height: side, filter: .bicubic)
        case .stretch: return resized(width: side, height: side)
        case .pad: return resized(width: side, height: side)
        }
    }
    init(decoding bytes: [UInt8], named name: String, atLeast: Int?) throws {
        try self.init(decoding: bytes, named: name)
    }
}
