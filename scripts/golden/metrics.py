"""Reference values for Tests/EvaluationTests, computed with NumPy by other methods than in the Swift code.

    python scripts/golden/metrics.py

Features come from a formula that both sides evaluate exactly: a linear congruential generator whose high bits become
multiples of 2^-8, so that values are equal in both languages.
"""

import numpy as np


def features(rows, columns, seed, scale=1.0, shift=0.0):
    """`rows × columns` numbers in shift ± scale, multiples of scale / 256."""
    state, values = seed, []
    for _ in range(rows * columns):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append(((state >> 23) - 256) / 256 * scale + shift)
    return np.array(values, dtype=np.float64).reshape(rows, columns)


def frechet(a, b):
    """Heusel et al. 2017, eq. 6; the trace of the square root from the eigenvalues of the non-symmetric product."""
    covariance_a, covariance_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    roots = np.sqrt(np.clip(np.linalg.eigvals(covariance_a @ covariance_b).real, 0, None))
    shift = a.mean(0) - b.mean(0)
    return shift @ shift + np.trace(covariance_a) + np.trace(covariance_b) - 2 * roots.sum()


def kernel_discrepancy(a, b):
    """The unbiased MMD² of Gretton et al. 2012, eq. 3, pair by pair."""
    kernel = lambda x, y: (x @ y / len(x) + 1) ** 3
    n = len(a)
    within = sum(kernel(s[i], s[j]) for s in (a, b) for i in range(n) for j in range(n) if i != j)
    across = sum(kernel(x, y) for x in a for y in b)
    return within / (n * (n - 1)) - 2 * across / n**2


if __name__ == "__main__":
    a, b = features(40, 6, seed=1), features(50, 6, seed=2, scale=1.5, shift=0.25)
    print("frechet, 40 and 50 of 6:", repr(float(frechet(a, b))))
    c, d = features(5, 8, seed=3), features(4, 8, seed=4)
    print("frechet, 5 and 4 of 8 (covariances without full rank):", repr(float(frechet(c, d))))
    e, f = features(24, 6, seed=5), features(24, 6, seed=6, scale=1.5, shift=0.25)
    print("kernel, 24 and 24 of 6:", repr(float(kernel_discrepancy(e, f))))
