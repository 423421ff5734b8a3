"""A run by sweeps is the run that a black box gives, which answers forward queries and nothing else."""

import torch

import pinnzo as pz
from pinnzo.networks import build_network


def test_a_black_box_takes_the_same_steps():
    problem = pz.problem("poisson-2d")
    inner = build_network(pz.TensorTrainMLP(width=8), 2, ([0.0, 0.0], [1.0, 1.0]))
    settings = {"points": 40, "budget": pz.Budget(steps=6), "progress": False}
    derivatives = pz.FiniteDifference(step=0.05)
    opened = pz.solve(problem, network=inner, derivatives=derivatives, **settings)
    # The built network draws its own start; the box gets the same.
    box = pz.BlackBox(inner.values, theta=opened._assembly.initial())
    closed = pz.solve(problem, network=box, derivatives=derivatives, **settings)
    assert closed.evaluations == opened.evaluations
    losses = [torch.tensor([r.loss for r in s.history]) for s in (opened, closed)]
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-3, atol=0)
