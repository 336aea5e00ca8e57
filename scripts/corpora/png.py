"""PNG images: read with libpng (package libpng16-16, which Limn itself needs), written with the standard library.

Pixels are 32-bit integers in the machine's byte order whose bytes in memory are R, G, B, A.
"""

import ctypes
import itertools
import struct
import zlib

from . import Failure

MAX_PIXELS = 10_000_000


class _Image(ctypes.Structure):
    """png_image of libpng's simplified API."""

    _fields_ = [("opaque", ctypes.c_void_p), *((name, ctypes.c_uint32) for name in
                ("version", "width", "height", "format", "flags", "colormap_entries", "warning_or_error")),
                ("message", ctypes.c_char * 64)]


def _libpng():
    try:
        return ctypes.CDLL("libpng16.so.16")
    except OSError:
        raise Failure("libpng is missing; install it (on Debian: apt-get install libpng16-16)")


def _decoded(data):
    """The width, the height and the pixels of a PNG. Raises ValueError if it is damaged or too large."""
    libpng, image = _libpng(), _Image(version=1)
    reference = ctypes.byref(image)
    try:
        if not libpng.png_image_begin_read_from_memory(reference, data, ctypes.c_size_t(len(data))):
            raise ValueError(image.message.decode(errors="replace"))
        if image.width * image.height > MAX_PIXELS:
            raise ValueError("more than 10 million pixels")
        image.format = 3  # PNG_FORMAT_RGBA
        samples = ctypes.create_string_buffer(image.width * image.height * 4)
        if not libpng.png_image_finish_read(reference, None, samples, ctypes.c_int32(0), None):
            raise ValueError(image.message.decode(errors="replace"))
        return image.width, image.height, memoryview(samples).cast("B").cast("I")
    finally:
        libpng.png_image_free(reference)


def _on_white(pixels):
    """The pixels composed over white as Limn does: encoded samples are blended."""
    colors = {}
    for pixel in set(pixels):
        red, green, blue, alpha = struct.pack("=I", pixel)
        if alpha < 255:
            white = 255 * (255 - alpha) + 127
            colors[pixel], = struct.unpack("=I", bytes((
                (red * alpha + white) // 255, (green * alpha + white) // 255, (blue * alpha + white) // 255, 255)))
    return [colors.get(pixel, pixel) for pixel in pixels] if colors else list(pixels)


def read(data):
    """The width, the height and the pixels of a PNG on white."""
    width, height, pixels = _decoded(data)
    return width, height, _on_white(pixels)


def cropped(width, height, pixels, side):
    """The square of `side` pixels in the middle."""
    left, top = (width - side) // 2, (height - side) // 2
    return list(itertools.chain.from_iterable(
        pixels[(top + y) * width + left:(top + y) * width + left + side] for y in range(side)))


def halved(side, pixels):
    """A square image at half its side: each pixel is the mean of four."""
    samples = struct.pack(f"={len(pixels)}I", *pixels)
    half = side // 2
    planes = []
    for channel in range(4):
        plane = samples[channel::4]
        pairs = [a + b for a, b in zip(plane[0::2], plane[1::2])]
        rows = [pairs[y * half:(y + 1) * half] for y in range(side)]
        planes.append(bytes((a + b + 2) // 4 for y in range(half) for a, b in zip(rows[2 * y], rows[2 * y + 1])))
    return list(memoryview(bytes(itertools.chain.from_iterable(zip(*planes)))).cast("I"))


def encoded(width, pixels):
    """A PNG of opaque pixels: with a palette if there are at most 256 colours, in RGB otherwise."""
    height = len(pixels) // width
    colors = sorted(set(pixels), key=lambda pixel: struct.pack("=I", pixel))
    rgb = lambda values: b"".join(struct.pack("=I", value)[:3] for value in values)
    chunks = []
    if len(colors) <= 256:
        index = {color: number for number, color in enumerate(colors)}
        samples, count, kind = bytes(map(index.__getitem__, pixels)), 1, 3
        chunks.append((b"PLTE", rgb(colors)))
    else:
        samples, count, kind = rgb(pixels), 3, 2
    row = width * count
    rows = b"".join(b"\0" + samples[y * row:(y + 1) * row] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    chunks = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + type + body + struct.pack(">I", zlib.crc32(type + body)) for type, body in chunks)


class Fingerprint:
    """A perceptual hash much like Limn's (Sources/Corpora/ImageCache/Fingerprint.swift), which `limn corpus stats` uses:
    64 differences of a 9 × 8 grey reduction and the mean colours of a 3 × 3 grid. The reduction weights blocks of pixels and
    reads at most 128 lines, so the limits are a little wider than Limn's 4 bits and 8 levels."""

    NEAR_BITS, NEAR_LEVELS = 6, 10

    @classmethod
    def of(cls, data):
        """Of a PNG. Raises ValueError if it is damaged or too large."""
        return cls(*_decoded(data))

    def __init__(self, width, height, pixels):
        self.width, self.height = width, height
        columns, bands = self._blocks(self.width, 9), self._blocks(self.height, 8)
        rows = []
        for top, bottom in bands:
            lines = sorted({top + (bottom - top) * (2 * n + 1) // 8 for n in range(4)})
            samples = [struct.pack(f"={self.width}I", *_on_white(pixels[y * self.width:(y + 1) * self.width])) for y in lines]
            means = [[sum(sum(line[4 * left + channel:4 * right:4]) for line in samples) / ((right - left) * len(lines))
                      for channel in range(3)] for left, right in columns]
            rows.append([value for cell in self._reduced(means, columns, 9) for value in cell])
        cells = [[round(value) for value in row[3 * x:3 * x + 3]]
                 for row in self._reduced(rows, bands, 8) for x in range(9)]
        greys = [299 * red + 587 * green + 114 * blue for red, green, blue in cells]
        self.code = 0
        for cell, grey in enumerate(greys):
            if cell % 9:
                self.code = self.code << 1 | (grey > greys[cell - 1])
        grid = [[] for _ in range(27)]
        for cell, color in enumerate(cells):
            for channel in range(3):
                grid[(cell // 9 * 3 // 8 * 3 + cell % 9 // 3) * 3 + channel].append(color[channel])
        self.colors = [sum(values) // len(values) for values in grid]
        self.is_blank = min(map(min, cells)) > 252

    @staticmethod
    def _blocks(length, count):
        """The spans of blocks of pixels: single ones of a short line, or four blocks for each of `count` results."""
        blocks = length if length < 8 * count else 4 * count
        edges = [block * length // blocks for block in range(blocks + 1)]
        return list(zip(edges, edges[1:]))

    @staticmethod
    def _reduced(vectors, blocks, count):
        """Bilinear reduction of one vector per block to `count` vectors."""
        scale = count / blocks[-1][1]
        centers = [(start + end) / 2 * scale for start, end in blocks]
        results = []
        for result in range(count):
            # A triangle over two results' widths, or the nearest block of a line of few pixels.
            weights = [max(0, 1 - abs(center - result - 0.5)) for center in centers]
            used = [(weight, vector) for weight, vector in zip(weights, vectors) if weight]
            used = used or [(1, vectors[min(result * len(vectors) // count, len(vectors) - 1)])]
            total = sum(weight for weight, _ in used)
            results.append([sum(weight * vector[index] for weight, vector in used) / total
                            for index in range(len(vectors[0]))])
        return results

    def is_near(self, other):
        return ((self.code ^ other.code).bit_count() <= self.NEAR_BITS
                and sum(abs(a - b) for a, b in zip(self.colors, other.colors)) <= 27 * self.NEAR_LEVELS)
