"""Writes the reference files of Tests/ImagesTests/Reference: small files of many kinds, and their pixels and
resized versions by Pillow, as PPM.

    python scripts/golden/images.py

Run from the repository's root. Needs Pillow; the tests themselves do not. ReferenceImages.swift names the files.
"""

import io
import os
import struct
import zlib

from PIL import Image, ImageOps


def image(width, height):
    """The same small image as `referenceImage` in the tests: ramps, an edge and a texture, in integers."""
    image = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            edge = 255 if x * 2 > width + y else 0
            image.putpixel((x, y), ((x * 37 + y * 11) % 256, (x * y * 7 + 40) % 256, edge))
    return image


def smooth(width, height):
    """An image that survives lossy codecs."""
    image = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            image.putpixel((x, y), (x * 255 // (width - 1), y * 255 // (height - 1), 128))
    return image


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, interlace=0, before=b""):
    """Writes a PNG with features that Pillow cannot write. `rows` are filtered rows."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before
            + chunk(b"IDAT", zlib.compress(b"".join(rows), 9)) + chunk(b"IEND", b""))


def interlaced(image):
    """Adam7 (ISO/IEC 15948, section 8.2)."""
    rows = []
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    for x0, y0, dx, dy in passes:
        for y in range(y0, image.height, dy):
            columns = range(x0, image.width, dx)
            if len(columns):
                rows.append(b"\0" + b"".join(bytes(image.getpixel((x, y))) for x in columns))
    return png(image.width, image.height, 8, 2, rows, interlace=1)


def saved(image, **options):
    out = io.BytesIO()
    image.save(out, **options)
    return out.getvalue()


def over_white(image):
    return over(image, (255, 255, 255))


BLUE = (20, 60, 200)


def over(image, colour):
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, colour + (255,)), image).convert("RGB")


def rgba():
    image = Image.new("RGBA", (4, 2))
    for i in range(8):
        image.putpixel((i % 4, i // 4), (i * 30, 200 - i * 20, 90, i * 36))
    return image


def palette():
    image = Image.new("P", (5, 3))
    image.putpalette([10, 20, 30, 200, 100, 50, 0, 255, 0, 255, 255, 255])
    image.putdata([i % 4 for i in range(15)])
    return image


def cmyk():
    image = Image.new("CMYK", (8, 8))
    for y in range(8):
        for x in range(8):
            image.putpixel((x, y), (x * 30, y * 30, 60, 40))
    return image


def without_adobe(jpeg):
    at = jpeg.index(b"\xff\xee")
    return jpeg[:at] + jpeg[at + 2 + struct.unpack(">H", jpeg[at + 2:at + 4])[0]:]


def exif(orientation, order):
    endian = "<" if order == b"II" else ">"
    return b"Exif\0\0" + order + struct.pack(endian + "HIHHHIHHI", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)


FILES = []


def file(name, data, pixels):
    """`pixels`: an RGB image."""
    FILES.append((name, data, pixels))


small = image(9, 7)
file("rgbPNG", saved(small, format="PNG"), small)
file("interlacedPNG", interlaced(small), small)
texts = (chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"again and " * 30))
         + chunk(b"iTXt", b"Title\0\1\0zh\0\0" + zlib.compress("\u9ce5".encode())))
file("lateTextPNG", interlaced(small)[:-12] + texts + chunk(b"IEND", b""), small)
file("palettePNG", saved(palette(), format="PNG", bits=2), palette().convert("RGB"))
file("transparentPalettePNG", saved(palette(), format="PNG", bits=2, transparency=b"\x80\xff\x00"),
     over_white(Image.open(io.BytesIO(saved(palette(), format="PNG", bits=2, transparency=b"\x80\xff\x00")))))
file("alphaPNG", saved(rgba(), format="PNG"), over_white(rgba()))
file("alphaPNGOverBlue", saved(rgba(), format="PNG"), over(rgba(), BLUE))
# Text that expands to more than is read: it is left out, its neighbour and the pixels are not.
bomb = chunk(b"zTXt", b"Bomb\0\0" + zlib.compress(b"\0" * 5_000_000, 9))
file("bombPNG", png(2, 1, 8, 0, [bytes([0, 7, 9])], before=bomb + chunk(b"tEXt", b"Title\0harmless")),
     Image.frombytes("L", (2, 1), bytes([7, 9])).convert("RGB"))
file("oneBitPNG", png(4, 2, 1, 0, [b"\0\x50", b"\0\xa0"]),
     Image.frombytes("L", (4, 2), bytes([0, 255, 0, 255, 255, 0, 255, 0])).convert("RGB"))
file("greyAlphaPNG", png(2, 1, 8, 4, [bytes([0, 100, 255, 100, 51])]),
     Image.frombytes("L", (2, 1), bytes([100, 224])).convert("RGB"))
# 16 bits to 8: rounded, value * 255 / 65535.
file("deepPNG", png(2, 1, 16, 2, [b"\0" + struct.pack(">6H", 0, 65535, 32768, 257, 383, 386)]),
     Image.frombytes("RGB", (2, 1), bytes([0, 255, 128, 1, 1, 2])))
file("deepTransparentPNG",
     png(2, 1, 16, 0, [b"\0" + struct.pack(">2H", 1000, 1001)], before=chunk(b"tRNS", struct.pack(">H", 1000))),
     Image.frombytes("RGB", (2, 1), bytes([255] * 3 + [4] * 3)))
# Linear light (gAMA 1.0): 0.5 of the light is 188 in sRGB; libpng's exponent of 1/2.2 gives 186.
file("linearPNG", png(3, 1, 8, 0, [bytes([0, 0, 128, 255])], before=chunk(b"gAMA", struct.pack(">I", 100000))),
     Image.frombytes("L", (3, 1), bytes([0, 186, 255])).convert("RGB"))

gentle = smooth(16, 12)


def read(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


for name, data in [
    ("jpeg", saved(gentle, format="JPEG", quality=90)),
    ("progressiveJPEG", saved(gentle, format="JPEG", quality=90, progressive=True, subsampling=0)),
    ("greyJPEG", saved(gentle.convert("L"), format="JPEG", quality=90)),
]:
    file(name, data, read(data))


def turned(orientation, order):
    data = saved(gentle, format="JPEG", quality=90, subsampling=0, exif=exif(orientation, order))
    return data, ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")


for orientation in range(1, 9):
    data, pixels = turned(orientation, [b"II", b"MM"][orientation % 2])
    file(f"orientation{orientation}JPEG", data, pixels)


def ink(c, m, y, k):
    return tuple(((255 - v) * (255 - k) + 127) // 255 for v in (c, m, y))


def printed(image):
    out = Image.new("RGB", image.size)
    out.putdata([ink(*p) for p in image.get_flattened_data()])
    return out


data = saved(cmyk(), format="JPEG", quality=95)
file("cmykJPEG", data, printed(Image.open(io.BytesIO(data))))
# Without the Adobe marker the stored samples are ink: what Pillow, which always inverts, gives is the complement.
inverse = Image.open(io.BytesIO(data))
file("plainCMYKJPEG", without_adobe(data), printed(Image.eval(inverse, lambda v: 255 - v)))

# The Adobe marker's last byte tells that the inks are coded as YCCK. What they decode to is Pillow's affair.
data = saved(cmyk(), format="JPEG", quality=95)
at = data.index(b"Adobe") + 11
assert data[at] == 0
ycck = data[:at] + b"\2" + data[at + 1:]
file("ycckJPEG", ycck, printed(Image.open(io.BytesIO(ycck))))

# Decoded by libjpeg at a quarter of the size.
data = saved(smooth(100, 68), format="JPEG", quality=90)
draft = Image.open(io.BytesIO(data))
draft.draft("RGB", (25, 17))
assert draft.size == (25, 17)
file("quarterJPEG", data, draft.convert("RGB"))
data = saved(smooth(100, 68), format="JPEG", quality=90, exif=exif(6, b"II"))
file("turnedQuarterJPEG", data, draft.convert("RGB").transpose(Image.Transpose.ROTATE_270))

data = saved(gentle, format="WEBP", lossless=True)
file("losslessWebP", data, gentle)
data = saved(rgba(), format="WEBP", lossless=True, exact=True)
file("alphaWebP", data, over_white(rgba()))
data = saved(gentle, format="WEBP", quality=80)
file("lossyWebP", data, read(data))

file("alphaWebPOverBlue", saved(rgba(), format="WEBP", lossless=True, exact=True), over(rgba(), BLUE))
translucent = gentle.convert("RGBA")
translucent.putalpha(Image.linear_gradient("L").resize(gentle.size))
data = saved(translucent, format="WEBP", quality=80)
file("lossyAlphaWebP", data, over_white(Image.open(io.BytesIO(data))))


def riff(kind, data):
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def uint24(*values):
    return b"".join(struct.pack("<I", v)[:3] for v in values)


def image_chunks(image, **options):
    """The chunks of a still WebP that a frame of an animation has too."""
    data = saved(image, format="WEBP", **options)
    chunks, at = b"", 12
    while at < len(data):
        size = 8 + struct.unpack("<I", data[at + 4:at + 8])[0]
        size += size % 2
        if data[at:at + 4] in (b"ALPH", b"VP8 ", b"VP8L"):
            chunks += data[at:at + size]
        at += size
    return chunks


def animation(width, height, frames):
    """`frames`: x, y, image and options to save it."""
    body = riff(b"VP8X", b"\x12\0\0\0" + uint24(width - 1, height - 1)) + riff(b"ANIM", b"\xff\0\0\xff\0\0")
    for x, y, image, options in frames:
        sides = uint24(x // 2, y // 2, image.width - 1, image.height - 1, 40)
        body += riff(b"ANMF", sides + b"\0" + image_chunks(image, **options))
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


second = (0, 0, Image.new("RGB", (20, 16), (1, 2, 3)), {"lossless": True})
lossless = {"lossless": True, "exact": True}
data = animation(20, 16, [(4, 2, gentle, {"quality": 80}), second])
file("animatedWebP", data, over_white(Image.open(io.BytesIO(data))))
data = animation(20, 16, [(4, 2, translucent, {"quality": 80}), second])
file("animatedLossyAlphaWebP", data, over(Image.open(io.BytesIO(data)), BLUE))
data = animation(20, 16, [(2, 4, translucent, lossless), second])
file("animatedLosslessAlphaWebP", data, over(Image.open(io.BytesIO(data)), BLUE))

# GIF: noise, for which codes grow to 12 bits and the table is reset; interlaced rows, a transparent index.
noisy = Image.frombytes("L", (70, 60), bytes((i * i * 2654435761 >> 13) % 256 for i in range(4200))).convert("P")
file("paletteGIF", saved(noisy, format="GIF", interlace=0, optimize=False), noisy.convert("RGB"))
file("interlacedGIF", saved(noisy, format="GIF", interlace=1, optimize=False), noisy.convert("RGB"))
hole = palette()
hole.info["transparency"] = 2
file("transparentGIF", saved(palette(), format="GIF", transparency=2), over_white(hole))
file("transparentGIFOverBlue", saved(palette(), format="GIF", transparency=2), over(hole, BLUE))
moving = [Image.new("P", (6, 5), i) for i in range(3)]
for i, frame in enumerate(moving):
    frame.putpalette([10, 20, 30, 200, 100, 50, 0, 255, 0])
    frame.putpixel((i, 2), 2 - i % 2)
file("animatedGIF", saved(moving[0], format="GIF", save_all=True, append_images=moving[1:], duration=40),
     moving[0].convert("RGB"))

file("rgbBMP", saved(small, format="BMP"), small)
file("paletteBMP", saved(palette(), format="BMP"), palette().convert("RGB"))
file("oneBitBMP", saved(small.convert("1"), format="BMP"), small.convert("1").convert("RGB"))
file("greyBMP", saved(small.convert("L"), format="BMP"), small.convert("L").convert("RGB"))

file("rgbTIFF", saved(small, format="TIFF"), small)
file("lzwTIFF", saved(gentle, format="TIFF", compression="tiff_lzw"), gentle)
file("deflateTIFF", saved(gentle, format="TIFF", compression="tiff_adobe_deflate"), gentle)
file("paletteTIFF", saved(palette(), format="TIFF", compression="packbits"), palette().convert("RGB"))
file("faxTIFF", saved(small.convert("1"), format="TIFF", compression="group4"), small.convert("1").convert("RGB"))
file("cmykTIFF", saved(cmyk(), format="TIFF"), printed(cmyk()))
file("alphaTIFF", saved(rgba(), format="TIFF"), over_white(rgba()))
file("alphaTIFFOverBlue", saved(rgba(), format="TIFF"), over(rgba(), BLUE))
file("bigTIFF", saved(small, format="TIFF", big_tiff=True), small)
data = saved(gentle, format="TIFF", compression="jpeg", quality=90)
file("jpegTIFF", data, read(data))

RESIZES = []
SIZES = [((23, 17), (7, 5)), ((9, 7), (13, 12)), ((23, 17), (23, 4)), ((9, 7), (3, 10)), ((40, 3), (1, 1)),
         ((130, 97), (33, 25)), ((57, 41), (20, 33)), ((20, 15), (47, 39)), ((512, 384), (16, 12)), ((1, 1), (3, 2))]
for (sw, sh), (tw, th) in SIZES:
    for name in ["box", "bilinear", "bicubic", "lanczos"]:
        value = Image.Resampling[name.upper()]
        RESIZES.append((sw, sh, tw, th, name, image(sw, sh).resize((tw, th), value)))


FOLDER = "Tests/ImagesTests/Reference"
EXTENSIONS = {b"\x89P": "png", b"\xff\xd8": "jpg", b"RI": "webp", b"GI": "gif", b"BM": "bmp", b"II": "tif"}
os.makedirs(FOLDER, exist_ok=True)
for name, data, pixels in FILES:
    with open(f"{FOLDER}/{name}.{EXTENSIONS[data[:2]]}", "wb") as out:
        out.write(data)
    pixels.save(f"{FOLDER}/{name}.ppm")
for sw, sh, tw, th, name, image in RESIZES:
    image.save(f"{FOLDER}/resize-{sw}x{sh}-{tw}x{th}-{name}.ppm")
