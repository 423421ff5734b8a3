"""Derivative estimators: sparse-grid Stein formulas, finite differences and the autodiff reference."""

from pinnzo.derivatives.autodiff import Autodiff as Autodiff
from pinnzo.derivatives.base import Estimator as Estimator
from pinnzo.derivatives.finite_difference import FiniteDifference as FiniteDifference
from pinnzo.derivatives.monte_carlo import MonteCarloStein as MonteCarloStein
from pinnzo.derivatives.random_directions import RandomDirections as RandomDirections
from pinnzo.derivatives.smolyak import SmolyakStein as SmolyakStein
from pinnzo.derivatives.stencil import Stencil as Stencil
from pinnzo.multiindex import LinearOperator as LinearOperator
