"""Comparisons on equal terms: of derivatives and trainers on one problem, and of problems with the same budget."""

from .crossover import Crossover as Crossover
from .crossover import CrossoverCurve as CrossoverCurve
from .derivatives import ComparedFunction as ComparedFunction
from .derivatives import DerivativeComparison as DerivativeComparison
from .derivatives import DerivativeErrors as DerivativeErrors
from .derivatives import DerivativeResult as DerivativeResult
from .derivatives import compare_derivatives as compare_derivatives
from .problems import Benchmark as Benchmark
from .problems import BenchmarkRow as BenchmarkRow
from .problems import benchmark as benchmark
from .trainers import TrainerComparison as TrainerComparison
from .trainers import TrainerRun as TrainerRun
from .trainers import TrainerSummary as TrainerSummary
from .trainers import compare_trainers as compare_trainers
