"""Saved solutions and MNIST files with bytes flipped, cut off or replaced: a sentence, or what was saved."""

from __future__ import annotations

import gzip
import shutil

import numpy as np
import pytest
import torch
from fuzzing import REFUSED, attempt, fuzz
from hypothesis import given
from hypothesis import strategies as st
from running import disc, quick

import pinnzo as pz
from pinnzo.tasks.idx import read_idx

POINTS = np.random.default_rng(0).random((5, 2)) / 2


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    solution = quick(disc(), budget=pz.Budget(steps=1))
    solution.save(folder / "whole")
    shutil.copytree(folder / "whole", folder / "spoilt")
    return folder, solution(POINTS)


FILES = ("solution.safetensors", "summary.json", "history.jsonl")


@st.composite
def spoilings(draw):
    """What is done to the bytes of a file."""
    kind = draw(st.sampled_from(["flip", "flip", "cut", "append", "replace", "insert", "zero", "header"]))
    return kind, draw(st.floats(0, 1)), draw(st.binary(min_size=1, max_size=12)), draw(st.integers(1, 8))


def spoilt(content: bytes, spoiling) -> bytes:
    kind, where, some, count = spoiling
    place = min(int(where * len(content)), len(content) - 1)
    if kind == "header":
        place, kind = min(place, 8 + int(where * 4000)), "flip"
    if kind == "flip":
        changed = bytearray(content)
        for i in range(count):
            changed[(place + 97 * i) % len(content)] ^= some[i % len(some)] or 1
        return bytes(changed)
    return {
        "cut": content[:place],
        "append": content + some,
        "replace": some,
        "insert": content[:place] + some + content[place:],
        "zero": content[:place] + bytes(len(content) - place),
    }[kind]


@fuzz(200)
@given(spoilings(), st.sampled_from(FILES))
def test_saved_solutions(saved, spoiling, name):
    folder, values = saved
    for file in FILES:
        shutil.copyfile(folder / "whole" / file, folder / "spoilt" / file)
    path = folder / "spoilt" / name
    content = spoilt(path.read_bytes(), spoiling)
    path.write_bytes(content)
    loaded = attempt("saved solutions", (spoiling, name), lambda: pz.load(folder / "spoilt"))
    # Only what a person reads beside it may be damaged without being noticed.
    if loaded is REFUSED:
        assert name == FILES[0]
    else:
        np.testing.assert_array_equal(loaded(POINTS), values)
    assert path.read_bytes() == content


IMAGES = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (6, 4, 4)) + bytes(range(96))


@fuzz(120)
@given(spoilings(), st.booleans(), st.sampled_from([None, 1, 3]))
def test_idx_files(tmp_path_factory, spoiling, packed, dimensions):
    path = tmp_path_factory.getbasetemp() / f"images{'.gz' if packed else ''}"
    content = spoilt(gzip.compress(IMAGES, mtime=0) if packed else IMAGES, spoiling)
    path.write_bytes(content)
    answer = attempt("IDX files", (spoiling, packed, dimensions), lambda: read_idx(path, dimensions))
    if answer is not REFUSED:
        array, _ = answer
        assert array.dtype == np.uint8
        if packed:
            # gzip checks its contents.
            assert array.tobytes() == IMAGES[16:]
    assert path.read_bytes() == content


def test_nothing_is_read_that_could_run(tmp_path):
    """A pickle in place of a solution is not opened."""
    torch.save({"theta": torch.ones(1)}, tmp_path / "solution.safetensors")
    with pytest.raises(pz.PinnzoError, match="damaged or was not written by pinnzo"):
        pz.load(tmp_path)
