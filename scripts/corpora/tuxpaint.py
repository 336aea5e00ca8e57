"""The stamps of Tux Paint: drawings and photographs with a sentence each, in dozens of languages."""

import os
import re
import shutil
import subprocess

from . import Failure
from .png import Fingerprint
from .splits import Item

OPTIONS = ("language",)
STAMPS = "usr/share/tuxpaint/stamps/"
SVG_SIDE = 256


def sentences(data):
    """The sentences of a stamp's text file by language; the first line is English."""
    lines = data.decode(errors="replace").splitlines() or [""]
    found = {"en": lines[0]}
    for line in lines[1:]:
        language, separator, text = line.partition(".utf8=")
        if separator:
            found.setdefault(language, text)
    found = {language: " ".join(text.split()) for language, text in found.items()}
    return {language: text for language, text in found.items() if text}


def sentence(found, language):
    """That of the language or of the one it is a variant of, such as pt_BR and pt."""
    return found.get(language) or found.get(re.split("[_@]", language)[0])


def category(path):
    """The first two folders of a path."""
    return "/".join(path.split("/")[:-1][:2])


def rendered(data):
    """An SVG as a PNG that fits into a square of SVG_SIDE pixels, or None if it cannot be drawn."""
    side = str(SVG_SIDE)
    run = subprocess.run(["rsvg-convert", "--keep-aspect-ratio", "--width", side, "--height", side], input=data,
                         capture_output=True)
    return run.stdout if run.returncode == 0 and run.stdout else None


def build(packages, folder, options, left_out):
    """Writes the images and returns the items; counts stamps that are left out by reason."""
    files = {path: data for path, data in packages["tuxpaint-stamps-default"].contents(STAMPS)
             if isinstance(data, bytes) and path.endswith((".png", ".svg", ".txt"))}
    texts = {path[:-4]: sentences(data) for path, data in files.items() if path.endswith(".txt")}
    known = set().union(*texts.values())
    for language in options.language:
        if known and language not in known:
            raise Failure(f"there are no captions in {language!r}; known: {' '.join(sorted(known))}", Failure.USAGE)
    can_render = shutil.which("rsvg-convert") is not None
    items = []
    for path, data in sorted(files.items()):
        stem, extension = os.path.splitext(path)
        if extension == ".txt" or (extension == ".svg" and stem + ".png" in files):
            continue
        if stem not in texts:
            left_out["mirrored versions of other stamps"] += 1
            continue
        captions = [text for language in options.language if (text := sentence(texts[stem], language))]
        if not captions:
            left_out["no caption"] += 1
            continue
        if extension == ".svg":
            if not can_render:
                left_out["SVG only (rsvg-convert, package librsvg2-bin, renders them)"] += 1
                continue
            data = rendered(data)
            if data is None:
                left_out["SVG that rsvg-convert cannot draw"] += 1
                continue
        try:
            fingerprint = Fingerprint.of(data)
        except ValueError:
            left_out["unreadable, or more than 10 million pixels"] += 1
            continue
        row = {"file_name": f"images/{stem}.png", "text": list(dict.fromkeys(captions)), "class": category(path)}
        folder.write(row["file_name"], data)
        # Stamps with one sentence are often variants of one drawing, such as outlined and filled letters.
        keys = [texts[stem].get("en", stem).lower()]
        items.append(Item(row, stem, keys, data, fingerprint))
    return items
