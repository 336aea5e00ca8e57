"""Small images and a small colour font for tests."""

import random
import struct
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SCRIPTS))
sys.dont_write_bytecode = True

from corpora import png


def rgba(red, green, blue, alpha=255):
    return struct.unpack("=I", bytes((red, green, blue, alpha)))[0]


def drawing(seed, width=48, height=48):
    """A PNG of a few coloured rectangles on white."""
    generator, pixels = random.Random(seed), [rgba(255, 255, 255)] * (width * height)
    for _ in range(6):
        left, top = generator.randrange(width - 8), generator.randrange(height - 8)
        color = rgba(*(generator.randrange(256) for _ in range(3)))
        for y in range(top, min(height, top + generator.randrange(8, 30))):
            for x in range(left, min(width, left + 20)):
                pixels[y * width + x] = color
    return png.encoded(width, pixels)


def color_font(characters, ligatures, images, extension=False):
    """The bytes of a font with tables cmap, GSUB, CBLC and CBDT.

    characters: glyphs by character, which must be consecutive for consecutive characters; ligatures: (glyphs, result) in
    order of preference, with one first glyph; images: PNG bytes by glyph, in consecutive glyphs from 1, where even ones use
    the formats 3 and 19, odd ones 1 and 17.
    """
    groups = b"".join(struct.pack(">III", ord(c), ord(c), glyph) for c, glyph in sorted(characters.items()))
    cmap = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + struct.pack(">HHIII", 12, 0, 16 + len(groups), 0, len(characters)) + groups

    first = ligatures[0][0][0]
    rules = [struct.pack(f">HH{len(glyphs) - 1}H", result, len(glyphs), *glyphs[1:]) for glyphs, result in ligatures]
    offsets, at = [], 2 + 2 * len(rules)
    for rule in rules:
        offsets.append(at)
        at += len(rule)
    set = struct.pack(f">H{len(rules)}H", len(rules), *offsets) + b"".join(rules)
    subtable = struct.pack(">HHHH", 1, 8 + len(set), 1, 8) + set + struct.pack(">HHH", 1, 1, first)
    if extension:
        lookup = struct.pack(">HHHHHHI", 7, 0, 1, 8, 1, 4, 8) + subtable
    else:
        lookup = struct.pack(">HHHH", 4, 0, 1, 8) + subtable
    gsub = struct.pack(">HHHHH", 1, 0, 0, 0, 10) + struct.pack(">HH", 1, 4) + lookup

    cbdt, arrays, subtables = struct.pack(">HH", 3, 0), b"", b""
    for number, glyph in enumerate(sorted(images)):
        record = (b"" if glyph % 2 == 0 else bytes(5)) + struct.pack(">I", len(images[glyph])) + images[glyph]
        arrays += struct.pack(">HHI", glyph, glyph, 8 * len(images) + len(subtables))
        index, image, offset = (3, 19, "H") if glyph % 2 == 0 else (1, 17, "I")
        subtables += struct.pack(f">HHI2{offset}", index, image, len(cbdt), 0, len(record))
        cbdt += record
    size = struct.pack(">IIII24xHHBBBB", 56, len(arrays + subtables), len(images), 0, 1, len(images), 109, 109, 32, 1)
    cblc = struct.pack(">HHI", 3, 0, 1) + size + arrays + subtables

    tables = {b"CBDT": cbdt, b"CBLC": cblc, b"GSUB": gsub, b"cmap": cmap}
    font, at = struct.pack(">IHHHH", 0x00010000, len(tables), 0, 0, 0), 12 + 16 * len(tables)
    for tag, table in tables.items():
        font += struct.pack(">4sIII", tag, 0, at, len(table))
        at += len(table)
    return font + b"".join(tables.values())
