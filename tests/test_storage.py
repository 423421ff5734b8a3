"""Files: written in one step, read back exactly, and refused when something is wrong with them."""

import json
import struct

import numpy as np
import pytest
import torch
from running import disc, never_finite, quick

import pinnzo as pz
from pinnzo import storage
from pinnzo.training import History


def test_a_loaded_solution_is_the_saved_one(solution, tmp_path):
    solution.save(tmp_path / "new" / "run")
    loaded = pz.load(tmp_path / "new" / "run")
    x = np.random.default_rng(0).random((50, 2))
    np.testing.assert_array_equal(loaded(x), solution(x))
    np.testing.assert_array_equal(loaded.residual(x), solution.residual(x))
    assert loaded.error() == solution.error()
    assert loaded.status == solution.status
    assert loaded.summary() == solution.summary()
    assert loaded.history.same_run(solution.history)
    np.testing.assert_array_equal(loaded.history.column("seconds"), solution.history.column("seconds"))
    assert isinstance(loaded.history[0].step, int)
    assert loaded.settings == solution.settings
    assert loaded.problem.equation == solution.problem.equation
    names = {f.name for f in (tmp_path / "new" / "run").iterdir()}
    assert names == {"solution.safetensors", "summary.json", "history.jsonl"}


def test_the_other_files_are_plain_json(solution, tmp_path):
    solution.save(tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text()) == solution.summary()
    assert History.read(tmp_path / "history.jsonl").same_run(solution.history)


