import Basics

/// A colour: 8-bit sRGB, written `#rrggbb`.
public struct RGB: Sendable, Hashable, LosslessStringConvertible {
    /// The components, 0 to 255.
    public var red, green, blue: UInt8

    /// `#ffffff`.
    public static let white = RGB(255, 255, 255)
    /// `#000000`.
    public static let black = RGB(0, 0, 0)

    /// A colour with these components.
    public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// Parses `#rrggbb`; the number sign is optional. Nil for anything else.
    public init?(_ description: String) {
        let digits = description.hasPrefix("#") ? description.dropFirst() : description[...]
        guard digits.utf8.count == 6, digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16) else {
            return nil
        }
        self.init(UInt8(value >> 16), UInt8(value >> 8 & 255), UInt8(value & 255))
    }

    /// `#rrggbb`.
    public var description: String {
        "#" + zeroPadded(String(UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue), radix: 16), width: 6)
    }
}
