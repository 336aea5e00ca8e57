#!/usr/bin/env python3
"""Restored images and what classic methods make of the same degraded images: PSNR and SSIM against the true ones.

    python3 Benchmarks/restoration.py --true clean --degraded noisy --sigma 25 limn-result
    python3 Benchmarks/restoration.py --true clean --degraded hazy --methods dark-channel clahe grey-world limn-result

Folders hold images of the same names (any suffix that Pillow reads; PNG loses nothing). Each further folder is a result to
compare, such as the output of `limn translate`. Methods for noise need --sigma, its standard deviation in 8-bit levels, or
"estimate" per image. SSIM is that of Limn: Gaussian windows, standard deviation 1.5 (Wang et al. 2004).

Needs numpy, Pillow, scikit-image, opencv-python-headless and bm3d.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage import restoration
from skimage.metrics import structural_similarity


def bm3d(image, sigma):
    """Dabov et al. 2007 for colour images (CBM3D), the authors' implementation."""
    from bm3d import bm3d_rgb
    return bm3d_rgb(image / 255, sigma / 255) * 255


def non_local_means(image, sigma):
    """Buades et al. 2005 with scikit-image's advice for known noise: h = 0.8 σ without the fast variant."""
    return restoration.denoise_nl_means(
        image / 255, patch_size=5, patch_distance=6, h=0.8 * sigma / 255, sigma=sigma / 255, fast_mode=False,
        channel_axis=2) * 255


