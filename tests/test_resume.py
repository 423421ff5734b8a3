"""A run that was stopped and resumed is the run that was not stopped, bit for bit."""

import json

import numpy as np
import pytest
import torch
from running import assert_same_state, disc, quick

import pinnzo as pz
from pinnzo import storage

TRAINERS = {
    "hybrid before its switch": pz.HybridZO(switch_step=7),
    "hybrid across its switch": pz.HybridZO(switch_step=4),
    "hybrid after its switch": pz.HybridZO(switch_step=2),
    "hybrid at a plateau": pz.HybridZO(patience=1),
    "the paper's hybrid": pz.HybridZO.paper(switch_step=3),
    "Adam": pz.ZerothOrder(optimizer="Adam"),
    "SGD": pz.ZerothOrder(optimizer="SGD", optimizer_options={"momentum": 0.9}),
    "scheduled": pz.ZerothOrder(scheduler="StepLR", scheduler_options={"step_size": 2}),
    "plateau": pz.ZerothOrder(scheduler="ReduceLROnPlateau", scheduler_options={"patience": 0}),
    "random gradient": pz.RandomGradient(),
    "coordinate gradient": pz.CoordinateGradient(share=0.5),
    "levenberg-marquardt": pz.LevenbergMarquardt(),
    "held points, stopped within a hold": pz.LevenbergMarquardt(hold=4),
    "held points, stopped between holds": pz.LevenbergMarquardt(hold=3),
    "growing batches": pz.LevenbergMarquardt(growth=1.3, hold=2),
    "random directions": pz.LevenbergMarquardt(directions=10),
    "one block after another": pz.LevenbergMarquardt(blockwise=True),
    "judged by fresh points": pz.LevenbergMarquardt(fresh=True),
    "random directions, judged by fresh points": pz.LevenbergMarquardt(directions=10, fresh=True),
    "central differences": pz.LevenbergMarquardt(central=True),
    "averaged Gauss-Newton": pz.training.AveragedGaussNewton(),
    "autodiff Gauss-Newton": pz.AutodiffGaussNewton(),
    "L-BFGS": pz.LBFGS(hold=4),
    "first order": pz.FirstOrder(),
    "first order, scheduled": pz.FirstOrder(
        optimizer="SGD", optimizer_options={"momentum": 0.9},
        scheduler="CosineAnnealingLR", scheduler_options={"T_max": 5},
    ),
    "AdamW, restarted": pz.ZerothOrder(
        optimizer="AdamW", scheduler="CosineAnnealingWarmRestarts", scheduler_options={"T_0": 2}
    ),
    "RMSprop, one cycle": pz.ZerothOrder(
        optimizer="RMSprop", scheduler="OneCycleLR", scheduler_options={"max_lr": 0.01, "total_steps": 20}
    ),
    "Adagrad": pz.ZerothOrder(optimizer="Adagrad"),
    "signs": pz.ZerothOrder(sign=True),
}  # fmt: skip

POISSON = pz.problem("poisson", dimension=3)


def steps(count, **more):
    return {"budget": pz.Budget(steps=count), "progress": False, **more}


@pytest.mark.parametrize("name", TRAINERS)
def test_a_resumed_run_is_the_uninterrupted_one(tmp_path, name):
    trainer = TRAINERS[name]
    whole = quick(trainer=trainer, budget=pz.Budget(steps=6))
    first = quick(trainer=trainer, budget=pz.Budget(steps=3), checkpoint=tmp_path)
    resumed = pz.resume(tmp_path, **steps(6))
    assert first.steps == 3
    assert resumed.steps == 6
    assert resumed.history.same_run(whole.history)
    assert torch.equal(resumed.run.trainer.theta, whole.run.trainer.theta)
    assert torch.equal(resumed.theta, whole.theta)
    assert resumed.loss == whole.loss
    assert resumed.evaluations == whole.evaluations
    assert resumed.error() == whole.error()
    assert resumed.status == whole.status
    assert resumed.seconds > first.seconds


