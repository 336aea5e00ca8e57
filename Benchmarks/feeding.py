#!/usr/bin/env python3
"""Limn's training input pipeline against PyTorch's DataLoader with Pillow: images per second, timed interleaved.

    python Benchmarks/feeding.py FOLDER [--json FILE]

FOLDER contains captioned images, such as flowers102, from which photographs of 512×512 are made: enlarged, with grain, as JPEG of
quality 90. Needs torch, Pillow and `.build/release/limn-bench`. A round is a pass over all images in random order, to
batches of floats in −1…1: decoded, cropped to the centre square, and resized by Pillow's antialiased bicubic filter or Limn's
equivalent. PyTorch has two persistent worker processes, Limn two threads that are started in each pass. compare.py describes the
interleaved timing.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from compare import BENCH, answer, in_turns, median_ratio

SIDE = 64


def make_photographs(source, folder, count, side=512):
    """JPEGs of `side` pixels with as much detail as photographs: smooth shapes and sensor noise."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(1)
    paths = sorted(p for p in Path(source).rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    with open(f"{folder}/metadata.jsonl", "w") as rows:
        for index, path in zip(range(count), paths):
            image = Image.open(path).convert("RGB").resize((side, side), Image.LANCZOS)
            grain = random.normal(0, 6, (side, side, 1)) + random.normal(0, 3, (side, side, 3))
            pixels = np.clip(np.asarray(image, dtype=np.float32) + grain, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(f"{folder}/{index}.jpg", quality=90)
            rows.write(json.dumps({"file_name": f"{index}.jpg", "text": f"photograph {index}"}) + "\n")


def serve(folder, batch, mode, workers):
    """The PyTorch process of the comparison."""
    import numpy as np
    import torch
    from PIL import Image

    class Images(torch.utils.data.Dataset):
        def __init__(self):
            lines = Path(folder, "metadata.jsonl").read_text().splitlines()
            self.paths = [f"{folder}/{json.loads(line)['file_name']}" for line in lines]

        def __len__(self):
            return len(self.paths)

        def __getitem__(self, index):
            image = Image.open(self.paths[index])
            if mode == "draft":
                # Decoded at a half, quarter or eighth, at least twice as large as needed: what Limn does too.
                image.draft("RGB", (2 * SIDE, 2 * SIDE))
            image = image.convert("RGB")
            side = min(image.size)
            left, top = (image.width - side) // 2, (image.height - side) // 2
            image = image.resize((SIDE, SIDE), Image.BICUBIC, box=(left, top, left + side, top + side))
            # Channels last: transposing each image would halve the speed of collation.
            return torch.from_numpy(np.array(image)).float().div_(127.5).sub_(1)

    loader = torch.utils.data.DataLoader(
        Images(), batch_size=int(batch), shuffle=True, num_workers=int(workers), persistent_workers=True)

    def once():
        for images in loader:
            images.permute(0, 3, 1, 2)

    answer(once, images=len(loader.dataset))


def measure(folder, batch, seconds, threads, scratch):
    count = sum(1 for _ in open(f"{folder}/metadata.jsonl"))
    contenders = [
        (f"PyTorch, {mode}", [sys.executable, __file__, "--serve", folder, batch, mode, threads])
        for mode in ("open", "draft")]
    contenders += [
        (f"Limn, {mode}", [BENCH, "feed", "--data", folder, "--side", SIDE, "--batch", batch, "--threads", threads,
                           "--mode", mode, "--scratch", scratch])
        for mode in ("cold-memory", "cold-file", "resumed", "cached")]
    return in_turns([(n, list(map(str, c))) for n, c in contenders], seconds, count)


def main():
    parser = argparse.ArgumentParser(description="Limn's input pipeline against PyTorch's DataLoader.")
    parser.add_argument("folder")
    parser.add_argument("--json", help="write every figure here")
    parser.add_argument("--seconds", type=float, default=5, help="seconds for each contender")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--photographs", type=int, default=300)
    options = parser.parse_args()

    import PIL
    import torch

    report = {"pytorch": torch.__version__, "pillow": PIL.__version__, "threads": options.threads}
    with tempfile.TemporaryDirectory() as scratch:
        photographs = f"{scratch}/photographs"
        Path(photographs).mkdir()
        make_photographs(options.folder, photographs, options.photographs)
        for name, folder in (("corpus", options.folder), ("photographs", photographs)):
            for batch in (32, 64):
                results = measure(folder, batch, options.seconds, options.threads, scratch)
                print(f"\n{name}, batch {batch}")
                for contender, (rates, peak, _) in results.items():
                    print(f"  {contender:20} {statistics.median(rates):8.0f} img/s   {peak:6.0f} MiB")
                ratios = {
                    f"{limn} / {peer}": median_ratio(results[limn][0], results[peer][0])
                    for limn in ("Limn, cold-memory", "Limn, cold-file") for peer in ("PyTorch, open", "PyTorch, draft")}
                for pair, ratio in ratios.items():
                    print(f"  {pair:40} {ratio:.2f}")
                report[f"{name}, batch {batch}"] = {
                    "rates": {n: r[0] for n, r in results.items()}, "ratios": ratios,
                    "MiB": {n: r[1] for n, r in results.items()}}
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(*sys.argv[2:])
    else:
        main()
