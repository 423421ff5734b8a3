"""pinnzo: solve partial differential equations with neural networks, using forward passes only."""

import logging as _logging
from importlib.metadata import version as _version

from pinnzo import networks as networks
from pinnzo import tasks as tasks
from pinnzo.accuracy import Accuracy as Accuracy
from pinnzo.callbacks import Callback as Callback
from pinnzo.callbacks import EarlyStopping as EarlyStopping
from pinnzo.callbacks import HistoryFile as HistoryFile
from pinnzo.callbacks import StopTraining as StopTraining
from pinnzo.callbacks import TensorBoard as TensorBoard
from pinnzo.catalogue import problem as problem
from pinnzo.catalogue import problems as problems
from pinnzo.comparison import Benchmark as Benchmark
from pinnzo.comparison import DerivativeComparison as DerivativeComparison
from pinnzo.comparison import TrainerComparison as TrainerComparison
from pinnzo.comparison import benchmark as benchmark
from pinnzo.comparison import compare_derivatives as compare_derivatives
from pinnzo.comparison import compare_trainers as compare_trainers
from pinnzo.derivatives import Autodiff as Autodiff
from pinnzo.derivatives import FiniteDifference as FiniteDifference
from pinnzo.derivatives import MonteCarloStein as MonteCarloStein
from pinnzo.derivatives import RandomDirections as RandomDirections
from pinnzo.derivatives import SmolyakStein as SmolyakStein
from pinnzo.derivatives import Stencil as Stencil
from pinnzo.errors import PinnzoError as PinnzoError
from pinnzo.networks import MLP as MLP
from pinnzo.networks import BlackBox as BlackBox
from pinnzo.networks import TensorTrainMatrix as TensorTrainMatrix
from pinnzo.networks import TensorTrainMLP as TensorTrainMLP
from pinnzo.slices import Slice as Slice
from pinnzo.solution import Solution as Solution
from pinnzo.solution import load as load
from pinnzo.solve import resume as resume
from pinnzo.solve import solve as solve
from pinnzo.symbolic import Ball as Ball
from pinnzo.symbolic import Boundary as Boundary
from pinnzo.symbolic import Box as Box
from pinnzo.symbolic import Condition as Condition
from pinnzo.symbolic import Data as Data
from pinnzo.symbolic import Gaussian as Gaussian
from pinnzo.symbolic import Problem as Problem
from pinnzo.symbolic import Shell as Shell
from pinnzo.symbolic import Simplex as Simplex
from pinnzo.symbolic import coordinates as coordinates
from pinnzo.symbolic import divergence as divergence
from pinnzo.symbolic import gradient as gradient
from pinnzo.symbolic import gradient_norm_squared as gradient_norm_squared
from pinnzo.symbolic import laplacian as laplacian
from pinnzo.symbolic import normal_derivative as normal_derivative
from pinnzo.training import LBFGS as LBFGS
from pinnzo.training import AutodiffGaussNewton as AutodiffGaussNewton
from pinnzo.training import Budget as Budget
from pinnzo.training import CoordinateGradient as CoordinateGradient
from pinnzo.training import FirstOrder as FirstOrder
from pinnzo.training import History as History
from pinnzo.training import HybridZO as HybridZO
from pinnzo.training import LevenbergMarquardt as LevenbergMarquardt
from pinnzo.training import RandomGradient as RandomGradient
from pinnzo.training import ReLoBRaLo as ReLoBRaLo
from pinnzo.training import ResidualAdaptive as ResidualAdaptive
from pinnzo.training import SoftAdapt as SoftAdapt
from pinnzo.training import ZerothOrder as ZerothOrder

__version__ = _version("pinnzo")

# A library says nothing by itself: whoever wants its records adds a handler.
_logging.getLogger("pinnzo").addHandler(_logging.NullHandler())
