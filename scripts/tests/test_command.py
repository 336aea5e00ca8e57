"""Tests of scripts/get-corpora as a whole, and of its splits, without a network.

    python3 -m unittest discover -s scripts/tests
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from samples import SCRIPTS, color_font, drawing, rgba

from corpora import noto_emoji, packages, png, splits


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
                ("E: You don't have enough free space in /x/.", "disk is full"),
                ("E: Sub-process at http://x/y failed", "at … failed")):
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
        names = "".join(f'<annotation cp="{character}" type="tts">{name}</annotation>'
                        for character, name in (("🍎", "red apple"), ("🍏", "green apple")))
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
    def package(cls, name, files, store=None):
        """Writes a package with the files to the folder `store`."""
        tree, store = Path(tempfile.mkdtemp(dir=cls.root)), Path(store or cls.root / "packages")
        tree.chmod(0o755)
        control = f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: test <test@example.org>\nDescription: test\n"
        for path, data in {**files, "DEBIAN/control": control.encode(), f"usr/share/doc/{name}/copyright": b"free"}.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_bytes(data)
        store.mkdir(exist_ok=True)
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", tree, store / f"{name}_1_all.deb"],
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
            os.mkdir(folder + ".old")
            self.fails(73, ".old is there already", *build, "--replace")
            os.rmdir(folder + ".old")
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

    def test_damaged_files_in_a_package(self):
        with tempfile.TemporaryDirectory() as folder:
            target, store = os.path.join(folder, "new"), os.path.join(folder, "packages")
            shutil.copytree(self.root / "packages", store)
            for name, file, data in (("fonts-noto-color-emoji", noto_emoji.FONT, b"no font"),
                                     ("unicode-cldr-core", noto_emoji.CLDR + "supplemental/supplementalData.xml", b"<x>"),
                                     ("unicode-data", noto_emoji.EMOJI_TEST, b"\xff")):
                with self.subTest(name):
                    kept = shutil.copy(os.path.join(store, f"{name}_1_all.deb"), folder)
                    self.package(name, {file: data}, store)
                    self.fails(65, name, "noto-emoji", target, "--from", store)
                    shutil.move(kept, os.path.join(store, f"{name}_1_all.deb"))
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

    def test_a_closed_pipe_is_no_failure(self):
        with tempfile.TemporaryDirectory() as folder:
            target = os.path.join(folder, "new")
            process = subprocess.Popen([sys.executable, SCRIPTS / "get-corpora", "noto-emoji", target, "--from",
                                        self.root / "packages"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(4):  # three notes on packages, and what it is doing
                process.stdout.readline()
            process.stdout.close()
            self.assertEqual((process.stderr.read(), process.wait()), ("", 0))
            process.stderr.close()
            self.assertEqual(os.listdir(folder), ["new"])

    def test_list_and_help(self):
        listing = self.run_script("--list")
        self.assertEqual(listing.returncode, 0, listing.stderr)
        self.assertEqual([line.split(":")[0] for line in listing.stdout.splitlines() if line[0] != " "],
                         ["noto-emoji", "openclipart", "tuxpaint"])
        self.assertIn("examples:", self.run_script("--help").stdout)


if __name__ == "__main__":
    unittest.main()
