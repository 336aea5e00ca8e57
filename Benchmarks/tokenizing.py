#!/usr/bin/env python3
"""Limn's tokenizers against Hugging Face's `tokenizers`, MB/s on captions, one thread each, timed interleaved.

    pip install tokenizers
    swift build -c release --product limn-bench
    python Benchmarks/tokenizing.py --file captions.txt tokenizer.json…

Before anything is timed, ids and offsets of all lines must agree (`limn vocabulary encode --json`). A round encodes all
lines. Rounds are interleaved and ratios are medians of the ratios of single rounds, so that a slower machine affects both.
"""

import argparse
import json
import os
import statistics
import subprocess
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from compare import BENCH, ROOT, Contender
from tokenizers import Tokenizer, __version__


def agree(path, file, lines):
    out = subprocess.run(
        [ROOT / ".build/release/limn", "vocabulary", "encode", "--tokenizer", path, "--file", file, "--json"],
        check=True, capture_output=True, text=True).stdout.splitlines()
    theirs = tokenizer(path)
    for line, row in zip(lines, out, strict=True):
        row, encoding = json.loads(row), theirs.encode(line)
        assert row["ids"] == encoding.ids and row["offsets"] == [list(o) for o in encoding.offsets], line


def tokenizer(path):
    result = Tokenizer.from_file(path)
    result.no_padding()
    result.no_truncation()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizers", nargs="+")
    parser.add_argument("--file", required=True, help="captions, one per line")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with open(arguments.file, encoding="utf-8") as file:
        lines = file.read().rstrip("\n").split("\n")
    size = sum(len(line.encode()) + 1 for line in lines) / 1e6
    print(f"{len(lines)} lines, {size:.2f} MB; tokenizers {__version__}")
    for path in arguments.tokenizers:
        agree(path, arguments.file, lines)
        theirs = tokenizer(path)
        for mode in ["one by one", "in one call"]:
            flags = ["--batch"] if mode == "in one call" else []
            limn = Contender("limn", [BENCH, "tokenize", "--tokenizer", path, "--file", arguments.file, *flags])
            rates, ratios = ([], []), []
            for _ in range(arguments.rounds):
                start = time.perf_counter()
                if flags:
                    theirs.encode_batch(lines)
                else:
                    for line in lines:
                        theirs.encode(line)
                other, own = time.perf_counter() - start, limn.run(1)
                rates[0].append(size / other)
                rates[1].append(size / own)
                ratios.append(other / own)
            limn.finish()
            print(f"{path}, {mode}: tokenizers {statistics.median(rates[0]):.2f} MB/s, "
                  f"limn {statistics.median(rates[1]):.2f} MB/s, ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
