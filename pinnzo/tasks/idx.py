"""The IDX format of the MNIST files, plain or gzipped."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from pathlib import Path

import numpy as np

from pinnzo.errors import StorageError

UNSIGNED_BYTES = 0x08


def read_idx(path: str | Path, dimensions: int | None = None) -> tuple[np.ndarray, str]:
    """Read an IDX file of unsigned bytes.

    The file begins with two zero bytes, the type of the entries (8 for unsigned bytes) and the number of dimensions;
    the sizes follow as big-endian 32-bit integers, then the entries.

    Args:
        path: the file; one whose name ends in .gz is decompressed.
        dimensions: how many it has to have, 3 for images and 1 for labels.

    Returns:
        The array, read-only, and the SHA-256 sum of the file, decompressed.

    Raises:
        StorageError: it cannot be read, is no IDX file of that kind, or has another length than its header says.

    References:
        LeCun, Cortes, Burges: the MNIST database of handwritten digits.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except EOFError:
        raise StorageError(f"{path} is truncated: its gzip stream ends early; download it again.") from None
    except (OSError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise StorageError(f"{path} cannot be read: {reason}. Download it again, or name another folder.") from None
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != UNSIGNED_BYTES:
        raise StorageError(
            f"{path} is no IDX file of unsigned bytes: it begins with {content[:4].hex(' ') or 'nothing'} instead of "
            f"00 00 08 and the number of dimensions."
        )
    if dimensions is not None and content[3] != dimensions:
        kinds = {1: "labels (1 dimension)", 3: "images (3 dimensions)"}
        raise StorageError(
            f"{path} has {content[3]} dimensions (magic number {int.from_bytes(content[:4], 'big')}), but it should "
            f"hold {kinds.get(dimensions, f'{dimensions} dimensions')}: check that the file has its right name."
        )
    start = 4 + 4 * content[3]
    shape = tuple(int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4))
    if len(content) < start or len(content) - start != math.prod(shape):
        held, wanted = max(0, len(content) - start), math.prod(shape)
        what = "is truncated" if held < wanted or len(content) < start else "is longer than its header says"
        raise StorageError(f"{path} {what}: it holds {held} of {wanted} entries; download it again.")
    array = np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
    return array, hashlib.sha256(content).hexdigest()
