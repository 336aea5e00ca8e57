#!/usr/bin/env python3
"""Compares settings of a recipe by short trainings that differ in one setting, measured on the validation split.

    python3 Benchmarks/choices.py recipes/flowers-64.yaml --data flowers102 --out runs/choices \\
        --encoder runs/flowers/encoder/encoder.safetensors --judge runs/judge/encoder/encoder.safetensors \\
        --images 20000 --seeds 1,2 "contrastive 0: gan.contrastive=0" "contrastive 4: gan.contrastive=4"

The first row is the unchanged recipe. Runs are resumed, so the script may be interrupted. The table goes to OUT/choices.md and
standard output: R-precision relative to real images, Fréchet and kernel distance, and diversity, all on the validation split,
which is not used for training. The test split is never used.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def train(options, name, settings, seed):
    run = Path(options.out) / f"{name.replace(' ', '-').replace('/', '-')}-{seed}"
    images = [f"gan.images={options.images}", f"gan.snapshot_every={options.images}", f"evaluate.every={options.images}"]
    fixed = [f"seed={seed}", f"text.encoder={options.encoder}", f"evaluate.judge={options.judge}"]
    command = [str(options.limn), "train", options.recipe, "--data", options.data, "--run", str(run), "--resume"]
    for setting in settings + images + fixed:
        command += ["--set", setting]
    print(f"{name}, seed {seed}", file=sys.stderr, flush=True)
    subprocess.run(command, check=True)
    rows = [json.loads(line) for line in (run / "evaluation.jsonl").read_text().splitlines()]
    steps = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    rates = [row["images_per_second"] for row in steps if row.get("images_per_second") is not None]
    return rows[-1] | {"images_per_second": statistics.median(rates) if rates else float("nan")}


def mean(rows, value):
    values = [value(row) for row in rows]
    return sum(values) / len(values), (max(values) - min(values)) / 2


def table(results):
    lines = [
        "| choice | images, seeds | R-precision, share of real | Fréchet | kernel·1000 | diversity | img/s |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, rows in results.items():
        def cell(value, digits):
            middle, half = mean(rows, value)
            return f"{middle:.{digits}f}" + (f" ± {half:.{digits}f}" if len(rows) > 1 else "")

        share = cell(lambda row: 100 * row["r_precision"] / row["r_precision_real"], 1)
        lines.append(
            f"| {name} | {rows[0]['images']:,}, {len(rows)} | {share} % | {cell(lambda row: row['frechet'], 1)} "
            f"| {cell(lambda row: row['kernel'], 2)} | {cell(lambda row: row['diversity'], 2)} "
            f"| {cell(lambda row: row['images_per_second'], 0)} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("choices", nargs="*", help="NAME: KEY=VALUE [KEY=VALUE …]")
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--encoder", required=True, help="the pair of encoders that all runs share")
    parser.add_argument("--judge", required=True, help="a pair of encoders that is not used to train any run")
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--seeds", default="1", help="comma-separated")
    parser.add_argument("--limn", default=ROOT / ".build/release/limn")
    options = parser.parse_args()
    Path(options.out).mkdir(parents=True, exist_ok=True)
    results = {}
    for choice in ["as the recipe has it:"] + options.choices:
        name, _, settings = choice.partition(":")
        results[name.strip()] = [
            train(options, name.strip(), settings.split(), int(seed)) for seed in options.seeds.split(",")]
        Path(options.out, "choices.md").write_text(table(results))
    print(table(results))


if __name__ == "__main__":
    main()
