"""Draws every valid file of Tests/ImagesTests/PngSuite over white and over blue, one sheet for each background:

    python scripts/golden/pngsuite.py Tests/ImagesTests/PngSuite

Cells of 40 × 40 pixels, 13 in a row, in the order of the file names; an image is in the top left corner of its cell, the
rest of the sheet is black. Decoded by pypng, which is independent of libpng; blending uses numpy in floating point. Needs numpy, Pillow and pypng; the tests themselves do not.

Gamma: a file with a gamma is converted to the exponent 1/2.2, as libpng does for an sRGB screen, and blended in linear light
(ISO/IEC 15948, section 13.16). Without gamma, samples are blended as they are.
"""

import pathlib
import sys

import numpy
import png
from PIL import Image

CELL, COLUMNS = 40, 13
BACKGROUNDS = {"white": (255, 255, 255), "blue": (20, 60, 200)}


def samples(path):
    """Red, green, blue and alpha in 0...1, and the gamma or None."""
    width, height, rows, info = png.Reader(filename=str(path)).read()
    data = numpy.array([list(row) for row in rows], float).reshape(height, width, info["planes"])
    most = 2 ** info["bitdepth"] - 1
    alpha = numpy.ones((height, width, 1))
    if "palette" in info and info["planes"] == 1:
        palette = numpy.array([tuple(entry) + (255,) * (4 - len(entry)) for entry in info["palette"]]) / 255
        data = palette[data[..., 0].astype(int)]
        data, alpha = data[..., :3], data[..., 3:]
    else:
        if "transparent" in info:
            alpha = (data != numpy.array(info["transparent"])).any(-1, keepdims=True).astype(float)
        elif info["alpha"]:
            data, alpha = data[..., :-1], data[..., -1:] / most
        data = data / most
    return numpy.broadcast_to(data, (height, width, 3)), alpha, info.get("gamma")


def shown(path, background):
    colours, alpha, gamma = samples(path)
    under = numpy.array(background) / 255
    if gamma is None:
        result = colours * alpha + under * (1 - alpha)
    else:
        result = (colours ** (1 / gamma) * alpha + under ** 2.2 * (1 - alpha)) ** (1 / 2.2)
    return numpy.floor(result * 255 + 0.5).astype(numpy.uint8)


folder = pathlib.Path(sys.argv[1])
files = sorted(path for path in folder.glob("*.png") if not path.name.startswith("x"))
for name, background in BACKGROUNDS.items():
    rows = -(-len(files) // COLUMNS)
    sheet = numpy.zeros((rows * CELL, COLUMNS * CELL, 3), numpy.uint8)
    for i, path in enumerate(files):
        image = shown(path, background)
        y, x = i // COLUMNS * CELL, i % COLUMNS * CELL
        sheet[y:y + image.shape[0], x:x + image.shape[1]] = image
    Image.fromarray(sheet).save(folder / "expected" / f"over-{name}.png", optimize=True)
