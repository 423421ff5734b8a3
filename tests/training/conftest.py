"""The test beds of the trainers."""

from __future__ import annotations

import pytest
import torch
from training_beds import Quadratic, Regression


@pytest.fixture
def quadratic() -> Quadratic:
    """A quadratic of d = 5 with a dense Hessian, well conditioned, minimum at 0.5 (1, …, 1)."""
    generator = torch.Generator().manual_seed(7)
    A = torch.randn(5, 5, generator=generator, dtype=torch.float64)
    H = A @ A.T / 5 + torch.eye(5, dtype=torch.float64)
    return Quadratic(-H @ torch.full((5,), 0.5, dtype=torch.float64), H, constant=3.0)


@pytest.fixture
def regression() -> Regression:
    return Regression()
