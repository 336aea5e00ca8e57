#!/usr/bin/env python3
"""A pretrained sentence encoder in Limn against PyTorch: vectors must agree, then both are timed interleaved, in sentences per second.

    python Benchmarks/encoders.py FOLDER [--json FILE]

FOLDER is that of a BERT-family encoder with mean pooling, such as all-MiniLM-L6-v2. Needs torch, transformers and
safetensors, and `.build/release/limn-bench`. Both get the same token ids; tokenization is not measured. PyTorch is measured
with one padded batch and with the sentences sorted by length in batches of 16, as in Limn; it uses scaled dot product attention
and inference mode. compare.py describes the interleaved timing.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from compare import BENCH, answer, best, in_turns, median_ratio, table

# Captions of many lengths, from 4 to some 40 words.
PARTS = ["a small bird", "with yellow petals", "on a wooden table near the window", "and a long red tail", "under the bridge",
         "two children play football", "in the evening light", "while the old man reads his newspaper quietly"]
SENTENCES = [" ".join(PARTS[(i * 3 + k) % len(PARTS)] for k in range(1 + i * 5 % 7)) for i in range(64)]


def write_tokens(folder, path):
    import torch
    from safetensors.torch import save_file
    from transformers import AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)(SENTENCES, padding=True, return_tensors="pt")
    save_file({"ids": tokens["input_ids"].int(), "mask": tokens["attention_mask"].int()}, path)


def encoder(folder, tokens, batch, mode):
    """A function that embeds the first `batch` sentences, [batch×width]."""
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder).eval()
    arrays = load_file(tokens)
    ids, mask = arrays["ids"][:batch].long(), arrays["mask"][:batch].long()
    order = mask.sum(1).argsort(stable=True) if "sorted" in mode else torch.arange(len(ids))
    size = 16 if "sorted" in mode else len(ids)
    parts = []
    for rows in order.split(size):
        length = int(mask[rows].sum(1).max())
        parts.append((ids[rows, :length].contiguous(), mask[rows, :length].contiguous()))

    def once():
        found = []
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled="bf16" in mode):
            for ids, mask in parts:
                states = model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
                weights = mask[..., None].float()
                found.append(torch.nn.functional.normalize((states * weights).sum(1) / weights.sum(1), dim=-1))
        return torch.cat(found)[order.argsort()]

    return once


def serve(folder, tokens, batch, mode, threads):
    import torch

    torch.set_num_threads(int(threads))
    once = encoder(folder, tokens, int(batch), mode)
    answer(once)


def limn(folder, tokens, batch, precision, threads):
    return [BENCH, "encode", "--encoder", folder, "--tokens", tokens, "--batch", batch, "--precision", precision,
            "--threads", threads]


def main():
    parser = argparse.ArgumentParser(description="A sentence encoder in Limn against PyTorch.")
    parser.add_argument("folder")
    parser.add_argument("--json", help="write every figure here")
    parser.add_argument("--seconds", type=float, default=10, help="seconds for each contender")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()

    import torch
    from safetensors.torch import load_file

    report = {"pytorch": torch.__version__, "threads": options.threads}
    with tempfile.TemporaryDirectory() as scratch:
        tokens = f"{scratch}/tokens.safetensors"
        write_tokens(options.folder, tokens)
        expected = encoder(options.folder, tokens, 64, "float32")()
        for precision in ("float32", "bfloat16"):
            out = f"{scratch}/{precision}.safetensors"
            subprocess.run(list(map(str, limn(options.folder, tokens, 64, precision, options.threads) + ["--out", out])),
                           input="", text=True, check=True, stdout=subprocess.DEVNULL)
            cosine = float((load_file(out)["embeddings"].double() * expected.double()).sum(-1).min())
            print(f"least cosine of 64 sentences, Limn {precision} and PyTorch float32: {cosine:.8f}")
            report[f"cosine_{precision}"] = cosine
            if cosine < 0.999:
                sys.exit("Limn and PyTorch do not agree: nothing measured here would mean anything")
        for batch in (1, 64):
            contenders = [(f"PyTorch {mode}", [sys.executable, __file__, "--serve", options.folder, tokens, batch, mode,
                                               options.threads])
                          for mode in ("float32", "bf16", *(("float32 sorted", "bf16 sorted") if batch > 1 else ()))]
            contenders += [(f"Limn {p}", limn(options.folder, tokens, batch, p, options.threads)) for p in ("float32", "bfloat16")]
            results = in_turns(contenders, options.seconds, batch)
            table(f"sentence vectors, batch {batch}", results, "sentences/s")
            rates = {name: r[0] for name, r in results.items()}
            ratios = {}
            for ours, kind in (("Limn float32", "float32"), ("Limn bfloat16", "bf16")):
                rival = best(results, [n for n in rates if n.startswith(f"PyTorch {kind}")])
                ratios[f"{ours} against {rival}"] = median_ratio(rates[ours], rates[rival])
            for name, ratio in ratios.items():
                print(f"  {name:46}{ratio:6.2f}")
            report[f"batch_{batch}"] = {"rates": {n: statistics.median(r) for n, r in rates.items()},
                                        "peak_mib": {n: r[1] for n, r in results.items()}, "ratios": ratios}
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(*sys.argv[2:])
    else:
        main()
