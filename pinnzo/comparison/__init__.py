"""Comparisons on equal terms: the same problem, network and points, and for trainers the same seeds and budget."""

from .crossover import Crossover as Crossover
from .crossover import CrossoverCurve as CrossoverCurve
from .derivatives import ComparedFunction as ComparedFunction
from .derivatives import DerivativeComparison as DerivativeComparison
from .derivatives import DerivativeErrors as DerivativeErrors
from .derivatives import DerivativeResult as DerivativeResult
from .derivatives import compare_derivatives as compare_derivatives
from .trainers import TrainerComparison as TrainerComparison
from .trainers import TrainerRun as TrainerRun
from .trainers import TrainerSummary as TrainerSummary
from .trainers import compare_trainers as compare_trainers
