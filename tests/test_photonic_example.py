"""The photonic example runs, and its device is what its text says."""

import runpy
from pathlib import Path

import numpy as np

import pinnzo as pz

SCRIPT = Path(__file__).parent.parent / "examples" / "photonic_layer.py"


def test_the_example_runs(monkeypatch, tmp_path, capsys):
    few = pz.Budget(steps=2)
    monkeypatch.setattr(pz, "Budget", lambda **limits: few)
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path(str(SCRIPT), run_name="__main__")
    assert {path.name for path in tmp_path.iterdir()} == {"photonic-layer.png", "photonic-slice.png"}
    assert len(names["by_estimator"]) == len(names["by_trainer"]) == 5
    assert all(np.isfinite(errors).all() for errors in names["by_estimator"].values())
    assert "SmolyakStein, σ = 0.1" in capsys.readouterr().out

    mesh, phases = names["mesh"], np.random.default_rng(0).uniform(0, 6, names["MESH"])
    matrix = np.array(mesh(list(np.eye(8)), np.stack([np.cos(phases), np.sin(phases)], axis=1)))
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(8), atol=1e-12)
    assert abs(matrix).min() > 0  # every input reaches every output

    quiet, x = names["PhotonicLayer"](0.0), np.random.default_rng(1).uniform(size=(5, 2))
    theta = np.random.default_rng(2).uniform(0, 6, (3, names["PHASES"]))
    np.testing.assert_array_equal(quiet(theta, x), quiet(np.round(theta / quiet.quantum) * quiet.quantum + 0.01, x))
    assert (quiet(theta, x) != quiet(theta + quiet.quantum, x)).all()
    # Fresh noise for each query; half of it is half as loud.
    loud, half = names["PhotonicLayer"](1e-3), names["PhotonicLayer"](5e-4)
    many = np.repeat(theta[:1], 400, axis=0)
    ratio = loud(many, x).std(axis=0) / half(many, x).std(axis=0)
    np.testing.assert_allclose(ratio, 2.0, rtol=0.2)
