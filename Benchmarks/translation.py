#!/usr/bin/env python3
"""An image-to-image model in Limn against PyTorch: pixels must agree, then both are timed interleaved, from bytes to bytes.

    python Benchmarks/translation.py [--json FILE]

The network is a U-Net with random weights, width 32, three halvings and one residual block per resolution in each half, without
normalization: 3.0 million parameters. Two cases: batches of 16 images of 64×64, and one image of 1920×1080. Needs torch, numpy, Pillow and safetensors, `.build/release/limn` and `limn-bench`. PyTorch is measured in float32 and with
bfloat16 autocast, in the channels-last layout and in inference mode. compare.py describes the interleaved timing.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from compare import BENCH, LIMN, answer, best, in_turns, median_ratio, table


def network(path):
    """The translator of a model file, from bytes [N, H, W, 3] to bytes."""
    import torch
    import torch.nn.functional as F
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        sizes = json.loads(file.metadata()["configuration"])["translator"]
        arrays = {name.removeprefix("translator."): file.get_tensor(name).float() for name in file.keys()}
    a = {name: (v.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last) if v.ndim == 4 else v) for name, v in arrays.items()}

    def convolution(x, name, stride=1):
        return F.conv2d(x, a[f"{name}.weight"], a[f"{name}.bias"], stride, 1)

    def blocks(x, name):
        for block in range(sizes["blocks"]):
            x = x + convolution(convolution(x, f"{name}.{block}.convolution1").relu(), f"{name}.{block}.convolution2")
        return x

    def translated(images):
        source = images.permute(0, 3, 1, 2) / 127.5 - 1
        # Extents must be multiples, so the image is continued by its mirror image.
        multiple = 1 << sizes["halvings"]
        pad = [-source.shape[3] % multiple, -source.shape[2] % multiple]
        padded = F.pad(source, (0, pad[0], 0, pad[1]), mode="reflect") if any(pad) else source
        x, maps = convolution(padded, "stem"), []
        for level in range(sizes["halvings"]):
            maps.append(blocks(x, f"down.{level}"))
            x = convolution(maps[-1], f"halvings.{level}", 2)
        x = blocks(x, "middle")
        for level in reversed(range(sizes["halvings"])):
            x = convolution(F.interpolate(x, scale_factor=2), f"doublings.{level}") + maps[level]
            x = blocks(x, f"up.{level}")
        result = (padded + convolution(x, "output").float())[:, :, : images.shape[1], : images.shape[2]]
        return (result.permute(0, 2, 3, 1) * 127.5 + 127.5).round().clamp(0, 255).byte()

    return translated


def serve(path, columns, rows, batch, mode, threads):
    import torch

    torch.set_num_threads(int(threads))
    translated = network(path)
    torch.manual_seed(1)
    images = torch.randint(0, 256, (int(batch), int(rows), int(columns), 3), dtype=torch.uint8)

    def once():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=mode == "bf16"):
            return translated(images)

    answer(once)


def check(path, scratch):
    """The largest difference of a pixel between `limn translate` and PyTorch, for sizes that are padded or divided into tiles."""
    import numpy as np
    import torch
    from PIL import Image

    worst = 0
    for columns, rows in ((64, 64), (101, 67), (1283, 725)):
        pixels = np.random.default_rng(columns).integers(0, 256, (rows, columns, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(f"{scratch}/source.png")
        subprocess.run([LIMN, "translate", path, f"{scratch}/source.png", "--out", f"{scratch}/result.png"], check=True,
                       stderr=subprocess.DEVNULL)
        found = np.asarray(Image.open(f"{scratch}/result.png")).astype(int)
        with torch.inference_mode():
            expected = network(path)(torch.from_numpy(pixels)[None])[0].numpy()
        worst = max(worst, int(abs(found - expected).max()))
    return worst


def main():
    parser = argparse.ArgumentParser(description="An image-to-image model in Limn against PyTorch.")
    parser.add_argument("--json", help="write every figure here")
    parser.add_argument("--seconds", type=float, default=20, help="seconds for each contender")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()

    import torch

    report = {"pytorch": torch.__version__, "threads": options.threads}
    with tempfile.TemporaryDirectory() as scratch:
        path = f"{scratch}/random.safetensors"
        subprocess.run([BENCH, "translate", "--model", path, "--width", "32"], check=True)
        report["largest_difference"] = check(path, scratch)
        print(f"largest difference of a pixel between limn translate and PyTorch float32: {report['largest_difference']} of 255")
        if report["largest_difference"] > 8:
            sys.exit("Limn and PyTorch do not agree: nothing measured here would mean anything")
        for columns, rows, batch in ((64, 64, 16), (1920, 1080, 1)):
            size = [columns, rows, batch]
            contenders = [(f"PyTorch {mode}", [sys.executable, __file__, "--serve", path, *size, mode, options.threads])
                          for mode in ("float32", "bf16")]
            contenders += [(f"Limn {p}", [BENCH, "translate", "--model", path, "--columns", columns, "--rows", rows, "--batch", batch,
                                          "--precision", p, "--threads", options.threads]) for p in ("float32", "bfloat16")]
            results = in_turns(contenders, options.seconds, batch)
            table(f"{columns}×{rows}, batch {batch}", results, "img/s")
            rates = {name: r[0] for name, r in results.items()}
            ratios = {}
            for ours, kind in (("Limn float32", "float32"), ("Limn bfloat16", "")):
                rival = best(results, [n for n in rates if n.startswith(f"PyTorch {kind}")])
                ratios[f"{ours} against {rival}"] = median_ratio(rates[ours], rates[rival])
            for name, ratio in ratios.items():
                print(f"  {name:46}{ratio:6.2f}")
            report[f"{columns}x{rows}"] = {"rates": {n: statistics.median(r) for n, r in rates.items()},
                                           "peak_mib": {n: r[1] for n, r in results.items()}, "ratios": ratios}
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(*sys.argv[2:])
    else:
        main()
