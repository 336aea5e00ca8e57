"""Tests of scripts/install: what it installs, replaces, keeps and removes.

    python3 -m unittest discover -s scripts/tests

The programs are stand-ins, except in the last test, which needs a built limn (LIMN, or the binary in .build/release).
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMN = os.environ.get("LIMN", str(ROOT / ".build" / "release" / "limn"))
PROGRAM = '#!/bin/sh\necho "limn with $OPENBLAS_NUM_THREADS thread: $*"\n'


class InstallTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.programs = self.folder / "programs"
        self.programs.mkdir()
        for name in ("limn", "limn-server"):
            self.build(name, PROGRAM)
        # A space, as paths of users have.
        self.prefix = self.folder / "a prefix"

    def build(self, name, text):
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    def script(self, *arguments, status=0, **environment):
        environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"} | environment
        result = subprocess.run(
            [ROOT / "scripts" / "install", *arguments], capture_output=True, text=True, env=environment, timeout=60)
        self.assertEqual(result.returncode, status, result.stderr)
        return result.stderr

    def install(self, **options):
        return self.script("--programs", self.programs, self.prefix, **options)

    def uninstall(self, **options):
        return self.script("--uninstall", self.prefix, **options)

    def files(self):
        return {path.relative_to(self.prefix).as_posix() for path in self.prefix.rglob("*") if path.is_file()}

    def run_installed(self, *arguments, **environment):
        environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"} | environment
        return subprocess.run(
            [self.prefix / "bin" / "limn", *arguments], cwd=self.folder, env=environment, capture_output=True, text=True,
            timeout=60)

    def test_everything_is_installed_and_removed(self):
        self.assertIn(f"{self.prefix}/bin is not on the PATH", self.install())
        expected = {"bin/limn", "libexec/limn/limn", "libexec/limn/limn-server", "share/limn/LICENSE", "share/limn/manifest"}
        for name in ("models", "recipes", "vocab"):
            expected |= {f"share/limn/{name}/{path.name}" for path in (ROOT / name).iterdir()}
        self.assertEqual(self.files(), expected)
        model = "share/limn/models/flowers-64.safetensors"
        self.assertEqual((self.prefix / model).read_bytes(), (ROOT / "models" / "flowers-64.safetensors").read_bytes())
        self.uninstall()
        self.assertFalse(self.prefix.exists())

    def test_the_command_passes_its_arguments_and_sets_threads(self):
        self.install(PATH=f"{self.prefix}/bin:{os.environ['PATH']}")
        self.assertEqual(self.run_installed("a", "b  c").stdout, "limn with 1 thread: a b  c\n")
        self.assertEqual(self.run_installed(OPENBLAS_NUM_THREADS="3").stdout, "limn with 3 thread: \n")
        # Through a link, as in a user's own bin.
        link = self.folder / "link"
        link.symlink_to(self.prefix / "bin" / "limn")
        self.assertEqual(subprocess.run([link], capture_output=True, text=True).returncode, 0)

    def test_the_path_is_not_mentioned_if_it_has_the_folder(self):
        self.assertNotIn("PATH", self.install(PATH=f"{self.prefix}/bin:{os.environ['PATH']}"))

    def test_installing_again_replaces_what_was_installed(self):
        self.install()
        before = self.files()
        self.build("limn", PROGRAM.replace("limn with", "newer with"))
        self.install()
        self.assertIn("newer", self.run_installed().stdout)
        self.assertEqual(self.files(), before)
        self.uninstall()
        self.assertFalse(self.prefix.exists())

    def test_files_of_others_are_kept(self):
        (self.prefix / "bin").mkdir(parents=True)
        (self.prefix / "bin" / "other").write_text("x")
        self.install()
        (self.prefix / "share" / "limn" / "models" / "mine.safetensors").write_text("x")
        changed = self.prefix / "share" / "limn" / "recipes" / "shapes-32.yaml"
        changed.write_text("seed: 2")
        self.assertIn("shapes-32.yaml was changed after it was installed", self.uninstall())
        kept = {"bin/other", "share/limn/models/mine.safetensors", "share/limn/recipes/shapes-32.yaml"}
        self.assertEqual(self.files(), kept)
        self.assertFalse((self.prefix / "libexec").exists())
        self.assertIn("shapes-32.yaml exists", self.install(status=73))
        self.assertEqual(self.files(), kept)

    def test_a_command_of_another_origin_is_not_replaced(self):
        (self.prefix / "bin").mkdir(parents=True)
        (self.prefix / "bin" / "limn").write_text("mine")
        self.assertIn("bin/limn exists", self.install(status=73))
        self.assertEqual(self.files(), {"bin/limn"})
        self.assertEqual((self.prefix / "bin" / "limn").read_text(), "mine")

    def test_a_damaged_manifest_removes_nothing_outside(self):
        self.install()
        victim = self.folder / "victim"
        victim.write_text("x")
        manifest = self.prefix / "share" / "limn" / "manifest"
        digest = hashlib.sha256(victim.read_bytes()).hexdigest()
        for path in ("../victim", str(victim), "bin/../../victim"):
            manifest.write_text(f"{digest} {path}\n")
            self.assertIn("is damaged", self.uninstall(status=65))
            self.assertTrue(victim.exists())

    def test_refusals_are_one_line(self):
        for arguments, status, expected in (
                (["--uninstall", self.prefix], 66, "nothing is installed in"),
                (["--programs", self.folder, self.prefix], 66, "limn: no such program"),
                (["--programs", self.programs, self.folder / "no" / "such"], 73, "is not a folder that can be written"),
                (["--programs", self.programs, self.programs / "limn"], 73, "is not a folder that can be written"),
                (["--programs"], 64, "usage"), (["--verbose"], 64, "usage"), (["a", "b"], 64, "usage"), ([""], 64, "usage")):
            message = self.script(*arguments, status=status)
            self.assertIn(expected, message)
            self.assertEqual(message.count("\n"), 1, message)
        self.assertFalse(self.prefix.exists())

    @unittest.skipUnless(os.access(LIMN, os.X_OK), f"{LIMN} is not built")
    def test_limn_finds_its_model_from_any_folder(self):
        shutil.copy(LIMN, self.programs / "limn")
        self.install()
        result = self.run_installed("generate", "a red rose", "--out", "rose.png")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((self.folder / "rose.png").read_bytes()[:4], b"\x89PNG")