@pytest.mark.parametrize("balance", ["relobralo", "softadapt"])
@pytest.mark.parametrize("name", TRAINERS)
def test_the_whole_state_is_that_of_the_uninterrupted_run(tmp_path, name, balance):
    """With everything that remembers at once: the trainer, the sampling, the balance of the weights, the estimator."""
    settings = {
        "problem": POISSON, "trainer": TRAINERS[name], "balance": balance, "network": pz.MLP(width=4),
        "sampling": pz.ResidualAdaptive(every=2), "derivatives": pz.RandomDirections(2),
    }  # fmt: skip
    quick(**settings, budget=pz.Budget(steps=5), checkpoint=tmp_path / "whole")
    quick(**settings, budget=pz.Budget(steps=2), checkpoint=tmp_path / "pieces")
    for n in (3, 5):
        pz.resume(tmp_path / "pieces", **steps(n))
    assert_same_state(tmp_path / "pieces", tmp_path / "whole")


@pytest.mark.parametrize(
    "estimator",
    [
        pz.MonteCarloStein(samples=8),
        pz.RandomDirections(2),
        pz.SmolyakStein(sigma="auto"),
        pz.RandomDirections(np.int64(2), np.float32(0.125), replacement=np.False_, seed=np.int64(3)),
        pz.SmolyakStein(level=(np.int64(3),) * 6),
    ],
)
def test_random_derivatives_are_drawn_again(tmp_path, estimator):
    options = {"derivatives": estimator, "network": pz.MLP(width=4), "points": 20}
    trainer = pz.LevenbergMarquardt(hold=2)
    problem = pz.problem("hjb", dimension=5)
    whole = pz.solve(problem, trainer=trainer, **options, **steps(6))
    pz.solve(problem, trainer=trainer, checkpoint=tmp_path, **options, **steps(3))
    resumed = pz.resume(tmp_path, **steps(6))
    assert resumed.history.same_run(whole.history)
    assert torch.equal(resumed.theta, whole.theta)
    assert resumed.settings.derivatives == estimator


@pytest.mark.parametrize("sampling", ["sobol", "residual-adaptive"])
def test_sampling_balance_and_random_derivatives_together(tmp_path, sampling):
    options = {
        "derivatives": pz.RandomDirections(2), "network": pz.MLP(width=4), "points": 20, "sampling": sampling,
        "balance": "relobralo", "trainer": pz.LevenbergMarquardt(hold=2),
    }  # fmt: skip
    problem = pz.problem("poisson", dimension=4)
    whole = pz.solve(problem, **options, **steps(7))
    pz.solve(problem, checkpoint=tmp_path, **options, **steps(3))
    resumed = pz.resume(tmp_path, **steps(7))
    assert resumed.history.same_run(whole.history)
    assert torch.equal(resumed.theta, whole.theta)


