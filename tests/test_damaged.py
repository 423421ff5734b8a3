"""Folders with something wrong in them are refused in a sentence, or read exactly: nothing in between."""

import os
import re
import shutil

import numpy as np
import pytest
import torch
from running import command, quick

import pinnzo as pz
from pinnzo import storage, tasks
from pinnzo.errors import StorageError

FLIPS, CUTS = 150, 40


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder with a checkpoint that remembers much, and the solution of another run."""
    folder = tmp_path_factory.mktemp("run")
    quick(sampling="residual-adaptive", balance="relobralo", checkpoint=folder)
    quick(seed=1).save(folder)
    return folder


def everything(folder):
    """What the two files say, as numbers that can be compared."""
    found = []
    for name in (storage.CHECKPOINT, storage.SOLUTION):
        _, settings, state, body = storage.read_run(folder / name)
        tensors = [state.trainer.theta, state.best_theta, state.points, state.trainer.generator]
        found.append([settings, body, *map(torch.Tensor.tolist, tensors), repr(state.history.records)])
    return found


def outcome(folder, file):
    """What becomes of a folder with something wrong in ``file``: the sentence, or what was read."""
    read = storage.read_run
    try:
        read(folder / file)
    except StorageError as error:
        return str(error)
    return everything(folder)


@pytest.mark.parametrize("file", [storage.CHECKPOINT, storage.SOLUTION])
def test_flipped_bits_and_cut_ends(run, tmp_path, file):
    shutil.copytree(run, tmp_path, dirs_exist_ok=True)
    intact, content = everything(run), (run / file).read_bytes()
    random = np.random.default_rng(2)
    length = int.from_bytes(content[:8], "little")
    # Half of the flips in the header, which is the smaller part.
    places = [*random.integers(0, 8 + length, FLIPS // 2), *random.integers(0, len(content), FLIPS // 2), *range(8)]
    damaged = [content[:p] + bytes([content[p] ^ 1 << int(random.integers(8))]) + content[p + 1 :] for p in places]
    damaged += [content[:n] for n in random.integers(0, len(content), CUTS)]
    damaged += [content[:n] + content[n + 8 :] for n in random.integers(8, len(content) - 8, CUTS)]
    refused = 0
    for some in damaged:
        (tmp_path / file).write_bytes(some)
        found = outcome(tmp_path, file)
        if isinstance(found, str):
            refused += 1
            assert re.match(re.escape(str(tmp_path / file)), found)
            assert re.search(r"copy|again|give the folder|use the version", found), found
        else:
            assert found == intact
    assert refused == len(damaged)


def test_the_other_files_are_not_needed(run, tmp_path):
    shutil.copytree(run, tmp_path, dirs_exist_ok=True)
    whole = pz.load(run)
    for name in (storage.SUMMARY, storage.HISTORY):
        (tmp_path / name).write_bytes(b"\xff{")
        assert pz.load(tmp_path).summary() == whole.summary()
        (tmp_path / name).unlink()
        loaded = pz.load(tmp_path)
        assert loaded.status == whole.status
        assert loaded.history.same_run(whole.history)


def test_swapped_files_are_refused(run, tmp_path):
    # A solution in place of a checkpoint would go on without what the trainer remembers.
    shutil.copy(run / storage.CHECKPOINT, tmp_path / storage.SOLUTION)
    shutil.copy(run / storage.SOLUTION, tmp_path / storage.CHECKPOINT)
    for read, name, was in (
        (pz.load, storage.SOLUTION, storage.CHECKPOINT),
        (pz.resume, storage.CHECKPOINT, storage.SOLUTION),
    ):
        with pytest.raises(StorageError, match=f"{name} is damaged: it was written as {was} and has been renamed"):
            read(tmp_path)


def test_shapes_and_types_are_under_the_checksum(run, tmp_path):
    """A header that gives the same bytes another shape or type is not believed."""
    content = (run / storage.CHECKPOINT).read_bytes()
    for before, after in ((b'"dtype":"F64"', b'"dtype":"I64"'), (b'"shape":[81]', b'"shape":[9,9]')):
        assert before in content
        length = int.from_bytes(content[:8], "little")
        header = content[8 : 8 + length].replace(before, after, 1)
        changed = len(header).to_bytes(8, "little") + header + content[8 + length :]
        (tmp_path / storage.CHECKPOINT).write_bytes(changed)
        with pytest.raises(StorageError, match=r"is damaged"):
            pz.resume(tmp_path)


@pytest.mark.parametrize("name", [storage.CHECKPOINT, storage.SOLUTION])
def test_odd_things_in_the_place_of_a_file(tmp_path, name):
    read = pz.load if name == storage.SOLUTION else pz.resume
    (tmp_path / name).mkdir()
    with pytest.raises(StorageError, match="give the folder of a saved run"):
        read(tmp_path)
    (tmp_path / name).rmdir()
    (tmp_path / name).symlink_to(tmp_path / "nowhere")
    with pytest.raises(StorageError, match="give the folder of a saved run"):
        read(tmp_path)
    (tmp_path / name).unlink()
    (tmp_path / name).write_bytes(b"")
    if os.geteuid():
        (tmp_path / name).chmod(0)
    with pytest.raises(StorageError, match="is damaged or was not written by pinnzo"):
        read(tmp_path)


@pytest.mark.parametrize("arguments", [("resume",), ("plot",)])
def test_the_command_line_says_it_without_a_traceback(run, tmp_path, arguments):
    for file in (storage.CHECKPOINT, storage.SOLUTION):
        content = bytearray((run / file).read_bytes())
        content[-1] ^= 1
        (tmp_path / file).write_bytes(content)
    result = command(*arguments, tmp_path)
    assert result.exit_code == 2
    assert "is damaged: its contents do not have the checksum" in result.stderr
    assert "Traceback" not in result.output


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    pytest.importorskip("sklearn")
    folder = tmp_path_factory.mktemp("digits")
    settings = {"network": tasks.tensor_train_classifier(64, 16, 2, 10), "batch": 20, "progress": False}
    trained = tasks.train_classifier(tasks.load_digits(), budget=pz.Budget(steps=1), checkpoint=folder, **settings)
    trained.save(folder)
    return folder


def test_a_classifier_is_called_one(classifier):
    for read in (pz.load, pz.resume, lambda folder: pz.resume(folder, problem=pz.problem("poisson-2d"))):
        with pytest.raises(StorageError, match=r"is of a classifier of images, not of an equation: .*pinnzo resume"):
            read(classifier)
    result = command("plot", classifier)
    assert result.exit_code == 2
    assert "pinnzo.tasks.load_classifier" in result.stderr
    equation = classifier.with_name("equation")
    quick(checkpoint=equation)
    with pytest.raises(StorageError, match="is not the state of a classifier"):
        tasks.resume_classifier(equation)


def test_remains_of_killed_saves_do_not_matter(run, tmp_path):
    shutil.copytree(run, tmp_path, dirs_exist_ok=True)
    # No process has so large a number; the last one might be another program's.
    for remains in (".checkpoint.safetensors.4194999", ".solution.safetensors.4194999", ".checkpoint.safetensors.x"):
        (tmp_path / remains).write_bytes(b"half")
    assert everything(tmp_path) == everything(run)
    pz.resume(tmp_path, budget=pz.Budget(steps=5), progress=False).save(tmp_path)
    assert {f.name for f in tmp_path.iterdir() if f.name.startswith(".")} == {".checkpoint.safetensors.x"}
