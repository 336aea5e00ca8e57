"""Splits without leaks: images that are alike stay in one split."""

import hashlib

from .png import Fingerprint


class Item:
    """An image of a corpus while it is built.

    row: its row of metadata.jsonl; name: its name in the package; keys: images that share a key stay in one split;
    digest, fingerprint: of the image's bytes and pixels.
    """

    def __init__(self, row, name, keys, data, fingerprint):
        self.row, self.name, self.keys = row, name, keys
        self.digest = hashlib.sha256(data).digest()
        self.fingerprint = fingerprint


class DisjointSets:
    def __init__(self, count):
        self.parents = list(range(count))

    def root(self, index):
        while self.parents[index] != index:
            self.parents[index] = self.parents[self.parents[index]]
            index = self.parents[index]
        return index

    def join(self, first, second):
        first, second = sorted((self.root(first), self.root(second)))
        self.parents[second] = first


def near_pairs(items):
    """Pairs of images with equal bytes or nearly equal pixels, as indices, the lower first."""
    codes = [item.fingerprint.code for item in items]
    limit = Fingerprint.NEAR_BITS
    for first, item in enumerate(items):
        code = codes[first]
        for second in [j for j in range(first + 1, len(items)) if (code ^ codes[j]).bit_count() <= limit]:
            other = items[second]
            if item.digest == other.digest or item.fingerprint.is_near(other.fingerprint):
                yield first, second


def assign(items, seed, test=0.1, largest=0.02):
    """Adds `split` to every row, and `near` to those whose image is like an earlier one: the name of that image.

    Images that are alike or share a key form a family, which is in one split: `test` if a hash of the seed and the name of
    its first image is below that fraction. Families of more than `largest` of all images are in `train`.
    """
    families = DisjointSets(len(items))
    firsts = {}
    for index, item in enumerate(items):
        for key in item.keys:
            families.join(firsts.setdefault(key, index), index)
    for first, second in near_pairs(items):
        families.join(first, second)
        items[second].row.setdefault("near", items[first].row["file_name"])
    members = {}
    for index in range(len(items)):
        members.setdefault(families.root(index), []).append(index)
    for family in members.values():
        name = min(items[index].name for index in family)
        hash = int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:8], "big")
        is_test = hash < test * 2 ** 64 and len(family) <= max(1, largest * len(items))
        for index in family:
            items[index].row["split"] = "test" if is_test else "train"