@pytest.mark.parametrize("problem", ["poisson", "heat", "hjb"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_problem_and_precision(tmp_path, problem, dtype):
    if problem == "hjb":
        problem = pz.problem("hjb", dimension=3)
    settings = {"problem": problem, "dtype": dtype, "weights": {"boundary": 5.0} if problem == "poisson" else {}}
    whole = quick(**settings, budget=pz.Budget(steps=4))
    quick(**settings, budget=pz.Budget(steps=1), checkpoint=tmp_path)
    resumed = pz.resume(tmp_path, **steps(4))
    assert resumed.history.same_run(whole.history)
    assert torch.equal(resumed.theta, whole.theta)


def test_in_as_many_pieces_as_one_likes(tmp_path):
    quick(budget=pz.Budget(steps=1), checkpoint=tmp_path)
    for n in range(2, 5):
        resumed = pz.resume(tmp_path, **steps(n))
    assert resumed.history.same_run(quick(budget=pz.Budget(steps=4)).history)


def test_a_finished_run_stays_as_it_is(tmp_path):
    run = quick(checkpoint=tmp_path)
    again = pz.resume(tmp_path, progress=False)
    assert again.history.same_run(run.history)
    assert torch.equal(again.theta, run.theta)
    assert again.status == run.status


def test_a_target_that_was_reached_stays_reached(tmp_path):
    budget = pz.Budget(steps=60, target_error=0.2)
    run = quick(points=100, trainer=pz.LevenbergMarquardt(), budget=budget, checkpoint=tmp_path)
    again = pz.resume(tmp_path, progress=False)
    assert again.steps == run.steps < 60
    assert again.status == run.status


def test_limits_count_from_the_beginning(tmp_path):
    quick(budget=pz.Budget(steps=3), checkpoint=tmp_path)
    assert pz.resume(tmp_path, **steps(2)).steps == 3


def test_the_checkpoint_is_written_on_the_way(tmp_path):
    class Watched(pz.HybridZO):
        def step(self, objective, state):
            if (file := tmp_path / storage.CHECKPOINT).is_file():
                seen.append(storage.read_run(file, given={"trainer": pz.HybridZO()})[2].trainer.step)
            return super().step(objective, state)

    seen = []
    quick(trainer=Watched(), checkpoint=tmp_path, checkpoint_seconds=0)
    assert seen == [0, 1, 2, 3]


def test_a_full_disk_does_not_lose_the_run(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "save_file", fail)
    solution = quick(checkpoint=tmp_path, checkpoint_seconds=0)
    assert solution.steps == 4
    assert "cannot be written: No space left on device" in solution.status
    assert not list(tmp_path.iterdir())


def test_what_a_file_cannot_hold_is_passed_again(tmp_path):
    class Mine(pz.HybridZO):
        pass

    def exact(points):
        return 1 - points.square().sum(1)

    box = pz.BlackBox(lambda theta, x: np.sin(x @ theta), theta=np.ones(2), numpy=True)
    settings = {"problem": disc(exact=exact), "network": box, "trainer": Mine()}
    whole = quick(**settings)
    quick(**settings, budget=pz.Budget(steps=2), checkpoint=tmp_path)
    for given, missing in (({}, "network"), ({"network": box}, "trainer"), ({"trainer": Mine()}, "network")):
        with pytest.raises(pz.PinnzoError, match=f"The {missing} of the run cannot be restored \\(pass {missing}="):
            pz.resume(tmp_path, **steps(4), **given)
    resumed = pz.resume(tmp_path, **steps(4), **settings)
    assert resumed.history.same_run(whole.history)


def test_another_network_is_refused(tmp_path):
    quick(checkpoint=tmp_path)
    with pytest.raises(pz.PinnzoError, match="holds 81 parameters, but its network has 33"):
        pz.resume(tmp_path, network=pz.MLP(width=8, depth=1), progress=False)


def test_nothing_to_resume(tmp_path, solution):
    with pytest.raises(pz.PinnzoError, match=r"holds no checkpoint\.safetensors: give the folder of a saved run"):
        pz.resume(tmp_path / "nowhere")
    solution.save(tmp_path)
    with pytest.raises(pz.PinnzoError, match=r"it holds a solution\.safetensors: read it with load"):
        pz.resume(tmp_path)


def test_the_checkpoint_is_one_file(tmp_path):
    quick(checkpoint=tmp_path / "deep" / "run")
    assert [f.name for f in (tmp_path / "deep" / "run").iterdir()] == ["checkpoint.safetensors"]
    with pytest.raises(pz.PinnzoError, match="go on with resume"):
        pz.load(tmp_path / "deep" / "run")


def test_settings_survive(tmp_path):
    trainer = pz.HybridZO(first=pz.ZerothOrder(pz.RandomGradient(samples=3, directions="sphere"), "SGD"), patience=7)
    network = pz.TensorTrainMLP(width=8, modes=(2, 4), activation="tanh")
    estimator = pz.SmolyakStein(level=2, sigma=(0.01, 0.02), growth="odd")
    quick(trainer=trainer, network=network, derivatives=estimator, seed=5, points=7, checkpoint=tmp_path)
    settings = pz.resume(tmp_path, progress=False).settings
    assert settings.trainer == trainer
    assert settings.network == network
    assert settings.derivatives == estimator
    assert (settings.seed, settings.points) == (5, 7)
    json.dumps(storage.settings_to_json(settings))
