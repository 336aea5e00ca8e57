"""Reference values for Tests/EvaluationTests/ImageQualityTests.swift, computed with scikit-image and SciPy.

    python scripts/golden/image_quality.py

Needs numpy, scipy and scikit-image. The images come from a formula in integers, so that they are equal in both languages.
"""

import numpy as np
from scipy import ndimage
from skimage.metrics import peak_signal_noise_ratio, structural_similarity


def image(width, height):
    """The `picture` of the tests: ramps, an edge and a texture."""
    y, x = np.mgrid[:height, :width]
    edge = np.where(x * 2 > width + y, 200, 30)
    return np.stack([(x * 5 + y * 3) % 256, (x * y + 40) % 256, edge], axis=2).astype(np.uint8)


def disturbed(picture):
    """The `disturbed` of the tests: darker, with a pattern of errors."""
    height, width, _ = picture.shape
    y, x, c = np.mgrid[:height, :width, :3]
    return np.clip(picture.astype(int) * 3 // 4 + (x * 7 + y * 13 + c * 29) % 41, 0, 255).astype(np.uint8)


def edges(picture):
    luma = picture @ np.array([0.2126, 0.7152, 0.0722])
    return np.hypot(ndimage.sobel(luma, axis=0), ndimage.sobel(luma, axis=1))[1:-1, 1:-1].ravel()


for width, height in [(48, 32), (11, 11), (64, 17)]:
    a = image(width, height)
    b = disturbed(a)
    ssim = structural_similarity(
        a, b, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)
    print(f"({width}, {height}, {peak_signal_noise_ratio(a, b, data_range=255):.6f}, {ssim:.6f}, "
          f"{np.corrcoef(edges(a), edges(b))[0, 1]:.6f}),")
