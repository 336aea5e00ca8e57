"""Tests of scripts/get-corpora that need neither a network nor the packages.

    python3 -m unittest discover -s scripts/tests
"""

import collections
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(SCRIPTS), str(Path(__file__).parent)]
sys.dont_write_bytecode = True

from corpora import Failure, noto_emoji, openclipart, packages, png, splits, tuxpaint
from corpora.colorfont import ColorFont
from fonts import color_font


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
        self.assertEqual(self.captions("animals/horses/mechorse.png", title="Tempus Fugit", keywords=["hash", "", "robot", "horse"],
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
        self.assertFalse(openclipart.Metadata(b"<svg/>").is_public_domain)


class TuxpaintTests(unittest.TestCase):
    def test_sentences(self):
        found = tuxpaint.sentences("A calculator.  6x7=42\nde.utf8=Ein  Rechner.\npt.utf8=Uma\nja.utf8=\n\n".encode())
        self.assertEqual(found, {"en": "A calculator. 6x7=42", "de": "Ein Rechner.", "pt": "Uma"})
        self.assertEqual([tuxpaint.sentence(found, language) for language in ("en_GB", "pt_BR", "de@x", "ja")],
                         ["A calculator. 6x7=42", "Uma", "Ein Rechner.", None])
        self.assertEqual(tuxpaint.sentences(b""), {})

    def test_categories(self):
        self.assertEqual([tuxpaint.category(path) for path in ("a/b/c/d.png", "a/d.png")], ["a/b", "a"])


class Code:
    """Stands in for a fingerprint."""

    def __init__(self, seed):
        self.code = random.Random(seed).getrandbits(64)

    def is_near(self, other):
        return self.code == other.code


class SplitsTests(unittest.TestCase):
    def items(self, names, keys=lambda name: [], look=lambda name: name):
        return [splits.Item({"file_name": name}, name, keys(name), name.encode(), Code(look(name))) for name in names]

    def split(self, items, seed=1, **options):
        splits.assign(items, seed, **options)
        return {item.name: item.row["split"] for item in items}

    def test_fractions_and_seeds(self):
        names = [f"image {number}" for number in range(300)]
        first = self.split(self.items(names), test=0.2)
        self.assertEqual(first, self.split(self.items(reversed(names)), test=0.2))
        self.assertNotEqual(first, self.split(self.items(names), seed=2, test=0.2))
        self.assertTrue(40 <= sum(split == "test" for split in first.values()) <= 80)

    def test_families_stay_together(self):
        names = [f"{kind}-{number}" for kind in range(60) for number in range(3)]
        kind = lambda name: name.split("-")[0]
        for options in ({"keys": lambda name: [kind(name)]}, {"look": kind}):
            items = self.items(names, **options)
            found = self.split(items, test=0.4)
            self.assertEqual(found, self.split(self.items(names[::-1], **options), test=0.4))
            self.assertEqual(set(found.values()), {"train", "test"})
            for name, split in found.items():
                self.assertEqual(split, found[kind(name) + "-0"])
        # Like images are marked with the first of them.
        self.assertEqual([item.row.get("near") for item in items[:4]], [None, "0-0", "0-0", None])

    def test_large_families_are_for_training(self):
        items = self.items([f"image {number}" for number in range(50)], keys=lambda name: ["one"])
        for seed in range(20):
            self.assertEqual(set(self.split(items, seed=seed, test=0.9).values()), {"train"})


class PackagesTests(unittest.TestCase):
    def test_failed_downloads(self):
        for output, expected in (
                ("E: Unable to locate package openclipart-png", "does not know the package openclipart-png"),
                ("E: Can't find a source to download version '1' of 'openclipart-png:amd64'", "does not know the package"),
                ("W: Temporary failure resolving 'deb.example'\nE: Failed to fetch http://x", "no connection"),
                ("E: Failed to fetch http://x/y.deb  404  Not Found [IP: 1.2.3.4 80]", "out of date"),
                ("E: You don't have enough free space in /x/.", "disk is full"), ("E: Sub-process at http://x/y failed", "at … failed")):
            failure = packages.failure(output, ["openclipart-png"])
            self.assertIn(expected, str(failure))
            self.assertNotIn("\n", str(failure))
            self.assertEqual(failure.status, 73 if "disk" in expected else 1)


@unittest.skipUnless(shutil.which("dpkg-deb"), "dpkg-deb is not installed")
class CommandTests(unittest.TestCase):
    """The command on small packages made here."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="limn-corpora-")
        cls.root = Path(cls.folder.name)
        cls.pixels = {seed: png.read(drawing(seed, 128, 128))[2] for seed in (1, 2, 3)}
        margin = [rgba(255, 255, 255)] * 4
        bitmap = lambda seed: png.encoded(136, [pixel for line in range(128) for pixel in (
            margin + cls.pixels[seed][line * 128:line * 128 + 128] + margin)])
        font = color_font({"🍎": 1, "🍏": 2}, [([1, 2], 3)], {1: bitmap(1), 2: bitmap(2), 3: bitmap(3)})
        names = "".join(f'<annotation cp="{c}" type="tts">{name}</annotation>' for c, name in (("🍎", "red apple"), ("🍏", "green apple")))
        cls.package("fonts-noto-color-emoji", {noto_emoji.FONT: font})
        cls.package("unicode-cldr-core", {
            noto_emoji.CLDR + "supplemental/supplementalData.xml": b"<x/>",
            noto_emoji.CLDR + "annotations/en.xml": f"<ldml>{names}</ldml>".encode()})
        cls.package("unicode-data", {noto_emoji.EMOJI_TEST: (
            "# group: Food & Drink\n" + "".join(f"{code} ; fully-qualified # x E1.0 {name}\n" for code, name in (
                ("1F34E", "red apple"), ("1F34F", "green apple"), ("1F34E 1F34F", "apples"), ("1F350", "pear"),
                ("1F34E 1F3FB", "red apple: light skin tone")))).encode()})

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def package(cls, name, files):
        tree = cls.root / "tree" / name
        control = f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: test <test@example.org>\nDescription: test\n"
        for path, data in {**files, "DEBIAN/control": control.encode(), f"usr/share/doc/{name}/copyright": b"free"}.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_bytes(data)
        (cls.root / "packages").mkdir(exist_ok=True)
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", tree, cls.root / "packages" / f"{name}_1_all.deb"],
                       check=True, stdout=subprocess.DEVNULL)

    def run_script(self, *arguments):
        run = subprocess.run([sys.executable, SCRIPTS / "get-corpora", *arguments], capture_output=True, text=True,
                             stdin=subprocess.DEVNULL)
        self.assertNotIn("Traceback", run.stderr)
        return run

    def fails(self, status, message, *arguments):
        run = self.run_script(*arguments)
        self.assertEqual(run.returncode, status, run.stderr)
        self.assertIn(message, run.stderr)
        self.assertEqual(run.stderr.count("\n"), 1)

    def test_a_corpus_is_complete_and_reproducible(self):
        with tempfile.TemporaryDirectory() as folder:
            target, again = os.path.join(folder, "new", "emoji"), os.path.join(folder, "again")
            arguments = ["--from", self.root / "packages", "--side", "64"]
            run = self.run_script("noto-emoji", target, *arguments)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn("note: unicode-data is 1, whose SHA-256 differs", run.stdout)
            self.assertEqual(self.run_script("noto-emoji", again, *arguments).returncode, 0)
            rows = [json.loads(line) for line in Path(target, "metadata.jsonl").read_text().splitlines()]
            self.assertEqual([(row["file_name"], row["text"], row["class"]) for row in rows], [
                ("images/1f34e.png", ["red apple"], "food-drink"), ("images/1f34f.png", ["green apple"], "food-drink"),
                ("images/1f34e-1f34f.png", ["apples"], "food-drink")])
            self.assertEqual(sorted(file.name for file in Path(target, "images").iterdir()),
                             ["1f34e-1f34f.png", "1f34e.png", "1f34f.png"])
            width, _, pixels = png.read(Path(target, "images/1f34e.png").read_bytes())
            self.assertEqual((width, pixels), (64, png.halved(128, self.pixels[1])))
            about = json.loads(Path(target, "corpus.json").read_text())
            self.assertEqual((about["images"], about["left_out"]),
                             (3, {"not in the font": 1, "skin tones (--skin-tones includes them)": 1}))
            self.assertEqual(Path(target, "copyright/unicode-data").read_text(), "free")
            for name in ("metadata.jsonl", "corpus.json", "images/1f34f.png"):
                self.assertEqual(Path(target, name).read_bytes(), Path(again, name).read_bytes())
            self.assertEqual(sorted(os.listdir(folder)), ["again", "new"])
            self.assertEqual(os.listdir(os.path.join(folder, "new")), ["emoji"])

    def test_existing_folders(self):
        with tempfile.TemporaryDirectory() as folder:
            build = ["noto-emoji", folder, "--from", self.root / "packages"]
            Path(folder, "mine").touch()
            self.fails(73, "is not empty", *build)
            self.fails(73, "did not make it", *build, "--replace")
            self.assertEqual(os.listdir(folder), ["mine"])
            os.remove(Path(folder, "mine"))
            self.assertEqual(self.run_script(*build).returncode, 0)
            Path(folder, "mine").touch()
            self.assertEqual(self.run_script(*build, "--replace").returncode, 0)
            self.assertFalse(Path(folder, "mine").exists())
            os.mkdir(folder + ".partial")
            self.fails(73, "left by an interrupted run", *build, "--replace")
            os.rmdir(folder + ".partial")
            self.fails(73, "is a file", "noto-emoji", Path(folder, "corpus.json"), "--from", self.root / "packages")

    def test_packages_that_cannot_be_used(self):
        with tempfile.TemporaryDirectory() as folder:
            target, store = os.path.join(folder, "new"), os.path.join(folder, "packages")
            build = ["noto-emoji", target, "--from", store]
            self.fails(66, "cannot read the folder", *build)
            shutil.copytree(self.root / "packages", store)
            font = Path(store, "fonts-noto-color-emoji_1_all.deb")
            font.write_bytes(font.read_bytes()[:-200])
            self.fails(65, "download it again", *build)
            font.unlink()
            self.fails(66, "has no fonts-noto-color-emoji_….deb", *build)
            self.assertEqual(os.listdir(folder), ["packages"])

    def test_wrong_usage(self):
        with tempfile.TemporaryDirectory() as folder:
            target = os.path.join(folder, "new")
            self.fails(64, "there is no corpus 'emoji'", "emoji", target)
            self.fails(64, "name the folder", "noto-emoji")
            self.fails(64, "--side does not apply to tuxpaint", "tuxpaint", target, "--side", "64")
            self.fails(64, "there are no captions in 'xx'; known: en", "noto-emoji", target, "--language", "en,xx",
                       "--from", self.root / "packages")
            self.assertEqual(os.listdir(folder), [])

    def test_an_interrupted_run_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            target, store = os.path.join(folder, "new"), os.path.join(folder, "packages")
            os.mkdir(store)
            os.mkfifo(os.path.join(store, "fonts-noto-color-emoji_1_all.deb"))  # blocks whoever reads it
            process = subprocess.Popen([sys.executable, SCRIPTS / "get-corpora", "noto-emoji", target, "--from", store],
                                       stderr=subprocess.PIPE, text=True)
            while not os.path.exists(target + ".partial"):
                self.assertIsNone(process.poll())
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            self.assertEqual((process.communicate(timeout=30)[1], process.returncode),
                             ("get-corpora: interrupted; nothing was written\n", 130))
            self.assertEqual(os.listdir(folder), ["packages"])

    def test_list_and_help(self):
        listing = self.run_script("--list")
        self.assertEqual(listing.returncode, 0, listing.stderr)
        self.assertEqual([line.split(":")[0] for line in listing.stdout.splitlines() if line[0] != " "],
                         ["noto-emoji", "openclipart", "tuxpaint"])
        self.assertIn("examples:", self.run_script("--help").stdout)


if __name__ == "__main__":
    unittest.main()