def test_a_run_that_was_never_finite_makes_valid_json(tmp_path):
    solution = quick(never_finite())
    solution.save(tmp_path)

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    summary = json.loads((tmp_path / "summary.json").read_text(), parse_constant=refuse)
    assert summary["loss"] is None
    for line in (tmp_path / "history.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=refuse)
    assert pz.load(tmp_path).loss == np.inf


def test_saving_again_replaces(solution, tmp_path):
    quick(seed=1).save(tmp_path)
    solution.save(tmp_path)
    assert torch.equal(pz.load(tmp_path).theta, solution.theta)


def test_float32_and_everything_a_history_may_hold(tmp_path):
    solution = quick(disc(), dtype="float32")
    solution.save(tmp_path)
    loaded = pz.load(tmp_path)
    assert loaded.theta.dtype == torch.float32
    assert loaded.history.same_run(solution.history)
    assert np.isnan(loaded.history.column("error")).all()


def test_a_long_history_fits(solution, tmp_path):
    # safetensors refuses headers above 100 MB, so numbers must not be in them.
    header = storage.header_of(solution.problem, solution.settings)
    long = pz.training.History(solution.history.records * 5000)
    run = storage.RunState(**{**vars(solution.run), "history": long})
    storage.write_run(tmp_path / storage.SOLUTION, run, header)
    content = (tmp_path / storage.SOLUTION).read_bytes()
    assert struct.unpack("<Q", content[:8])[0] < 20_000
    assert pz.load(tmp_path).history.same_run(long)


def test_functions_and_modules_are_passed_again(tmp_path):
    def exact(points):
        return 1 - points.square().sum(1)

    module = torch.nn.Linear(2, 1)
    solution = quick(disc(exact=exact), network=module)
    solution.save(tmp_path)
    with pytest.raises(pz.PinnzoError, match=r"network of the run cannot be restored .*Linear, which cannot be saved"):
        pz.load(tmp_path)
    assert pz.load(tmp_path, network=module).problem.exact is None
    assert pz.load(tmp_path, disc(exact=exact), module).error() == solution.error()
    with pytest.raises(pz.PinnzoError, match="holds 3 parameters, but its network has 105"):
        pz.load(tmp_path, network=pz.MLP(width=8))


@pytest.mark.parametrize("folder", ["file", "file/inside", "/dev/null/x", "nul\0byte", "x" * 300])
def test_folders_that_cannot_be_written(solution, tmp_path, folder):
    (tmp_path / "file").write_text("here")
    with pytest.raises(pz.PinnzoError, match=r"cannot be written to .*choose another one"):
        solution.save(tmp_path / folder)
    with pytest.raises(pz.PinnzoError, match=r"cannot be written to .*choose another one"):
        storage.check_folder(tmp_path / folder)
    assert [f.name for f in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "here"


def test_a_check_leaves_nothing_behind(tmp_path):
    storage.check_folder(tmp_path / "a" / "b")
    assert not list(tmp_path.iterdir())
    (tmp_path / "a").mkdir()
    storage.check_folder(tmp_path / "a")
    assert (tmp_path / "a").is_dir()


@pytest.mark.parametrize("folder", ["nowhere", "empty", "file"])
def test_folders_that_hold_no_run(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("text")
    with pytest.raises(pz.PinnzoError, match=r"holds no solution\.safetensors: give the folder of a saved run"):
        pz.load(tmp_path / folder)


def damages():
    rng = np.random.default_rng(0)

    def flip(content):
        where = int(rng.integers(len(content)))
        return content[:where] + bytes([content[where] ^ 1 << int(rng.integers(8))]) + content[where + 1 :]

    return {
        "empty": lambda content: b"",
        "garbage": lambda content: b"garbage" * 100,
        "zeros": lambda content: bytes(len(content)),
        "truncated": lambda content: content[:-50],
        "cut in half": lambda content: content[: len(content) // 2],
        "cut in the header": lambda content: content[:100],
        "longer": lambda content: content + b"more",
        "one bit of the last tensor": lambda content: content[:-3] + bytes([content[-3] ^ 16]) + content[-2:],
        **{f"a random bit {i}": flip for i in range(60)},
    }


@pytest.mark.parametrize("damage", damages())
def test_damaged_files_are_refused(saved, tmp_path, damage):
    content = damages()[damage](saved)
    (tmp_path / "solution.safetensors").write_bytes(content)
    (tmp_path / "checkpoint.safetensors").write_bytes(content)
    for read in (pz.load, pz.resume):
        with pytest.raises(
            pz.errors.StorageError, match=r"\.safetensors (is damaged|was not|has format|cannot be read)"
        ):
            read(tmp_path)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    quick().save(folder)
    return (folder / "solution.safetensors").read_bytes()


def rewritten(content, change):
    """A file whose header was changed by someone who kept its checksum right."""
    from safetensors.torch import load, save

    tensors = load(content)
    length = struct.unpack("<Q", content[:8])[0]
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    body = json.loads(metadata["pinnzo"])
    change(body, metadata, tensors)
    metadata["pinnzo"] = json.dumps(body)
    metadata["checksum"] = str(storage._checksum(metadata["file"] + metadata["pinnzo"], tensors))
    return save(tensors, metadata)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            lambda b, m, t: m.update(format="1"),
            r"has format 1, but this version of pinnzo reads format 3: .*\(pinnzo 0",
        ),
        (lambda b, m, t: m.update(format="2"), "has format 2, but this version of pinnzo reads format 3"),
        (lambda b, m, t: m.pop("format"), "has format 1"),
        (lambda b, m, t: m.update(format="99"), "has format 99"),
        (lambda b, m, t: b.pop("problem"), "damaged"),
        (lambda b, m, t: b.pop("settings"), "damaged"),
        (lambda b, m, t: b.update(settings=3), "damaged"),
        (lambda b, m, t: b["settings"].update(network={"type": "Evil"}), "unknown type 'Evil'"),
        (lambda b, m, t: b["settings"].update(points=-1), "points is -1"),
        (lambda b, m, t: b["settings"]["trainer"].update(magic=1), "LevenbergMarquardt are damaged"),
        (lambda b, m, t: b["problem"].update(equation=["System", "rm"]), "damaged|expression"),
        (lambda b, m, t: b["problem"].update(equation=["Symbol", "x"]), "damaged"),
        (lambda b, m, t: b["problem"].update(domain=None), "damaged"),
        (lambda b, m, t: b.update(trainer=[]), "damaged"),
        (lambda b, m, t: b.update(seconds="soon"), "damaged"),
        (lambda b, m, t: t.pop("theta"), "damaged"),
        (lambda b, m, t: t.pop("history.loss"), "damaged"),
        (lambda b, m, t: t.update({"history.loss": torch.zeros(9)}), "damaged"),
        (lambda b, m, t: t.update(best_theta=torch.zeros(9)), "holds 9 parameters"),
        (lambda b, m, t: t.update(best_theta=torch.zeros(81)), "torch.float32"),
    ],
)
def test_files_of_other_versions_and_other_hands_are_refused(saved, tmp_path, change, named):
    (tmp_path / "solution.safetensors").write_bytes(rewritten(saved, change))
    with pytest.raises(pz.errors.StorageError, match=named):
        pz.load(tmp_path)


def test_a_safetensors_file_from_elsewhere(tmp_path):
    from safetensors.torch import save_file

    save_file({"weights": torch.zeros(3)}, tmp_path / "solution.safetensors")
    with pytest.raises(pz.PinnzoError, match="was not written by pinnzo"):
        pz.load(tmp_path)


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("file", ["solution.safetensors", "summary.json", "history.jsonl"])
def test_a_failure_in_the_middle_of_writing_leaves_the_old_file(solution, tmp_path, monkeypatch, failure, file):
    solution.save(tmp_path)
    old = {f.name: f.read_bytes() for f in tmp_path.iterdir()}

    def failing(original):
        def save(*arguments, **options):
            path = next(a for a in arguments if hasattr(a, "name"))
            if file in path.name:
                path.write_bytes(b"half")
                raise failure
            return original(*arguments, **options)

        return save

    monkeypatch.setattr(storage, "save_file", failing(storage.save_file))
    monkeypatch.setattr(type(tmp_path), "write_text", failing(type(tmp_path).write_text))
    with pytest.raises(pz.PinnzoError if isinstance(failure, OSError) else type(failure)) as caught:
        quick(seed=1).save(tmp_path)
    if isinstance(failure, OSError):
        assert f"{file} cannot be written: No space left on device" in str(caught.value)
    monkeypatch.undo()
    assert {f.name for f in tmp_path.iterdir()} == set(old)
    assert (tmp_path / file).read_bytes() == old[file]


def test_nothing_but_plain_data_is_saved(solution, tmp_path):
    class Odd:
        pass

    trainer = pz.training.TrainerState(solution.theta, 4, solution.run.trainer.generator, memory={"odd": Odd()})
    run = storage.RunState(**{**vars(solution.run), "trainer": trainer})
    with pytest.raises(pz.PinnzoError, match="holds a Odd, which cannot be saved"):
        storage.write_run(tmp_path / "x.safetensors", run, {})
    assert not list(tmp_path.iterdir())


def test_nested_memory_comes_back(tmp_path, solution):
    memory = {"a": [1, (2.5, None), {"b": torch.arange(3)}], 3: "three", "on": True, "nan": float("nan"), "empty": ()}
    tensors = {}
    packed = json.loads(json.dumps(storage._pack(memory, "memory", tensors)))
    back = storage._unpack(packed, tensors)
    assert repr(back) == repr(memory)


def test_a_bundled_problem_gets_its_exact_function_back(tmp_path):
    solution = quick(pz.problem("hjb-lq", dimension=3))
    solution.save(tmp_path)
    again = pz.load(tmp_path)
    assert again.error() == solution.error()
    again.save(tmp_path / "twice")
    assert pz.load(tmp_path / "twice").error() == solution.error()


def test_a_problem_that_is_no_longer_bundled_as_it_was_stays_without(tmp_path, monkeypatch):
    quick(pz.problem("hjb-lq", dimension=3)).save(tmp_path)
    now = {"hjb-lq": pz.problems()["heat"]}
    for bundled in (now, {}):
        monkeypatch.setattr("pinnzo.catalogue.problems", lambda bundled=bundled: bundled)
        again = pz.load(tmp_path)
        assert again.problem.exact is None
        assert again.problem.dimension == 4
