"""Reads the events of a small training with TensorBoard's own reader, after two kills.

    python3 -m unittest discover -s scripts/tests

Needs tensorboard and a built limn (LIMN, or the binary in .build/release).
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "golden"))
try:
    import tensorboard_events
except ImportError as error:
    tensorboard_events, missing = None, f"{error}; pip install tensorboard"

LIMN = os.environ.get("LIMN", str(ROOT / ".build" / "release" / "limn"))
RECIPE = """
data: {side: 16, vocabulary: 300, hold_out: 0.2}
encoder: {width: 16, layers: 1, heads: 2, length: 16, embedding: 16, image_width: 4, batch: 16, images: 8000}
generator: {width: 4, noise: 8}
discriminator: {width: 4}
gan: {batch: 8, images: 4000, checkpoint_every: 900, snapshot_every: 1000, penalty_interval: 2}
"""


@unittest.skipIf(tensorboard_events is None, "" if tensorboard_events else missing)
@unittest.skipUnless(os.access(LIMN, os.X_OK), f"{LIMN} is not built")
class TensorBoardTests(unittest.TestCase):
    def test_a_run_is_shown_as_its_files_say(self):
        with tempfile.TemporaryDirectory() as folder:
            self.folder, self.run = Path(folder), Path(folder) / "run"
            (self.folder / "recipe.yaml").write_text(RECIPE)
            self.limn("corpus", "shapes", "--out", "corpus", "--count", "200", "--seed", "5", "--side", "16").communicate()
            # Killed after rows beyond the last checkpoint, in each stage.
            self.kill_after("encoder/stats.jsonl", rows=7)
            self.kill_after("stats.jsonl", rows=6)
            process = self.train()
            _, errors = process.communicate()
            self.assertEqual(process.returncode, 0, errors.decode())
            self.assertEqual(len(list(self.run.glob("*tfevents*"))), 2)
            self.assertEqual(len(list(self.run.glob("encoder/*tfevents*"))), 2)
            for stage in (self.run, self.run / "encoder"):
                tensorboard_events.check(stage)

    def limn(self, *arguments):
        return subprocess.Popen([LIMN, *arguments], cwd=self.folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def train(self):
        return self.limn("train", "recipe.yaml", "--data", "corpus", "--run", "run", "--resume", "--threads", "1")

    def kill_after(self, statistics, rows):
        process = self.train()
        file = self.run / statistics
        while process.poll() is None and not (file.exists() and file.read_bytes().count(b"\n") >= rows):
            time.sleep(0.002)
        self.assertIsNone(process.poll(), "the training ended before it was killed")
        process.send_signal(signal.SIGKILL)
        process.communicate()


if __name__ == "__main__":
    unittest.main()
