"""Tests of what scripts/get-corpora reads: images, fonts, captions.

    python3 -m unittest discover -s scripts/tests
"""

import collections
import struct
import unittest

from samples import color_font, drawing, rgba

from corpora import noto_emoji, openclipart, png, tuxpaint
from corpora.colorfont import ColorFont


class PNGTests(unittest.TestCase):
    def test_round_trip_with_and_without_palette(self):
        for count in (2, 256, 257):
            pixels = [rgba(i % count % 256, i % count // 2, i % count // 256) for i in range(32 * 20)]
            self.assertEqual(png.read(png.encoded(32, pixels)), (32, 20, pixels))
            self.assertEqual(b"PLTE" in png.encoded(32, pixels), count <= 256)

    def test_alpha_is_blended_over_white(self):
        pixels = [rgba(0, 100, 200, 0), rgba(0, 100, 200, 51), rgba(0, 100, 200, 254), rgba(0, 100, 200, 255)]
        self.assertEqual(png._on_white(pixels),
                         [rgba(255, 255, 255), rgba(204, 224, 244), rgba(1, 101, 200), rgba(0, 100, 200)])

    def test_cropping_and_halving(self):
        pixels = [rgba(x, y, 0) for y in range(4) for x in range(6)]
        square = png.cropped(6, 4, pixels, 4)
        self.assertEqual(square, [rgba(x, y, 0) for y in range(4) for x in range(1, 5)])
        self.assertEqual(png.halved(2, [rgba(0, 0, 9), rgba(10, 0, 9), rgba(20, 2, 9), rgba(30, 1, 9)]), [rgba(15, 1, 9)])

    def test_damaged_images_are_errors(self):
        data = drawing(1)
        for damaged in (b"", b"GIF89a", data[:40], data[:-30], data[:60] + b"\xff\xff" + data[62:]):
            with self.assertRaises(ValueError):
                png.read(damaged)

    def test_fingerprints(self):
        of = png.Fingerprint.of
        width, height, pixels = png.read(drawing(1, 96, 96))
        half = png.Fingerprint(48, 48, png.halved(96, pixels))
        whole = png.Fingerprint(width, height, pixels)
        self.assertTrue(whole.is_near(half))
        others = [of(drawing(seed)) for seed in range(2, 12)]
        self.assertFalse(any(whole.is_near(other) for other in others))
        plain = [png.Fingerprint(40, 30, [color] * 1200) for color in (rgba(255, 0, 0), rgba(0, 0, 255))]
        self.assertEqual(plain[0].code, plain[1].code)
        self.assertFalse(plain[0].is_near(plain[1]))
        stripes = [png.Fingerprint(36, 32, [rgba(*[128 + 6 * sign * (-1) ** (x // 4)] * 3) for _ in range(32) for x in range(36)])
                   for sign in (1, -1)]
        self.assertFalse(stripes[0].is_near(stripes[1]))
        self.assertTrue(png.Fingerprint(40, 30, [rgba(255, 255, 255, 9)] * 1200).is_blank)
        self.assertFalse(plain[0].is_blank)
        png.Fingerprint(1, 1, [rgba(1, 2, 3)]), png.Fingerprint(3, 500, [rgba(1, 2, 3)] * 1500)


class ColorFontTests(unittest.TestCase):
    def test_characters_and_sequences(self):
        pictures = {1: b"one", 2: b"two!", 3: b"three", 4: b"pair", 5: b"triple"}
        for extension in (False, True):
            font = ColorFont(color_font({"a": 1, "b": 2, "c": 3}, [([1, 2, 3], 5), ([1, 2], 4)], pictures, extension))
            images = [font.image(text) for text in ("a", "b", "ab", "abc", "a\ufe0fb", "ac", "d", "")]
            self.assertEqual(images, [b"one", b"two!", b"pair", b"triple", b"pair", None, None, None])

    def test_other_fonts_are_errors(self):
        data = color_font({"a": 1}, [([1, 1], 1)], {1: b"one"})
        for damaged in (b"", b"OTTO" + data[4:], data[:100], data.replace(b"CBDT", b"COLR", 1)):
            with self.assertRaises((ValueError, struct.error)):
                ColorFont(damaged)


class NotoEmojiTests(unittest.TestCase):
    def test_emoji_in_order(self):
        found = list(noto_emoji.emoji_in_order(
            "# group: Animals & Nature\n# subgroup: animal-bird\n"
            "1F54A FE0F ; fully-qualified     # 🕊️ E0.7 dove\n1F54A      ; unqualified         # 🕊 E0.7 dove\n"
            "# group: Flags\n1F1E6 1F1F9 ; fully-qualified # 🇦🇹 E2.0 flag: Austria\n"))
        self.assertEqual([(e.key, e.name, e.group, e.subgroup) for e in found],
                         [("🕊", "dove", "animals-nature", "animal-bird"), ("🇦🇹", "flag: Austria", "flags", "")])

    def test_base_names(self):
        for name, base in (
                ("waving hand: light skin tone", "waving hand"), ("man: dark skin tone, beard", "man: beard"),
                ("kiss: man, man, light skin tone, dark skin tone", "kiss: man, man"), ("flag: Austria", "flag: Austria")):
            self.assertEqual(noto_emoji.Emoji("x", name, "", "").base_name, base)

    def test_languages_inherit(self):
        xml = "<ldml><annotations>{}</annotations></ldml>"
        files = {
            "supplemental/supplementalData.xml": '<x><parentLocale parent="en_001" locales="en_AU en_NZ"/></x>',
            "annotations/en.xml": xml.format('<annotation cp="🍎">apple | fruit</annotation>'
                                             '<annotation cp="🍎" type="tts">red apple</annotation>'
                                             '<annotation cp="☺️" type="tts">smiling face</annotation>'),
            "annotationsDerived/en.xml": xml.format('<annotation cp="🇦🇹">flag</annotation>'
                                                    '<annotation cp="🇦🇹" type="tts">flag: Austria</annotation>'),
            "annotations/en_001.xml": xml.format('<annotation cp="🍎" type="tts">↑↑↑</annotation>'
                                                 '<annotation cp="☺" type="tts">smiley</annotation>'),
            "annotations/en_AU.xml": xml.format('<annotation cp="🍎">apple | red</annotation>'),
        }
        english, australian = noto_emoji.Annotations("en", files), noto_emoji.Annotations("en_AU", files)
        self.assertEqual(english.captions("🍎"), ["red apple", "apple, fruit"])
        # Keywords that repeat the name are no caption.
        self.assertEqual(australian.captions("🍎"), ["red apple"])
        self.assertEqual(english.captions("🇦🇹"), ["flag: Austria"])
        self.assertEqual([language.captions("☺") for language in (english, australian)], [["smiling face"], ["smiley"]])
        self.assertEqual(english.captions("🕊"), [])


class OpenclipartTests(unittest.TestCase):
    def metadata(self, title="", author="", keywords=(), description="", license="http://web.resource.org/cc/PublicDomain"):
        items = "".join(f"<rdf:li>{keyword}</rdf:li>" for keyword in keywords)
        return openclipart.Metadata(f"""<svg xmlns:rdf="r" xmlns:cc="c" xmlns:dc="http://purl.org/dc/elements/1.1/">
            <metadata><cc:Work><dc:title>{title}</dc:title><dc:description>{description}</dc:description>
            <dc:subject>{items}</dc:subject><dc:creator><cc:Agent><dc:title>{author}</dc:title></cc:Agent></dc:creator>
            <cc:license rdf:resource="{license}"/></cc:Work></metadata></svg>""".encode())

    def captions(self, path, *, shared=(), **about):
        entry = self.metadata(**about)
        counts = {member: collections.Counter({str(getattr(entry, member)): 99 if member in shared else 1})
                  for member in openclipart.MAX_SHARED}
        return openclipart.captions(path, entry, counts)

    def test_captions(self):
        self.assertEqual(self.captions("animals/horses/mechorse.png", title="Tempus Fugit",
                                       keywords=["hash", "", "robot", "horse"],
                                       description="Mechanical horse jumping over a clock"),
                         ["Tempus Fugit", "robot, horse", "Mechanical horse jumping over a clock"])
        # Of a collection's title the file's name takes the place, without its author and number.
        self.assertEqual(self.captions("computer/building_zazou_01.png", title="Satellite", author="zazou (z@example.org)",
                                       shared=["title"], keywords=["tv"]), ["building"])
        self.assertEqual(self.captions("animals/horses/cavallo_architetto_franc_01.png", title="Cavallo", shared=["title"],
                                       author="Architetto Francesco", keywords=["architetto francesco", "horse"], description="Architetto Francesco"),
                         ["Cavallo", "horse"])
        self.assertEqual(self.captions("a/DangerElectrique.png", title="Part of the Icons"), ["Danger Electrique"])
        self.assertEqual(self.captions("a/sm_001.png", title="stick man", shared=["title"]), ["stick man"])
        self.assertEqual(self.captions("a/head4.png", title="Clipart by Nicu Buculei - head1"), ["head"])
        self.assertEqual(self.captions("a/01.png", title="70"), [])
        self.assertEqual(self.captions("a/pie_bw.png", title="Pie (B and W)", keywords=["HASH(0x86)", "pie"],
                                       shared=["keywords"], description="from http://example.org"), ["Pie, black and white"])
        self.assertEqual(self.captions("signs/flags/chad.png", title="chad"), ["flag: chad"])
        self.assertEqual(self.captions("a/print.png", title="Lemon SVG theme", keywords=["icons"], shared=["keywords"]),
                         ["print icon"])
        cards = "recreation/games/cards/simple/simple_"
        self.assertEqual([self.captions(cards + name, title="card", shared=["title"])[0]
                          for name in ("s_k.png", "d_10.png", "jk_r.png")], ["king of spades", "10 of diamonds", "joker"])
        self.assertEqual(self.captions("shapes/star_05pt02step.png", title="gramastar", shared=["title"]), ["star with 5 points"])
        for title, caption in (("Dog\x9a", "Dog"), ("l&amp;#39;amico", "l'amico"), ("guitar1", "guitar"), ("Clock 012", "Clock"),
                               ("signal flag 6", "signal flag 6"), ("Blue Man#202", "Blue Man"), ("FlowerPot", "Flower Pot")):
            self.assertEqual(self.captions("a/x.png", title=title)[0], caption)

    def test_licenses(self):
        for license, is_free in (("http://web.resource.org/cc/PublicDomain", True),
                                 ("http://creativecommons.org/licenses/publicdomain/", True),
                                 ("http://creativecommons.org/publicdomain/zero/1.0/", True), ("", False),
                                 ("http://creativecommons.org/licenses/GPL/2.0/", False),
                                 ("http://creativecommons.org/licenses/by/2.0/", False)):
            self.assertEqual(self.metadata(license=license).is_public_domain, is_free, license)
        for data in (b"<svg/>", b"<svg", b""):
            self.assertFalse(openclipart.Metadata(data).is_public_domain)


class TuxpaintTests(unittest.TestCase):
    def test_sentences(self):
        found = tuxpaint.sentences("A calculator.  6x7=42\nde.utf8=Ein  Rechner.\npt.utf8=Uma\nja.utf8=\n\n".encode())
        self.assertEqual(found, {"en": "A calculator. 6x7=42", "de": "Ein Rechner.", "pt": "Uma"})
        self.assertEqual([tuxpaint.sentence(found, language) for language in ("en_GB", "pt_BR", "de@x", "ja")],
                         ["A calculator. 6x7=42", "Uma", "Ein Rechner.", None])
        self.assertEqual(tuxpaint.sentences(b""), {})

    def test_categories(self):
        self.assertEqual([tuxpaint.category(path) for path in ("a/b/c/d.png", "a/d.png")], ["a/b", "a"])


if __name__ == "__main__":
    unittest.main()
