"""Generates a prompt with a Limn model in PyTorch: the script with which `limn generate` is compared end to end.

    python generate.py MODEL.safetensors "a red rose" rose.png

It contains only what is needed, to start fast: no training code, no libraries besides torch and safetensors, and a PNG written
with zlib. Text is encoded with the model's own vocabulary and text encoder.
"""

import json
import struct
import sys
import unicodedata
import zlib

import torch
import torch.nn.functional as F
from limn_torch import Generator
from safetensors import safe_open


def tokens(text, vocabulary, limit):
    """Limn's byte-pair encoding (Sources/Tokenizers): normalized and case-folded, with merges in order within words."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold())
    ranks = {tuple(pair): 259 + n for n, pair in enumerate(vocabulary["merges"])}
    ids = []
    for word in words(" ".join(text.split())):
        pieces = [byte + 3 for byte in word.encode()]
        while len(pieces) > 1:
            best, at = min((ranks.get(pair, 1 << 30), i) for i, pair in enumerate(zip(pieces, pieces[1:])))
            if best == 1 << 30:
                break
            pieces[at : at + 2] = [best]
        ids += pieces
    return [1] + ids[: limit - 2] + [2]


def words(text):
    """An optional space and a run of letters, digits or other characters."""
    kind = lambda c: "L" if c.isalpha() else "N" if c.isnumeric() else "O"
    for part in text.split(" "):
        start = 0
        for end in range(1, len(part) + 1):
            if end == len(part) or kind(part[end]) != kind(part[start]):
                yield (" " if start == 0 else "") + part[start:end]
                start = end


def encode(ids, a, heads):
    """Limn's text encoder: pre-norm transformer, the mean over tokens, unit length."""
    norm = lambda x, path: F.layer_norm(x, x.shape[-1:], a[path + ".gain"], a[path + ".bias"])
    linear = lambda x, path: F.linear(x, a[path + ".weight"], a[path + ".bias"])
    x = a["tokens.weight"][torch.tensor(ids)] + a["positions.weight"][: len(ids)]
    block = 0
    while f"blocks.{block}.norm1.gain" in a:
        path = f"blocks.{block}."
        q, k, v = linear(norm(x, path + "norm1"), path + "attention.projection").reshape(len(ids), 3, heads, -1).permute(1, 2, 0, 3)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(0, 1).reshape(len(ids), -1)
        x = x + linear(mixed, path + "attention.output")
        x = x + linear(F.gelu(linear(norm(x, path + "norm2"), path + "expand"), approximate="tanh"), path + "contract")
        block += 1
    return F.normalize(linear(norm(x, "norm").mean(0), "head"), dim=0)


def png(pixels):
    """RGB rows [H, W, 3] of bytes as a PNG."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels.numpy())
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def main(model, prompt, out):
    with safe_open(model, "pt") as file:
        metadata = file.metadata()
        arrays = {name: file.get_tensor(name).float() for name in file.keys()}
    configuration = json.loads(metadata["configuration"])["encoder"]
    below = lambda prefix: {n[len(prefix) :]: a.permute(0, 3, 1, 2) if a.ndim == 4 else a for n, a in arrays.items() if n.startswith(prefix)}
    with torch.inference_mode():
        ids = tokens(prompt, json.loads(metadata["vocabulary"]), configuration["length"])
        text = encode(ids, below("encoder."), configuration["heads"])[None]
        torch.manual_seed(0)
        generator = Generator(below("generator."))
        image = generator(torch.randn(1, generator.start.weight.shape[1]), text)[0]
        pixels = (image.permute(1, 2, 0) * 127.5 + 127.5).round().clamp(0, 255).byte()
    with open(out, "wb") as file:
        file.write(png(pixels))


if __name__ == "__main__":
    main(*sys.argv[1:])
