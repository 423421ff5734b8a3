"""Small synthetic data in the format of the MNIST files."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def encoded(array: np.ndarray) -> bytes:
    """An array of bytes as an IDX file."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return header + array.astype(np.uint8).tobytes()


def bars(count: int, seed: int, size: int = 4, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Noisy images with one bright row, whose number is the label."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, count)
    images = random.integers(0, 60, (count, size, size))
    images[np.arange(count), labels] += 150
    return images.astype(np.uint8), labels.astype(np.uint8)


def write(folder: Path, packed: bool = False, training: int = 240, test: int = 40, **settings) -> Path:
    """The four files, plain or gzipped."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = (*bars(training, 1, **settings), *bars(test, 2, **settings))
    for name, array in zip(NAMES, arrays, strict=True):
        content = encoded(array)
        path = folder / f"{name}.gz" if packed else folder / name
        path.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    return folder
