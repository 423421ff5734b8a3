"""The IDX format: what is read, and what is refused with the name of the file."""

import gzip
import hashlib

import numpy as np
import pytest
from idx_files import encoded

from pinnzo.errors import StorageError
from pinnzo.tasks import read_idx

CONTENT = encoded(np.arange(24).reshape(4, 3, 2))


@pytest.mark.parametrize("packed", [False, True])
def test_arrays_come_back(tmp_path, packed):
    path = tmp_path / ("file.gz" if packed else "file")
    path.write_bytes(gzip.compress(CONTENT, mtime=0) if packed else CONTENT)
    array, checksum = read_idx(path, 3)
    np.testing.assert_array_equal(array, np.arange(24).reshape(4, 3, 2))
    # The sum is that of the content, however it is compressed.
    assert checksum == hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (CONTENT[:-1], "is truncated: it holds 23 of 24 entries"),
        (CONTENT[:9], "is truncated"),
        (CONTENT + b"\0", "longer than its header says"),
        (b"", "begins with nothing"),
        (b"\x1f\x8b\x08\x00" + CONTENT, "is no IDX file"),
        (b"\0\0\x0d\x03" + CONTENT[4:], "is no IDX file of unsigned bytes: it begins with 00 00 0d 03"),
        (encoded(np.arange(5)), r"has 1 dimensions \(magic number 2049\), but it should hold images"),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path, content, says):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=says) as error:
        read_idx(path, 3)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("content", [gzip.compress(CONTENT, mtime=0)[:-12], CONTENT])
def test_damaged_compression(tmp_path, content):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"train-images-idx3-ubyte.gz (is truncated|cannot be read)"):
        read_idx(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(StorageError, match="cannot be read: No such file"):
        read_idx(tmp_path / "nothing")
