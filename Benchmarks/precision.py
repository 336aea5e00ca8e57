#!/usr/bin/env python3
"""Quality with bfloat16: compares trainings that differ only in precision with trainings that differ only in seed.

    python3 Benchmarks/precision.py                                     # the shapes corpus
    python3 Benchmarks/precision.py --recipe recipes/flowers-64.yaml --data flowers102 --set gan.images=100000

Prints R-precision and Fréchet distance of each; precisions agree if they differ no more than seeds do. The judge is a pair of
encoders trained with the same recipe and another seed. Fréchet distances are measured in the features of efficientnet-lite2
(scripts/get-features efficientnet-lite2).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMN = ROOT / ".build/release/limn"


def limn(*arguments):
    return subprocess.run([LIMN, *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True).stdout


def train(command, options, run, **settings):
    pairs = [*options.set, *(f"{key}={value}" for key, value in settings.items())]
    limn(*command, options.recipe, "--data", options.data, "--run", run, "--resume", *(f"--set={p}" for p in pairs))


def main():
    parser = argparse.ArgumentParser(description="Trainings in bfloat16 and float32, measured.")
    parser.add_argument("--recipe", default=ROOT / "recipes/shapes-32.yaml")
    parser.add_argument("--data", help="a corpus with splits train and test; shapes are drawn when left out")
    parser.add_argument("--work", help="folder for runs; existing ones are resumed")
    parser.add_argument("--judge", help="an existing pair of encoders; by default one is trained with the same recipe")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--set", action="append", default=[], metavar="key=value")
    options = parser.parse_args()
    folder = Path(options.work or tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    if not options.data:
        options.data = folder / "shapes"
        if not options.data.exists():
            limn("corpus", "shapes", "--out", options.data, "--count", 6000, "--seed", 1, "--side", 32)
    if not options.judge:
        train(["encoder", "train"], options, folder / "judge", seed=20161)
        options.judge = folder / "judge/encoder/encoder.safetensors"
    rows = {}
    for precision in ("float32", "bfloat16"):
        for seed in range(1, options.seeds + 1):
            run = folder / f"{precision}-{seed}"
            train(["train"], options, run, seed=seed, precision=precision)
            report = json.loads(limn("evaluate", run / "model.safetensors", "--data", options.data, "--split", "test",
                                     "--judge", options.judge, "--training-split", "", "--json"))
            if not report["distances"]:
                sys.exit("no features to measure Fréchet distances in: run scripts/get-features efficientnet-lite2")
            rows[precision, seed] = (report["retrieval"]["generated"]["mean"], report["distances"][0]["frechet"]["generated"])
            print(f"{precision:9} seed {seed}: R-precision {rows[precision, seed][0]:.3f}, Fréchet {rows[precision, seed][1]:.4f}",
                  flush=True)
    for index, name in enumerate(("R-precision", "Fréchet distance")):
        of = lambda p: [rows[p, s][index] for s in range(1, options.seeds + 1)]
        spread = max(max(of(p)) - min(of(p)) for p in ("float32", "bfloat16"))
        gap = abs(statistics.mean(of("float32")) - statistics.mean(of("bfloat16")))
        print(f"{name}: precisions differ by {gap:.4f}, seeds by up to {spread:.4f}")


if __name__ == "__main__":
    main()
