"""Colour fonts with bitmaps (tables CBDT and CBLC of OpenType), as Noto Color Emoji has them.

Specification: learn.microsoft.com/typography/opentype/spec, chapters cmap, GSUB, CBLC, CBDT.
"""

import struct


class ColorFont:
    """The PNG images of a font and how characters map to them. Raises ValueError or struct.error for invalid files."""

    def __init__(self, data):
        self.data = data
        version, count = struct.unpack_from(">IH", data)
        if version != 0x00010000:
            raise ValueError("not a TrueType font")
        self.tables = {}
        for number in range(count):
            tag, _, offset, length = struct.unpack_from(">4sIII", data, 12 + 16 * number)
            self.tables[tag.decode("latin-1")] = offset
        if missing := {"cmap", "CBDT", "CBLC"} - self.tables.keys():
            raise ValueError(f"no table {min(missing)}: its emoji are not bitmaps")
        self.glyphs = self._character_map()
        self.ligatures = self._ligatures() if "GSUB" in self.tables else []
        self.images = self._images()

    def image(self, text):
        """The PNG of a character or sequence, such as a flag or characters joined by U+200D; None if the font has no
        single image of it. Variation selectors U+FE0F are ignored."""
        try:
            glyphs = [self.glyphs[ord(character)] for character in text if character != "\ufe0f"]
        except KeyError:
            return None
        for lookup in self.ligatures:
            glyphs = substituted(glyphs, lookup)
        if len(glyphs) != 1 or glyphs[0] not in self.images:
            return None
        start, end = self.images[glyphs[0]]
        return self.data[start:end]

    def _unpack(self, format, offset):
        return struct.unpack_from(">" + format, self.data, offset)

    def _numbers(self, offset):
        """An array of 16-bit numbers that is preceded by its count."""
        count, = self._unpack("H", offset)
        return self._unpack(f"{count}H", offset + 2)

    def _character_map(self):
        """Glyphs by character, from a subtable of format 12, which has all of Unicode."""
        cmap = self.tables["cmap"]
        for number in range(self._unpack("HH", cmap)[1]):
            _, _, offset = self._unpack("HHI", cmap + 4 + 8 * number)
            if self._unpack("H", cmap + offset) == (12,):
                groups, = self._unpack("I", cmap + offset + 12)
                return {character: glyph + character - first
                        for group in range(groups)
                        for first, last, glyph in [self._unpack("III", cmap + offset + 16 + 12 * group)]
                        for character in range(first, last + 1)}
        raise ValueError("no character map of format 12")

    def _ligatures(self):
        """For each lookup of ligatures, by first glyph the ligatures in order of preference: the other glyphs, and the
        glyph that replaces all of them."""
        gsub = self.tables["GSUB"]
        lookups = gsub + self._unpack("4xHHH", gsub)[2]
        found = []
        for lookup in self._numbers(lookups):
            kind, = self._unpack("H", lookups + lookup)
            subtables = [lookups + lookup + offset for offset in self._numbers(lookups + lookup + 4)]
            if kind == 7:  # an extension: its subtables name the kind and refer to others by 32-bit offsets
                kinds = {self._unpack("HHI", subtable)[1] for subtable in subtables}
                subtables = [subtable + self._unpack("HHI", subtable)[2] for subtable in subtables]
                kind = kinds.pop() if len(kinds) == 1 else None
            if kind == 4:
                rules = {}
                for subtable in subtables:
                    for glyph, ligatures in self._ligature_subtable(subtable):
                        rules.setdefault(glyph, []).extend(ligatures)
                found.append(rules)
        return found

    def _ligature_subtable(self, subtable):
        coverage = subtable + self._unpack("HH", subtable)[1]
        for glyph, set in zip(self._coverage(coverage), self._numbers(subtable + 4)):
            ligatures = []
            for offset in self._numbers(subtable + set):
                result, count = self._unpack("HH", subtable + set + offset)
                ligatures.append((list(self._unpack(f"{count - 1}H", subtable + set + offset + 4)), result))
            yield glyph, ligatures

    def _coverage(self, coverage):
        format, count = self._unpack("HH", coverage)
        if format == 1:
            return self._unpack(f"{count}H", coverage + 4)
        ranges = [self._unpack("HHH", coverage + 4 + 6 * number) for number in range(count)]
        return [glyph for first, last, _ in ranges for glyph in range(first, last + 1)]

    def _images(self):
        """The spans of the PNG images in the file by glyph, of the largest size."""
        cblc, cbdt = self.tables["CBLC"], self.tables["CBDT"]
        sizes = [self._unpack("IIII24xHHBBBB", cblc + 8 + 48 * number)
                 for number in range(self._unpack("HHI", cblc)[2])]
        if not sizes:
            raise ValueError("its table CBLC is empty")
        array, _, count, *_ = max(sizes, key=lambda size: size[6])
        images = {}
        for number in range(count):
            first, last, offset = self._unpack("HHI", cblc + array + 8 * number)
            subtable = cblc + array + offset
            index_format, image_format, start = self._unpack("HHI", subtable)
            if index_format not in (1, 3) or image_format not in (17, 18, 19):
                raise ValueError(f"bitmaps of index format {index_format} and image format {image_format}, "
                                 "which are not supported")
            offsets = self._unpack(f"{last - first + 2}{'I' if index_format == 1 else 'H'}", subtable + 8)
            for glyph, begin, end in zip(range(first, last + 1), offsets, offsets[1:]):
                if begin < end:
                    metrics = {17: 5, 18: 8, 19: 0}[image_format]
                    at = cbdt + start + begin + metrics
                    length, = self._unpack("I", at)
                    images[glyph] = at + 4, at + 4 + length
        return images


def substituted(glyphs, rules):
    """The glyphs with every ligature of one lookup applied, from left to right; of each glyph's rules the first that
    fits."""
    result, at = [], 0
    while at < len(glyphs):
        for rest, ligature in rules.get(glyphs[at], []):
            if glyphs[at + 1:at + 1 + len(rest)] == rest:
                result.append(ligature)
                at += 1 + len(rest)
                break
        else:
            result.append(glyphs[at])
            at += 1
    return result
