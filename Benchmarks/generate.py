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


def encode(sentences, a, heads):
    """Limn's text encoder on lists of tokens: pre-norm transformer, the mean over tokens, unit length; one row per sentence."""
    norm = lambda x, path: F.layer_norm(x, x.shape[-1:], a[path + ".gain"], a[path + ".bias"])
    linear = lambda x, path: F.linear(x, a[path + ".weight"], a[path + ".bias"])
    lengths = torch.tensor([len(ids) for ids in sentences])
    count, longest = len(sentences), int(lengths.max())
    mask = torch.arange(longest) < lengths[:, None]
    x = a["tokens.weight"][torch.tensor([ids + [0] * (longest - len(ids)) for ids in sentences])] + a["positions.weight"][:longest]
    visible = None if mask.all() else mask[:, None, None]
    block = 0
    while f"blocks.{block}.norm1.gain" in a:
        path = f"blocks.{block}."
        projected = linear(norm(x, path + "norm1"), path + "attention.projection")
        q, k, v = projected.reshape(count, longest, 3, heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, visible).transpose(1, 2).reshape(count, longest, -1)
        x = x + linear(mixed, path + "attention.output")
        x = x + linear(F.gelu(linear(norm(x, path + "norm2"), path + "expand"), approximate="tanh"), path + "contract")
        block += 1
    mean = (norm(x, "norm") * mask[..., None]).sum(1) / lengths[:, None]
    return F.normalize(linear(mean, "head"), dim=1)


def png(pixels):
    """RGB rows [H, W, 3] of bytes as a PNG."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels.numpy())
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Model:
    """The networks and the vocabulary of a model file."""

    def __init__(self, path):
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            arrays = {name: file.get_tensor(name).float() for name in file.keys()}
        below = lambda prefix: {n[len(prefix) :]: a.permute(0, 3, 1, 2) if a.ndim == 4 else a for n, a in arrays.items() if n.startswith(prefix)}
        configuration = json.loads(metadata["configuration"])
        self.vocabulary, self.text = json.loads(metadata["vocabulary"]), configuration["encoder"]
        self.encoder, networks = below("encoder."), configuration["networks"]
        self.generator = Generator(below("generator."), networks.get("output") == "linear", networks.get("textScale", 1))
        self.noise = networks["noise"]

    def sentences(self, prompts):
        """The sentence vector of each prompt."""
        return encode([tokens(prompt, self.vocabulary, self.text["length"]) for prompt in prompts], self.encoder, self.text["heads"])


def pixels(images):
    """Images [N, 3, H, W] in −1…1 as bytes [N, H, W, 3]."""
    return (images.float().permute(0, 2, 3, 1) * 127.5 + 127.5).round().clamp(0, 255).byte().contiguous()


def main(path, prompt, out):
    with torch.inference_mode():
        model = Model(path)
        torch.manual_seed(0)
        image = model.generator(torch.randn(1, model.noise), model.sentences([prompt]))
    with open(out, "wb") as file:
        file.write(png(pixels(image)[0]))


if __name__ == "__main__":
    main(*sys.argv[1:])