def dark_channel(image, omega=0.95, least=0.1):
    """He et al. 2009: airlight from the brightest of the haziest thousandth of the pixels, transmission from the dark channel,
    refined by a guided filter (He et al. 2010). Their window of 15 pixels is for images of 600 × 400; it scales with the
    shorter side, as the filter's radius does."""
    pixels = image / 255
    shorter = min(image.shape[:2])
    window = np.ones((max(3, round(shorter * 15 / 400)),) * 2, np.uint8)
    dark = cv2.erode(pixels.min(axis=2), window)
    haziest = np.argsort(dark, axis=None)[-max(1, dark.size // 1000):]
    candidates = pixels.reshape(-1, 3)[haziest]
    airlight = np.maximum(candidates[candidates.sum(axis=1).argmax()], 1 / 255)
    transmission = 1 - omega * cv2.erode((pixels / airlight).min(axis=2), window)
    transmission = np.clip(guided(pixels.mean(axis=2), transmission, max(4, shorter // 10), 1e-3), least, 1)
    return (airlight + (pixels - airlight) / transmission[..., None]) * 255


def guided(guide, target, radius, epsilon):
    mean = lambda values: cv2.blur(values, (2 * radius + 1,) * 2)
    slope = (mean(guide * target) - mean(guide) * mean(target)) / (mean(guide**2) - mean(guide) ** 2 + epsilon)
    return mean(slope) * guide + mean(mean(target) - slope * mean(guide))


def clahe(image):
    """Contrast-limited adaptive histogram equalization (Zuiderveld 1994) of lightness, with OpenCV's usual values."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(clipLimit=2, tileGridSize=(8, 8)).apply(lab[..., 0])
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def grey_world(image):
    """Buchsbaum 1980: each channel scaled to the mean of all."""
    means = image.reshape(-1, 3).mean(axis=0)
    return image * (means.mean() / np.maximum(means, 1))


def grey_world_clahe(image):
    return clahe(eight_bits(grey_world(image)))


DENOISING = {"bm3d": bm3d, "nl-means": non_local_means}
ENHANCING = {"dark-channel": dark_channel, "clahe": clahe, "grey-world": grey_world, "grey-world+clahe": grey_world_clahe}


def eight_bits(image):
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def read(path):
    return np.asarray(Image.open(path).convert("RGB"))


def images(folder):
    """The images of a folder, by their path in it without suffix."""
    suffixes = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}
    found = {str(p.relative_to(folder).with_suffix("")): p for p in sorted(Path(folder).rglob("*"))
             if p.suffix.lower() in suffixes}
    if not found:
        sys.exit(f"{folder}: no images in this folder")
    return found


def measure(image, truth):
    error = np.mean((image.astype(float) - truth) ** 2)
    ssim = structural_similarity(image, truth, channel_axis=2, gaussian_weights=True, sigma=1.5,
                                 use_sample_covariance=False, data_range=255) if min(truth.shape[:2]) >= 11 else None
    # Equal images, which would make the mean infinite, count as 100 dB, as in Limn's report.
    return min(100.0, float(10 * np.log10(255**2 / max(error, 1e-9)))), None if ssim is None else float(ssim)


def main():
    parser = argparse.ArgumentParser(description="PSNR and SSIM of restored images and of classic methods.")
    parser.add_argument("results", nargs="*", help="folders of restored images, or NAME=FOLDER")
    parser.add_argument("--true", required=True, metavar="DIR", help="the images as they should be")
    parser.add_argument("--degraded", required=True, metavar="DIR")
    parser.add_argument("--sigma", help="deviation of the noise in 8-bit levels, or \"estimate\"")
    parser.add_argument("--methods", nargs="*", choices=[*DENOISING, *ENHANCING],
                        help="by default those for noise with --sigma, the others without")
    parser.add_argument("--limit", type=int, help="compare the first images only")
    parser.add_argument("--json", metavar="FILE", help="write all values to this file")
    options = parser.parse_args()
    if options.methods is None:
        options.methods = list(DENOISING if options.sigma else ENHANCING)
    if set(options.methods) & set(DENOISING) and not options.sigma:
        parser.error("methods for noise need --sigma, such as --sigma 25")
    if options.sigma and options.sigma != "estimate":
        try:
            options.sigma = float(options.sigma)
        except ValueError:
            parser.error(f"--sigma is a number or \"estimate\", not {options.sigma!r}")

    folders = {}
    for result in options.results:
        name, separator, path = result.partition("=")
        folders[name if separator else Path(result).name] = images(path if separator else result)
    true, degraded = images(options.true), images(options.degraded)
    names = [name for name in true if name in degraded][: options.limit]
    if not names:
        sys.exit(f"no image of {options.degraded} has the name of one in {options.true}; "
                 f"the first are {next(iter(degraded))} and {next(iter(true))}")
    for folder, found in folders.items():
        missing = [name for name in names if name not in found]
        if missing:
            sys.exit(f"{folder}: {len(missing)} of {len(names)} images are missing, the first is {missing[0]}")

    values, seconds = {}, {}
    for name in names:
        truth, source = read(true[name]), read(degraded[name])

        def add(row, image, elapsed=None):
            if image.shape != truth.shape:
                sys.exit(f"{name}: {row} has {image.shape[1]}×{image.shape[0]} pixels, the true image "
                         f"{truth.shape[1]}×{truth.shape[0]}")
            values.setdefault(row, []).append(measure(image, truth))
            if elapsed is not None:
                seconds[row] = seconds.get(row, 0) + elapsed / len(names)

        add("degraded", source)
        for method in options.methods:
            start = time.perf_counter()
            if method in ENHANCING:
                restored = ENHANCING[method](source)
            else:
                sigma = options.sigma
                if sigma == "estimate":
                    sigma = restoration.estimate_sigma(source, channel_axis=2, average_sigmas=True)
                restored = DENOISING[method](source, sigma)
            add(method, eight_bits(restored), time.perf_counter() - start)
        for folder, found in folders.items():
            add(folder, read(found[name]))

    report = {}
    for row, pairs in values.items():
        ssims = [s for _, s in pairs if s is not None]
        report[row] = {"psnr": statistics.fmean(p for p, _ in pairs), "ssim": statistics.fmean(ssims) if ssims else None,
                       "seconds": seconds.get(row)}
    print(f"| {len(names)} images | PSNR, dB | SSIM | seconds per image |\n|---|---|---|---|")
    for row, r in report.items():
        ssim = "" if r["ssim"] is None else f"{r['ssim']:.4f}"
        print(f"| {row} | {r['psnr']:.2f} | {ssim} | {'' if r['seconds'] is None else format(r['seconds'], '.3f')} |")
    document = {"true": options.true, "degraded": options.degraded, "sigma": options.sigma, "images": len(names),
                "means": report}
    if options.json:
        Path(options.json).write_text(json.dumps(
            document | {"values": {row: dict(zip(names, pairs)) for row, pairs in values.items()}}, indent=1))
    else:
        print(json.dumps(document))


if __name__ == "__main__":
    main()
