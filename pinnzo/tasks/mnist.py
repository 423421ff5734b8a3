"""MNIST from its four files, and the small digits that scikit-learn bundles."""

from __future__ import annotations

import os
from pathlib import Path
from types import MappingProxyType

import numpy as np

from pinnzo.errors import SettingError, StorageError

from .idx import read_idx
from .images import ImageData, LabelledImages

VARIABLE = "PINNZO_DATA"
"""The environment variable with the folder of the files."""

SUMS = MappingProxyType(
    {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    }
)
"""SHA-256 sums of the files, decompressed: compression may differ, their content may not."""

ARCHIVES = MappingProxyType(
    {
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    }
)
"""SHA-256 sums of the files as they are published, which a download has to have."""

ADDRESS = "https://ossci-datasets.s3.amazonaws.com/mnist/"

REMEDY = (
    "give the folder with the four files (train-images-idx3-ubyte and so on, plain or .gz) as --data DIR (data=), or "
    f"in the environment variable {VARIABLE}; or take the small digits of scikit-learn with --digits"
)
"""What to do without data."""


def load_mnist(folder: str | Path | None = None, verify: bool = True) -> ImageData:
    """MNIST: 55,000 images of 28 × 28 pixels to train on, 5,000 held out of the training set, 10,000 to test.

    The files come from ``folder``, else from the folder in the environment variable PINNZO_DATA, else from a cache that
    pooch downloads them into (``pip install "pinnzo[mnist]"``).

    Args:
        folder: with the four IDX files, plain or gzipped.
        verify: compare their SHA-256 sums with those of MNIST; False takes other data in the same format, such as
            Fashion-MNIST, of which a twelfth of the training images is held out.

    Raises:
        StorageError: there are no files, or one of them is damaged or not MNIST's.

    References:
        LeCun, Bottou, Bengio & Haffner, gradient-based learning applied to document recognition, 1998.
    """
    chosen = Path(folder) if folder is not None else _default_folder()
    arrays = []
    for name, wanted in SUMS.items():
        path = _file(chosen, name)
        array, found = read_idx(path, 3 if "images" in name else 1)
        if verify and found != wanted:
            raise StorageError(
                f"{path} is not MNIST's: the SHA-256 sum of its content is {found}, not {wanted}. Download it again; "
                "if these are data of your own, say so with --no-verify (verify=False)."
            )
        arrays.append((array, path))
    (images, path), (labels, labels_path), (test_images, test_path), (test_labels, test_labels_path) = arrays
    for (pictures, where), (marks, labels_where) in (
        ((images, path), (labels, labels_path)),
        ((test_images, test_path), (test_labels, test_labels_path)),
    ):
        if len(pictures) != len(marks):
            raise StorageError(
                f"{where} holds {len(pictures)} images, but {labels_where} holds {len(marks)} labels: they do not "
                "belong together; download both again."
            )
    training = LabelledImages(images, labels, str(path))
    return ImageData.split(
        "mnist" if verify else chosen.resolve().name,
        training,
        LabelledImages(test_images, test_labels, str(test_path)),
        held_out=max(1, len(training) // 12),
        classes=10 if verify else 1 + max(int(labels.max(initial=0)), int(test_labels.max(initial=0))),
        origin=str(chosen.resolve()),
    )


def load_digits() -> ImageData:
    """The 1,797 digits of 8 × 8 pixels that scikit-learn bundles: 1,257 to train on, 180 held out, 360 to test.

    They are shuffled by a fixed permutation before they are split.

    Raises:
        SettingError: scikit-learn is not installed.

    References:
        Alpaydin & Kaynak, optical recognition of handwritten digits, 1998 (UCI).
    """
    try:
        from sklearn.datasets import load_digits as load  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise SettingError(
            'The digits come with scikit-learn, which is not installed: pip install "pinnzo[digits]".'
        ) from None
    bundled = load()
    # They come writer by writer: unshuffled, all test images would be of writers that nothing was learnt from.
    order = np.random.default_rng(0).permutation(len(bundled.images))
    images, labels = bundled.images[order].astype(np.uint8), bundled.target[order]
    everything = LabelledImages(images, labels, "scikit-learn's digits")
    test = 360
    training, tested = everything.part(slice(0, -test)), everything.part(slice(-test, None))
    return ImageData.split("digits", training, tested, held_out=180, peak=16.0, origin="scikit-learn")


def _file(folder: Path, name: str) -> Path:
    """The file of that name, plain or gzipped, also in the spelling with a dot."""
    names = [spelling + suffix for spelling in (name, name.replace("-idx", ".idx")) for suffix in ("", ".gz")]
    for candidate in names:
        if (folder / candidate).is_file():
            return folder / candidate
    raise StorageError(f"{folder} holds no {name} or {name}.gz: {REMEDY}.")


def _default_folder() -> Path:
    named = os.environ.get(VARIABLE)
    return Path(named) if named else _downloaded()


def _downloaded() -> Path:
    """The cache with the files, which are downloaded unless they are there."""
    try:
        import pooch  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise StorageError(
            f'There are no MNIST files: {REMEDY}. pip install "pinnzo[mnist]" lets pinnzo download them.'
        ) from None
    cache = pooch.create(pooch.os_cache("pinnzo") / "mnist", ADDRESS, registry=dict(ARCHIVES))
    try:
        paths = [Path(cache.fetch(name)) for name in ARCHIVES]
    except Exception as error:  # pooch lets through whatever its downloader raises
        raise StorageError(f"MNIST cannot be downloaded from {ADDRESS} ({type(error).__name__}): {REMEDY}.") from None
    return paths[0].parent
