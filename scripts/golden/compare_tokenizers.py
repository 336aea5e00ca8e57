#!/usr/bin/env python3
"""Compares Limn's ids, tokens and offsets with those of Hugging Face's `tokenizers`, line by line.

Needs `pip install tokenizers` and a built `limn`. Compares Unicode's test strings, every scalar value, captions and random
strings, and prints the differences.
Usage: python scripts/golden/compare_tokenizers.py tokenizer.json… [--texts FILE] [--set scalars,unicode,captions,random]
"""

import argparse
import json
import subprocess
import tempfile
import unicodedata
from pathlib import Path

import captions
from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parents[2]


def texts(arguments):
    for name in arguments.set.split(","):
        if name == "scalars":
            yield from (f"x{chr(c)}y {chr(c)} E{chr(c)}\u0323\u0301" for c in range(0x110000) if not 0xD800 <= c < 0xE000)
        elif name == "unicode":
            yield from captions.unicode_tests(arguments.unicode, 0)
        elif name == "captions":
            for data in ["flowers102", "emoji"]:
                path = arguments.data / data / "metadata.jsonl"
                if path.exists():
                    for line in path.read_text(encoding="utf-8").splitlines():
                        yield from json.loads(line)["text"]
        elif name == "random":
            yield from captions.random_strings(20000, seed=7)
            yield from captions.strings(arguments.unicode)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizers", nargs="+", type=Path)
    parser.add_argument("--set", default="scalars,unicode,captions,random")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data")
    parser.add_argument("--unicode", type=Path, default=Path("/usr/share/unicode"))
    parser.add_argument("--limn", default=ROOT / ".build/release/limn")
    parser.add_argument("--show", type=int, default=20)
    arguments = parser.parse_args()
    # A line is a text; ends of lines are for the golden tests.
    rows = [t for t in dict.fromkeys(texts(arguments)) if "\n" not in t and not t.endswith("\r") and not t.startswith("\ufeff")]
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="") as file:
        file.writelines(t + "\n" for t in rows)
        file.flush()
        for path in arguments.tokenizers:
            theirs = Tokenizer.from_file(str(path / "tokenizer.json" if path.is_dir() else path))
            theirs.no_padding()
            theirs.no_truncation()
            with subprocess.Popen(
                [arguments.limn, "vocabulary", "encode", "--tokenizer", path, "--file", file.name, "--json"],
                stdout=subprocess.PIPE, text=True, encoding="utf-8") as limn:
                different, ids_different, unknown = 0, 0, 0
                for text, line in zip(rows, limn.stdout, strict=True):
                    row, encoding = json.loads(line), theirs.encode(text)
                    tokens = [theirs.id_to_token(i) for i in encoding.ids]
                    same = row["ids"] == encoding.ids
                    if same and row["offsets"] == [list(o) for o in encoding.offsets] and row["tokens"] == tokens:
                        continue
                    different += 1
                    ids_different += not same
                    unknown += any(unicodedata.category(c) == "Cn" for c in text)
                    if different <= arguments.show:
                        print(ascii(text), *(f"{unicodedata.name(c, '?')}" for c in text[1:2]))
                        print("  limn  ", row["tokens"], row["offsets"])
                        print("  theirs", tokens, encoding.offsets)
            print(f"{path}: {len(rows)} texts, {different} differ ({ids_different} in ids), {unknown} of them with scalars unassigned in Unicode {unicodedata.unidata_version}")


if __name__ == "__main__":
    main()
