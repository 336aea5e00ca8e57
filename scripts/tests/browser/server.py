"""The server under test, and a training run for its dashboard."""

import json
import math
import shlex
import socket
import struct
import subprocess
import time
import urllib.error
import urllib.request
import zlib
from pathlib import Path

RECIPE = Path(__file__).resolve().parents[3] / "recipes" / "flowers-64.yaml"


class Server:
    """A running server at `url`, or one started by `command` with a folder of runs, which `run` is in."""

    def __init__(self, url, command, folder):
        self.url, self.command, self.folder, self.process, self.run = url, command, folder, None, None

    def __enter__(self):
        if self.url:
            return self
        self.run = TrainingRun(self.folder / "runs" / "test-run")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        arguments = [word.format(port=port, runs=self.folder / "runs") for word in shlex.split(self.command)]
        log = open(self.folder / "server.log", "wb")
        try:
            self.process = subprocess.Popen(arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        except OSError as error:
            raise SystemExit(f"test-browser: {arguments[0]} cannot be started: {error.strerror}; scripts/limn serve builds it")
        for _ in range(300):
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/v1/limn/models", timeout=5):
                    return self
            except urllib.error.HTTPError:
                return self
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        raise SystemExit(f"test-browser: no server answers at {self.url}:\n{(self.folder / 'server.log').read_text()}")

    def __exit__(self, *_):
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=20)


class TrainingRun:
    """The files of a run directory, with invented values: two heads, four grids, an encoder's training."""

    ROWS, STEP = 40, 1600

    def __init__(self, folder):
        self.folder = folder
        (folder / "encoder").mkdir(parents=True)
        (folder / "recipe.yaml").write_text(RECIPE.read_text())
        (folder / "log.txt").write_text("2030-01-01T00:00:00Z the first line\n2030-01-01T00:00:01Z the last line\n")
        self.write_rows(self.ROWS)
        for number in range(1, 5):
            images = number * 16000
            (folder / f"fakes-{images:09}.png").write_bytes(png(lambda x, y: (60 * number % 256, x * 4 % 256, y * 4 % 256)))
        (folder / "reals.png").write_bytes(png(lambda x, y: (x * 4 % 256, 90, y * 4 % 256)))
        self.lines("evaluation.jsonl", [
            {"images": 20000 * n, "count": 248, "r_precision": 0.2 * n, "r_precision_real": 0.41, "frechet": 80.0 - 9 * n,
             "kernel": 30.0 - 4 * n, "diversity": 0.8, "logits.training": 0.7, "logits.validation": 0.5}
            for n in (1, 2, 3)])
        self.lines("encoder/stats.jsonl", [
            {"images": 6400 * n, "skipped": 0, "images_per_second": 800.0, "data_wait": 0.01, "gradient_norm": 4.0, "loss": 4.4 / n,
             "scale": 14.0 + n} for n in range(1, 11)])
        ranks = lambda n: [{"rank": rank, "textToImage": 0.02 * n * rank ** 0.5, "imageToText": 0.018 * n * rank ** 0.5} for rank in (1, 5, 10)]
        self.lines("encoder/retrieval.jsonl", [{"images": 6400 * n, "recall": {"count": 248, "ranks": ranks(n)}} for n in range(1, 11)])

    def lines(self, name, objects):
        (self.folder / name).write_text("".join(json.dumps(value) + "\n" for value in objects))

    def row(self, number):
        """Row `number` of stats.jsonl, from 1; `novel.measure` is a key that the page does not know."""
        values = {"images": self.STEP * number, "skipped": 0, "images_per_second": 90 + 3 * math.sin(number), "data_wait": 0.002,
                  "generator.gradient_norm": 90.0, "discriminator.gradient_norm": 12.0, "generator.learning_rate": 2e-4,
                  "novel.measure": float(number), "loss.generator": 8 / number + 2, "loss.real": 1.4, "loss.fake": 0.2 * number}
        for prefix in ("", "heads.0.", "heads.1."):
            values |= {f"{prefix}logits.real": 0.8, f"{prefix}logits.mismatch": -0.01 * number, f"{prefix}logits.fake": -2.5 + 0.05 * number}
        return values | {"heads.0.loss.real": 0.3, "heads.1.loss.real": 0.4}

    def write_rows(self, count):
        self.rows = count
        self.lines("stats.jsonl", [self.row(number) for number in range(1, count + 1)])

    def append_row(self):
        self.rows += 1
        with open(self.folder / "stats.jsonl", "a") as file:
            file.write(json.dumps(self.row(self.rows)) + "\n")


def png(color, side=64, text=()):
    """A PNG of side × side pixels, color(x, y) → (red, green, blue); text: its pairs of keyword and text."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(value for x in range(side) for value in color(x, y)) for y in range(side))
    texts = b"".join(chunk(b"tEXt", keyword.encode() + b"\0" + value.encode()) for keyword, value in text)
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + texts + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
