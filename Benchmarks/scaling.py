#!/usr/bin/env python3
"""Plots img/s and peak memory of a training step against batch, width and side, as docs/images/scaling.png.

    .build/pytorch/bin/python -m pip install matplotlib    # once
    .build/pytorch/bin/python Benchmarks/scaling.py
"""

import json
import statistics
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from compare import BENCH, ROOT, Contender

SERIES = {
    "batch": ("images per step", [1, 2, 4, 8, 16, 32, 64, 128], {"width": 32, "side": 64}),
    "width": ("channels at full resolution", [8, 16, 24, 32, 48, 64], {"batch": 32, "side": 64}),
    "side": ("side of the images", [16, 32, 64, 128, 256], {"batch": 16, "width": 16}),
}


def measure(precision, **sizes):
    flags = [part for name, value in sizes.items() for part in (f"--{name}", value)]
    contender = Contender(precision, [BENCH, "step", *flags, "--precision", precision])
    rounds = max(1, round(0.5 / contender.run(1)))
    seconds = statistics.median(contender.run(rounds) for _ in range(3))
    return sizes["batch"] / seconds, contender.finish()


def main():
    figure, axes = plt.subplots(2, 3, figsize=(12, 6), sharex="col")
    rows = []
    for column, (name, (label, values, fixed)) in enumerate(SERIES.items()):
        for precision, color in [("bfloat16", "tab:blue"), ("float32", "tab:orange")]:
            points = []
            for value in values:
                rate, memory = measure(precision, **(fixed | {name: value}))
                points.append((rate, memory))
                rows.append({"precision": precision, **fixed, name: value, "images_per_second": rate, "mib": memory})
                print(rows[-1], file=sys.stderr)
            for row in range(2):
                axes[row][column].plot(values, [p[row] for p in points], "o-", color=color, label=precision)
        for row in range(2):
            axis = axes[row][column]
            axis.set_xscale("log", base=2)
            axis.set_yscale("log", base=10)
            axis.set_xticks(values, [str(v) for v in values])
            axis.grid(alpha=0.3, which="both")
        axes[0][column].set_title(", ".join(f"{k} {v}" for k, v in fixed.items()))
        axes[1][column].set_xlabel(label)
    axes[0][0].set_ylabel("img/s, training step")
    axes[1][0].set_ylabel("peak resident memory, MiB")
    axes[0][0].legend()
    figure.tight_layout()
    figure.savefig(ROOT / "docs/images/scaling.png", dpi=80)
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
